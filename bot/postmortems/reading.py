"""Reads a postmortem with all that stands behind its text."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.incidents import checks, runs, timeline
from bot.ports import Ports, Posted
from bot.postmortems import evidence, measuring
from bot.postmortems.cards import Sources
from bot.postmortems.evidence import Evidence, Pack
from storage.records.incidents import Incident
from storage.records.postmortems import Postmortem, Section, Version
from storage.tables import alerts, incidents, journal, postmortems, posts

_MOST_COMMANDS = 200


class UnknownIncident(LookupError):
    """There is no incident of that number."""


class UnknownPostmortem(LookupError):
    """The incident has no postmortem, or that has no such version; the text says which."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A postmortem with its incident and what stands behind its text."""

    postmortem: Postmortem
    incident: Incident
    sources: Sources

    def section(self, name: str) -> Section | None:
        """The section of that name, when it is written."""
        return section_of(self.postmortem, name)


async def view(ports: Ports, number: int) -> View:
    """The postmortem of incident `number`; raises `UnknownIncident` or `UnknownPostmortem`."""
    async with ports.store.glance() as conn:
        known, incident = await postmortems.get(conn, number), await incidents.get(conn, number)
    if incident is None:
        raise UnknownIncident(f"there is no incident #{number}")
    if known is None:
        raise UnknownPostmortem(f"incident #{number} has no postmortem")
    pack = await pack_of(ports, number)
    links = await _links(ports, pack)
    return View(
        postmortem=known,
        incident=incident,
        sources=Sources(links=links, people=pack.people, redacted=pack.redacted),
    )


async def kept(ports: Ports, number: int, version: int) -> Version:
    """One kept version; raises `UnknownPostmortem`."""
    async with ports.store.glance() as conn:
        found = await postmortems.version(conn, number, version)
    if found is None:
        raise UnknownPostmortem(f"the postmortem of incident #{number} has no version {version}")
    return found


async def versions(ports: Ports, number: int) -> list[Version]:
    """All kept versions, oldest first."""
    async with ports.store.read() as conn:
        return await postmortems.versions(conn, number)


async def pack_of(ports: Ports, number: int) -> Pack:
    """The evidence of an incident as the journal has it now; raises `UnknownIncident`.

    While nothing was added to it, it is read and cleaned once: that takes long, and each section asks for it.
    """
    async with ports.store.read() as conn:
        incident = await incidents.get(conn, number)
        if incident is None:
            raise UnknownIncident(f"there is no incident #{number}")
        raised = [alert for id_ in incident.alert_ids if (alert := await alerts.get(conn, id_))]
        told = await checks.of_alerts(conn, raised)
        subjects = timeline.subjects(number, incident.alert_ids, told)
        numbers = await _numbers(conn, incident, subjects)
        figures = await measuring.figures(ports, conn, incident, told)
        private = await incidents.private_channels(conn)
        name, made_of = f"evidence:{number}", (incident, numbers, figures, private)
        if (known := ports.recent.get(Pack, name, made_of)) is not None:
            return known
        entries = [
            entry
            for entry in await journal.by_ids(conn, numbers)
            if entry.kind != "CommandRun" or not runs.secret(entry.payload, incident.channel, private)
        ]
    # thousands of entries take longer than anybody else should have to wait
    pack = await asyncio.to_thread(evidence.collect, incident, entries, figures=figures)
    ports.recent.keep(name, made_of, pack)
    return pack


async def _numbers(conn: AsyncConnection, incident: Incident, subjects: Sequence[str]) -> list[int]:
    """The journal entries that may be evidence; of the postmortem only what reviewers said: its text is none."""
    draft = f"postmortem:{incident.id}"
    said = await journal.of_subject(conn, draft, ["ChangeRequested"])
    began, ended = incident.started_at, incident.resolved_at
    return [
        *await journal.numbers(conn, [subject for subject in subjects if subject != draft]),
        *(entry.id for entry in said),
        *await journal.numbers_of_kind(conn, "CommandRun", began, _MOST_COMMANDS, until=ended),
        *await journal.numbers_of_kind(conn, "Deployed", began - evidence.DEPLOYS_BEFORE, _MOST_COMMANDS),
    ]


def section_of(text: Postmortem | Version | None, name: str) -> Section | None:
    """The section of that name, when it is written."""
    return next((part for part in text.sections if part.name == name), None) if text else None


async def _links(ports: Ports, pack: Pack) -> dict[int, str]:
    """Where each entry was said: in its own message, else on the card that shows it, else on the incident's card."""
    if ports.chat is None:
        return {}
    places = {item.id: Posted(item.channel, item.ts) for item in pack.items if item.channel and item.ts}
    keys = {item.id: _keys(item, pack.incident) for item in pack.items if item.id not in places}
    async with ports.store.read() as conn:
        known = await posts.of_keys(conn, (key for some in keys.values() for key in some))
    for number, some in keys.items():
        if post := next((known[key] for key in some if key in known), None):
            places[number] = Posted(post.channel, post.ts)
    return {number: address for number, place in places.items() if (address := ports.chat.link(place))}


def _keys(item: Evidence, incident: int) -> tuple[str, ...]:
    return f"entry:{item.id}", f"{item.subject}:card", f"incident:{incident}:card"
