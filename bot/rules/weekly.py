"""The alert fatigue report: read from the journal, with a replayed proposal for each noisy rule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.config.conditions import BadCondition
from bot.events import event_of
from bot.oncall.people import person
from bot.ports import Ports
from bot.rules import proposals, replaying
from bot.rules.fatigue import KINDS, Course, Fatigue, Noise, Noted, fatigue, people
from bot.rules.proposals import Acted, Change, Proposal
from bot.rules.replay import Firing
from bot.rules.replaying import Said
from storage.tables import alerts, journal


@dataclass(frozen=True, kw_only=True)
class Weekly:
    """What alerts cost in a period, and what is proposed."""

    fatigue: Fatigue
    proposals: Sequence[Proposal]


async def report(ports: Ports, since: datetime, *, said: Said) -> Weekly:
    """Count from `since` until now, and replay changes of the noisiest rules; `said` hears which share is done."""
    until = ports.now()
    facts = await _facts(ports, since)
    zones = {user: (await person(ports, user)).timezone for user in sorted(people(facts))}
    counted = fatigue(facts, since=since, until=until, zones=zones)
    noisy = proposals.noisy(counted.rules)
    found = []
    for index, noise in enumerate(noisy):

        async def share(done: float, index: int = index) -> None:
            await said((index + done) / len(noisy))

        acted = await _acted(ports, [c for c in counted.courses if c.rule == noise.rule and c.acted], until)
        found.append(await _proposal(ports, noise, acted, since, share))
    return Weekly(fatigue=counted, proposals=found)


async def _facts(ports: Ports, since: datetime) -> list[Noted]:
    async with ports.store.read() as conn:
        entries = [entry for kind in KINDS for entry in await journal.of_kind(conn, kind.__name__, since)]
    return [Noted(at=entry.at, actor=entry.actor, event=event_of(entry.kind, entry.payload)) for entry in entries]


async def _acted(ports: Ports, courses: Sequence[Course], until: datetime) -> list[Acted]:
    found = []
    async with ports.store.read() as conn:
        for course in courses:
            alert = await alerts.get(conn, course.number)
            if alert is not None:
                labels = {name: value for name, value in alert.labels.items() if name != "alertname"}
                ended = course.resolved_at or until
                found.append(Acted(labels=labels, begun=alert.started_at, ended=ended))
    return found


async def _proposal(ports: Ports, noise: Noise, acted: Sequence[Acted], since: datetime, said: Said) -> Proposal:
    config = ports.manage.alerts.rules.get(noise.rule)
    if config is None or not config.watches:
        return proposals.unreplayable(noise)
    try:
        changes = list(proposals.candidates(config))
        tried = await replaying.variants(
            ports, noise.rule, [config, *(change.applied(config) for change in changes)], since, said=said
        )
    except BadCondition as bad:
        return Proposal(rule=noise.rule, why=f"its condition cannot be read: {bad}")
    before, *rest = [one.firings for one in tried]
    if not before:
        return proposals.unreplayable(noise)
    pairs: list[tuple[Change, Sequence[Firing]]] = list(zip(changes, rest, strict=True))
    return proposals.chosen(noise.rule, before, pairs, acted)
