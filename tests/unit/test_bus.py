"""Reactions, tasks and schedules as values, and the jobs that facts lead to."""

from datetime import UTC, datetime

from bot.bus import Fact, following, on, runners, schedule, task
from bot.events import AlertAcknowledged, AlertOpened, payload_of
from bot.ports import Ports
from storage.records.jobs import Job, JobState
from storage.records.journal import Entry

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ACKED = AlertAcknowledged(alert=1, comment="on it")
ENTRY = Entry(id=9, at=AT, kind="AlertAcknowledged", subject="alert:1", actor="U1", payload=payload_of(ACKED))


def job(payload: object) -> Job:
    return Job(
        id=1, kind="k", key="k", subject="", lane="", payload=payload, due_at=AT, attempts=3, owner="w",
        state=JobState.PENDING, created_at=AT,
    )  # fmt: skip


async def ignore(_ports: Ports, _what: object) -> None:
    """Do nothing."""


def test_a_reaction_is_named_by_its_room_and_function() -> None:
    ignore.__module__ = "bot.alerts.reactions"
    assert on(AlertOpened)(ignore).name == "alerts.ignore"


def test_a_reaction_of_a_plugin_keeps_the_name_of_its_package() -> None:
    ignore.__module__ = "acme_ops.pager"
    assert on(AlertOpened)(ignore).name == "acme_ops.pager.ignore"


def test_each_reaction_to_the_kind_of_fact_is_one_job_due_at_once() -> None:
    ignore.__module__ = "m"
    meant, other = on(AlertAcknowledged)(ignore), on(AlertOpened)(ignore)
    [made] = following([meant, other])(ENTRY)
    assert (made.kind, made.key, made.due_at, made.subject, made.lane) == (
        "reaction:m.ignore",
        "m.ignore:9",
        AT,
        "alert:1",
        "",
    )


def test_a_lane_is_one_for_each_subject() -> None:
    [made] = following([on(AlertAcknowledged, lane="card")(ignore)])(ENTRY)
    assert made.lane == "card:alert:1"


async def test_a_reaction_receives_the_fact_as_it_was_written() -> None:
    seen = []

    async def look(_ports: Ports, fact: Fact[AlertAcknowledged]) -> None:
        seen.append(fact)

    reaction = on(AlertAcknowledged)(look)
    [made] = following([reaction])(ENTRY)
    await runners([reaction], [])[made.kind](None, job(made.payload))
    assert seen == [Fact(id=9, at=AT, actor="U1", subject="alert:1", event=ACKED, attempt=3)]


async def test_a_task_receives_its_job() -> None:
    seen = []

    async def look(_ports: Ports, job: Job) -> None:
        seen.append(job)

    timer = job({"step": 1})
    await runners([], [task("escalate")(look)])["escalate"](None, timer)
    assert seen == [timer]


def test_a_schedule_keeps_its_specification() -> None:
    ignore.__module__ = "bot.health.reactions"
    made = schedule("@every 60s")(ignore)
    assert (made.name, made.spec) == ("health.ignore", "@every 60s")


def test_a_reaction_that_is_ruled_out_is_no_job() -> None:
    asked = []

    def rules_out(manage: object, payload: object) -> bool:
        asked.append((manage, payload))
        return False

    manage = object()
    assert following([on(AlertAcknowledged, when=rules_out)(ignore)], manage=manage)(ENTRY) == []
    assert asked == [(manage, ENTRY.payload)]
