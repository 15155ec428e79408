"""Reads past incidents with what is known of each: for statistics, and to find those that are like one of today."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from bot.incidents import similar
from bot.incidents.similar import Described, Precedent
from bot.incidents.statistics import Outcome, outcome
from bot.ports import Ports
from storage.records.incidents import Incident
from storage.tables import alerts, incidents, journal, postmortems

MOST = 5000
"""So many of the newest incidents are looked through."""
OF_ALERTS = ("service", "check")
"""Labels that alerts of the same trouble share, beside those by which they are joined."""

Words = tuple[str, str, Mapping[str, str]]


async def outcomes(ports: Ports, since: datetime, without: Collection[int]) -> list[Outcome]:
    """Those declared since then that count, but for some, with the services that they were about."""
    async with ports.store.read() as conn:
        found = await incidents.counting(conn, since=since, without=without)
        raised = await alerts.words_of_incidents(conn, min((one.id for one in found), default=0))
    said = _by_incident(raised)
    return [
        outcome(one, _values(one, said.get(one.id, ()), "service"), _values(one, said.get(one.id, ()), "check"))
        for one in found
    ]


async def everything_private(ports: Ports) -> frozenset[int]:
    """The numbers of all private incidents: what everybody reads must not tell of them."""
    async with ports.store.read() as conn:
        return frozenset([one.id for one in await incidents.private(conn)])


async def precedents(ports: Ports, number: int) -> list[Precedent]:
    """The past incidents that are most like incident `number`, with what helped then; private ones are never named."""
    async with ports.store.read() as conn:
        asked = await incidents.get(conn, number)
        found = await incidents.counting(conn, without=[one.id for one in await incidents.private(conn)], limit=MOST)
        known = {one.id: one for one in found if one.id != number}
        raised = await alerts.words_of_incidents(conn, min((*known, number)))
    if asked is None or not known:
        return []
    labels, said = {*OF_ALERTS, *ports.manage.incidents.join_by}, _by_incident(raised)
    described = [_described(one, said.get(one.id, ()), labels) for one in (asked, *known.values())]
    # it takes a while with thousands, and others are to be answered meanwhile
    alike = await asyncio.to_thread(similar.nearest, described[0], described[1:])
    async with ports.store.read() as conn:
        return [
            Precedent(
                likeness=one,
                incident=known[one.number],
                helped=similar.helped(await journal.of_subjects(conn, [known[one.number].subject])),
                postmortem=await postmortems.get(conn, one.number),
            )
            for one in alike
        ]


def _by_incident(raised: Sequence[tuple[int, str, str, Mapping[str, str]]]) -> dict[int, list[Words]]:
    said: dict[int, list[Words]] = {}
    for number, rule, summary, labels in raised:
        said.setdefault(number, []).append((rule, summary, labels))
    return said


def _values(incident: Incident, said: Sequence[Words], label: str) -> list[str]:
    named = (incident.labels.get(label, ""), *(labels.get(label, "") for _, _, labels in said))
    return [name for name in named if name]


def _described(incident: Incident, said: Sequence[Words], telling: Collection[str]) -> Described:
    """What others can be like; labels that half of all alerts have, like the environment, count as words alone."""
    pairs = [*incident.labels.items(), *(pair for _, _, labels in said for pair in labels.items())]
    others = " ".join(value for name, value in pairs if name not in telling)
    return Described(
        number=incident.id,
        title=incident.title,
        texts=(incident.description, incident.latest_update, others),
        alerts=tuple(dict.fromkeys(f"{rule} {summary}" for rule, summary, _ in said)),
        labels=frozenset((name, value) for name, value in pairs if name in telling),
        components=incident.components,
        cause=incident.cause,
    )
