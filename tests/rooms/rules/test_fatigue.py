from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.config.rules import RuleConfig
from bot.events import (
    AlertAcknowledged,
    AlertLinked,
    AlertOpened,
    AlertResolved,
    CommandRun,
    Event,
    FlappingStarted,
    PageDelivered,
    payload_of,
)
from bot.rules import proposals
from bot.rules.fatigue import Noted, at_night, fatigue
from bot.rules.proposals import Acted, Change, candidates, chosen
from bot.rules.reactions import tell_fatigue
from bot.rules.replay import Firing
from storage.records.alerts import Alert, Severity
from storage.records.samples import Sample
from storage.unit_of_work import UnitOfWork
from tests.fakes.chat import FakeChat
from tests.fakes.ports import T0
from tests.rooms.rules.world import World

ONCALL = "U0000ONE"
SINCE = T0 - timedelta(days=7)


def at(minutes: float, event: Event, actor: str = "bot") -> Noted:
    return Noted(at=SINCE + timedelta(minutes=minutes), actor=actor, event=event)


def opened(number: int, rule: str = "errors") -> AlertOpened:
    return AlertOpened(alert=number, rule=rule, severity="high", summary="bad", started_at=SINCE)


def run(command: str, *, changes: bool = True, outcome: str = "ok") -> CommandRun:
    return CommandRun(
        command=command, argv=(), via="slack", role="admin", outcome=outcome, seconds=0.1, changes=changes
    )


def paged(number: int, user: str = ONCALL, via: str = "sms") -> PageDelivered:
    return PageDelivered(alert=number, target=f"@{user}", via=via, step=0)


def counted(*facts: Noted, zones: dict[str, str] | None = None):
    return fatigue(facts, since=SINCE, until=T0, zones=zones or {})


def acknowledged_course(*between: Noted, resolved_by: str = "bot"):
    found = counted(
        at(0, opened(1)),
        at(1, AlertAcknowledged(alert=1), ONCALL),
        *between,
        at(30, AlertResolved(alert=1), resolved_by),
    )
    return found.courses[0]


def test_an_acknowledged_alert_that_ends_by_itself_was_acknowledged_for_nothing():
    assert acknowledged_course().for_nothing


@pytest.mark.parametrize("fact", [at(5, AlertLinked(alert=1, incident=3)), at(5, run("deploy rollback"), ONCALL)])
def test_an_incident_or_a_command_that_changes_something_is_an_act(fact):
    assert not acknowledged_course(fact).for_nothing


@pytest.mark.parametrize(
    "fact",
    [
        at(5, run("ack"), ONCALL),
        at(5, run("health", changes=False), ONCALL),
        at(5, run("deploy rollback", outcome="bad"), ONCALL),
        at(60, run("deploy rollback"), ONCALL),
    ],
)
def test_handling_the_alert_looking_failing_and_coming_later_are_no_acts(fact):
    assert acknowledged_course(fact).for_nothing


def test_an_alert_that_a_person_resolved_was_acted_on():
    assert not acknowledged_course(resolved_by=ONCALL).for_nothing


def test_the_noisiest_rule_comes_first_with_all_that_it_cost():
    found = counted(
        at(0, opened(1, "calm")),
        *(at(n, opened(10 + n)) for n in range(3)),
        at(4, AlertAcknowledged(alert=10), ONCALL),
        at(5, AlertResolved(alert=10)),
        at(6, FlappingStarted(alert=11, openings=4)),
        at(7, paged(11)),
    )

    first = found.rules[0]
    assert [noise.rule for noise in found.rules] == ["errors", "calm"]
    assert (first.alerts, first.acknowledged, first.for_nothing, first.flapped, first.pages) == (3, 1, 1, 1, 1)
    assert found.for_nothing == 1.0


@pytest.mark.parametrize(
    ("hour", "zone", "night"),
    [(22, "UTC", True), (6, "UTC", True), (7, "UTC", False), (21, "UTC", False), (12, "Pacific/Auckland", True)],
)
def test_night_is_where_the_person_lives(hour, zone, night):
    assert at_night(datetime(2026, 11, 23, hour, 30, tzinfo=UTC), zone) is night


def test_pages_at_night_are_counted_by_person_and_not_by_channel():
    night = 12 * 60  # 00:00 UTC
    found = counted(
        at(0, opened(1)),
        at(night, paged(1)),
        at(night, paged(1, via="slack")),
        at(night, PageDelivered(alert=1, target="#incidents", via="slack", step=1)),
        at(night, paged(1, user="U0000TWO")),
        zones={"U0000TWO": "Asia/Tokyo"},
    )

    assert found.nights == {ONCALL: 2}


def firing(minute: float, lasting: float = 5, **labels: str) -> Firing:
    begun = SINCE + timedelta(minutes=minute)
    return Firing(labels=labels, fired_at=begun, ended_at=begun + timedelta(minutes=lasting))


