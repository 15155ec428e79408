"""When a failed job runs again, and when it is given up."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine.retry import ATTEMPTS, Again, GiveUp, Later, PutOff, delay, describe, exhausted, judge
from bot.ports import ChatError, Undeliverable
from storage.records.jobs import Job, JobState

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
JOB = Job(
    id=1,
    kind="k",
    key="x",
    subject="",
    lane="",
    payload={},
    due_at=T0,
    attempts=1,
    owner="a",
    state=JobState.PENDING,
    created_at=T0,
)


def test_a_failure_runs_again_after_its_delay() -> None:
    assert judge(JOB, OSError("refused"), T0) == Again(T0 + timedelta(seconds=delay("x", 1)), "OSError: refused")


def test_the_delay_of_later_failures_counts_only_runs_that_failed() -> None:
    job = replace(JOB, attempts=7, postponed=4)
    assert judge(job, OSError("refused"), T0) == Again(T0 + timedelta(seconds=delay("x", 3)), "OSError: refused")


def test_the_last_run_is_the_last() -> None:
    assert isinstance(judge(replace(JOB, attempts=ATTEMPTS - 1), OSError(), T0), Again)
    assert judge(replace(JOB, attempts=ATTEMPTS), OSError(), T0) == GiveUp("OSError")


def test_what_cannot_be_helped_is_given_up_at_once() -> None:
    assert judge(JOB, Undeliverable("no such number", retry=False), T0) == GiveUp("Undeliverable: no such number")
    assert judge(JOB, ChatError("channel_not_found", "#ops is gone"), T0) == GiveUp("ChatError: #ops is gone")


def test_a_wish_for_a_later_run_is_no_failure_even_of_the_last() -> None:
    at = T0 + timedelta(seconds=3)
    assert judge(replace(JOB, attempts=ATTEMPTS), Later(at), T0) == PutOff(at)


@pytest.mark.parametrize(("asked", "waited"), [(30.0, 30.0), (30, 30.0), (1e12, 3600.0)])
def test_a_provider_may_ask_for_a_longer_wait_of_at_most_an_hour(asked: float, waited: float) -> None:
    verdict = judge(JOB, Undeliverable("busy", retry=True, after=asked), T0)
    assert verdict == Again(T0 + timedelta(seconds=waited), "Undeliverable: busy")


@pytest.mark.parametrize("asked", [0.0, -5.0, None, float("nan")])
def test_a_provider_cannot_ask_for_a_shorter_wait(asked: float | None) -> None:
    verdict = judge(JOB, Undeliverable("busy", retry=True, after=asked), T0)
    assert verdict == Again(T0 + timedelta(seconds=delay("x", 1)), "Undeliverable: busy")


def test_a_claimed_job_is_exhausted_only_after_its_last_run() -> None:
    assert not exhausted(replace(JOB, attempts=ATTEMPTS), including_this=False)
    assert exhausted(replace(JOB, attempts=ATTEMPTS + 1), including_this=False)


@given(st.text(), st.integers(1, 10_000))
def test_delays_double_up_to_five_minutes_and_spread_by_a_quarter(key: str, attempt: int) -> None:
    plain = min(300.0, 0.5 * 2.0 ** min(attempt - 1, 20))
    assert 0.75 * plain <= delay(key, attempt) <= 1.25 * plain


def test_all_runs_take_about_an_hour() -> None:
    total = sum(delay("x", attempt) for attempt in range(1, ATTEMPTS))
    assert 0.7 * 3600 < total < 1.3 * 3600


def test_jobs_that_failed_together_come_back_apart() -> None:
    assert len({delay(f"job-{i}", 5) for i in range(100)}) == 100


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError(), "TimeoutError"),
        (ValueError("two\n  lines"), "ValueError: two lines"),
        (ValueError("x" * 1000), "ValueError: " + "x" * 487 + "…"),
    ],
)
def test_an_error_is_described_in_one_short_line(error: Exception, said: str) -> None:
    assert describe(error) == said
