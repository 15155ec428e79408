"""The buckets: never faster than Slack allows, never slower than need be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.limits import MESSAGE_BURST, POSTING, Limits

CREATE = "conversations.create"


def sent(limits: Limits, method: str, channel: str, at: float, count: int) -> tuple[Limits, list[float]]:
    """The limits after `count` calls as early as they may go, and when each went."""
    times = []
    for _ in range(count):
        at += limits.wait(method, channel, at)
        limits = limits.taken(method, channel, at)
        times.append(at)
    return limits, times


def test_a_short_burst_goes_at_once_and_then_one_message_a_second() -> None:
    _, times = sent(Limits(), POSTING, "C1", 0.0, 6)
    assert times == pytest.approx([0, 0, 0, 1, 2, 3])


def test_channels_do_not_wait_for_each_other() -> None:
    limits, _ = sent(Limits(), POSTING, "C1", 0.0, 5)
    assert limits.wait(POSTING, "C2", 0.0) == 0


def test_methods_do_not_wait_for_each_other() -> None:
    limits, _ = sent(Limits(), POSTING, "C1", 0.0, 5)
    assert limits.wait("chat.update", "C1", 0.0) == 0


def test_a_refused_call_waits_as_long_as_slack_says() -> None:
    limits = Limits().refused(POSTING, "C1", 100.0, 30.0)
    assert limits.wait(POSTING, "C1", 100.0) == 30
    assert limits.wait(POSTING, "C1", 129.0) == 1
    assert limits.wait(POSTING, "C1", 130.0) == 0


def test_a_refusal_in_one_channel_leaves_the_others_open() -> None:
    limits = Limits().refused(POSTING, "C1", 0.0, 30.0)
    assert limits.wait(POSTING, "C2", 0.0) == 0


def test_a_shorter_refusal_does_not_shorten_a_longer_one() -> None:
    limits = Limits().refused(CREATE, "", 0.0, 30.0).refused(CREATE, "", 1.0, 2.0)
    assert limits.wait(CREATE, "", 1.0) == 29


def test_a_method_without_a_known_limit_can_be_refused_too() -> None:
    limits = Limits().refused("auth.test", "", 0.0, 5.0)
    assert limits.wait("auth.test", "", 0.0) == 5


def test_buckets_that_are_full_again_are_forgotten() -> None:
    limits = Limits()
    for n in range(100):
        limits = limits.taken(POSTING, f"C{n}", n * 10.0)
    assert len(limits.buckets) == 1


@given(count=st.integers(1, 120), start=st.floats(0, 1e6))
def test_in_no_minute_are_there_many_more_creations_than_slack_allows(count: int, start: float) -> None:
    _, times = sent(Limits(), CREATE, "", start, count)
    for time in times:
        assert sum(1 for other in times if time <= other < time + 60) <= 20 + 10


@given(gaps=st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_the_burst_above_one_message_a_second(gaps: list[float]) -> None:
    limits, now, times = Limits(), 0.0, []
    for gap in gaps:
        now += gap
        now += limits.wait(POSTING, "C1", now)
        limits = limits.taken(POSTING, "C1", now)
        times.append(now)
    for i, first in enumerate(times):
        for j in range(i, len(times)):
            assert j - i + 1 <= MESSAGE_BURST + (times[j] - first) + 1e-6


@given(st.floats(0, 100), st.floats(0, 100))
def test_waiting_once_is_enough(retry_after: float, now: float) -> None:
    limits = Limits().refused(POSTING, "C1", now, retry_after)
    later = now + limits.wait(POSTING, "C1", now)
    assert limits.wait(POSTING, "C1", later) == pytest.approx(0, abs=1e-6)