def test_the_mildest_change_that_halves_the_firings_is_proposed():
    before = [firing(n * 60) for n in range(8)]
    mild, middle, strong = (Change(key="for", value=value) for value in ("2m", "5m", "10m"))

    found = chosen("r", before, [(mild, before[:6]), (middle, before[:4]), (strong, before[:1])], [])
    assert (found.change, found.before, found.after) == (middle, 8, 4)


def test_a_change_that_misses_an_alert_that_was_acted_on_is_not_proposed():
    before = [firing(n * 60, service="shop") for n in range(8)]
    acted = [Acted(labels={"service": "shop"}, begun=before[5].fired_at, ended=before[5].ended_at)]
    misses, keeps = Change(key="for", value="5m"), Change(key="for", value="10m")

    found = chosen("r", before, [(misses, before[:3]), (keeps, before[5:7])], acted)
    assert found.change == keeps
    assert proposals.said(found) == (
        "r: `for: 10m` would have fired 2 times instead of 8, missed none that was acted on."
    )


def test_when_every_change_misses_something_none_is_proposed_and_that_is_said():
    before = [firing(n * 60) for n in range(8)]
    acted = [Acted(labels={}, begun=before[5].fired_at, ended=before[5].ended_at)]

    found = chosen("r", before, [(Change(key="for", value="5m"), before[:3])], acted)
    assert found.change is None
    assert "would miss an alert that was acted on" in proposals.said(found)


def test_candidates_make_a_rule_quieter_and_are_valid_themselves():
    config = RuleConfig.model_validate({"condition": "error_rate > 0.05", "for": "5m"})
    found = list(candidates(config))

    assert {change.key for change in found} == {"keep_firing_for", "for", "condition"}
    assert [c.value for c in found if c.key == "for"] == ["10m", "20m"]
    assert [c.value for c in found if c.key == "condition"] == [
        "error_rate > 0.055",
        "error_rate > 0.0625",
        "error_rate > 0.075",
        "error_rate > 0.1",
    ]
    assert all(change.applied(config).condition for change in found)


async def write(world: World, facts: Sequence[Noted], *records: Any) -> None:
    async def work(unit: UnitOfWork) -> None:
        for record in records:
            await unit.save(record)
        for fact in facts:
            await unit.append(
                at=fact.at,
                kind=type(fact.event).__name__,
                subject=fact.event.subject,
                actor=fact.actor,
                payload=payload_of(fact.event),
            )

    await world.store.transact(work)


async def a_noisy_week(world: World) -> None:
    """Twenty spikes of a minute, and one hour that was an incident."""
    bad = {60 * n for n in range(3, 23)} | set(range(3000, 3060))
    await world.kept(
        [
            Sample(metric="error_rate", at=SINCE + timedelta(minutes=n), value=0.2 if n in bad else 0.01)
            for n in range(0, 7 * 1440, 5)
        ]
    )
    facts = []
    for number in range(1, 21):
        minute = 60 * (number + 2)
        facts += [at(minute, opened(number)), at(minute + 1, AlertResolved(alert=number))]
    facts += [at(3000, opened(21)), at(3005, AlertLinked(alert=21, incident=1)), at(3060, AlertResolved(alert=21))]
    alert = Alert(
        id=21,
        fingerprint="f21",
        rule="errors",
        severity=Severity.HIGH,
        summary="bad",
        started_at=SINCE + timedelta(minutes=3000),
        opened_at=SINCE + timedelta(minutes=3000),
        last_seen_at=T0,
    )
    await write(world, facts, alert)


async def test_the_report_proposes_a_change_with_what_it_would_have_done(rules):
    world = rules(errors={"condition": "error_rate > 0.05"})
    await a_noisy_week(world)

    card = await world.ask("alerts", "report", "--period", "7d")
    assert card.title.startswith("Alert fatigue: 21 alerts in the last 7 d")
    assert card.steps == ("errors: `for: 2m` would have fired 1 time instead of 21, missed none that was acted on.",)


async def test_without_alerts_the_report_says_so(rules):
    card = await rules().ask("alerts", "report", "--period", "30d")

    assert card.title == "No alerts in the last 30 d"


async def test_a_noisy_rule_whose_samples_are_elsewhere_gets_advice_without_figures(rules):
    world = rules()
    await write(world, [at(n, opened(n, "HostOutOfMemory")) for n in range(1, 6)])

    (said,) = (await world.ask("alerts", "report")).steps
    assert said.startswith("HostOutOfMemory: ")
    assert "instead of" not in said


async def test_once_a_week_the_report_is_posted_in_the_alert_channel_once(rules):
    world = rules(errors={"condition": "error_rate > 0.05"})
    chat = FakeChat()
    await a_noisy_week(world)
    ports = replace(world.ports, chat=chat)

    await tell_fatigue.run(ports)
    await tell_fatigue.run(ports)
    assert [message.card.title[:13] for message in chat.messages] == ["Alert fatigue"]
