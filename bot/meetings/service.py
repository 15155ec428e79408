"""Meetings about postmortems: read, decide, commit; and the calendars told, one by one."""

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from bot.channels.addresses import mailbox
from bot.decision import Decision, commit, job_of
from bot.engine.retry import ATTEMPTS
from bot.incidents import service as incidents
from bot.meetings import decide
from bot.meetings.decide import ITSELF, Plan
from bot.oncall import people
from bot.outside import Booked, Invitation
from bot.phrasing import duration
from bot.ports import ChatError, Ports, Profile, Undeliverable
from storage.records.incidents import Incident
from storage.records.meetings import Meeting
from storage.tables import journal
from storage.tables import meetings as table
from storage.tables import people as preferences
from storage.unit_of_work import UnitOfWork

PATIENCE = 5
"""Runs that wait for Slack to say who people are; then those are invited of whom an address is known anyway."""
SPEAK_FROM = 3
"""Run from which a trouble that may pass by itself is told; most is over by then."""
_AGAIN = "It is tried again by itself."

_log = structlog.get_logger(__name__)


async def standing(ports: Ports, number: int) -> tuple[Meeting | None, Sequence[Meeting]]:
    """The meeting of an incident, and how it stands in each calendar."""
    async with ports.store.read() as conn:
        found = await table.of_incident(conn, number)
    return next((one for one in found if one.calendar == ITSELF), None), [one for one in found if one.calendar]


async def arrange(
    ports: Ports, incident: Incident, *, by: str, at: datetime | None = None, attempt: int = PATIENCE
) -> Decision[Meeting]:
    """Set the incident's meeting, or move it, and have every calendar told; without `at` the setting says when.

    Raises `ChatError` while Slack cannot say who people are and the `attempt` is an early one.
    """
    plan = await _plan(ports, incident, at, attempt)

    async def work(unit: UnitOfWork) -> Decision[Meeting]:
        now = ports.now()
        kept = await table.get(unit.conn, incident.id, ITSELF, lock=True)
        decision = decide.arrange(kept, plan, now)
        await _spread(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


async def cancel(ports: Ports, number: int, *, by: str, reason: str) -> Decision[Meeting] | None:
    """Have the meeting not take place, and every calendar told; None where there is none."""

    async def work(unit: UnitOfWork) -> Decision[Meeting] | None:
        kept = await table.get(unit.conn, number, ITSELF, lock=True)
        if kept is None:
            return None
        decision = decide.cancel(kept, reason, ports.now())
        await _spread(ports, unit, decision, by)
        return decision

    return await ports.store.transact(work)


async def tell(ports: Ports, number: int, calendar: str, run: int) -> None:
    """Bring one calendar up to date; `run` counts the attempts. Raises `Undeliverable` where trying again can help.

    What cannot be done is a fact of the incident and no failed job, so that a calendar raises no alerts.
    """
    meeting = await _begun(ports, number, calendar)
    if meeting is None:
        return
    try:
        booked = await _book(ports, calendar, await invitation(ports, meeting))
    except Undeliverable as failed:
        said, last = str(failed), not failed.retry or run >= ATTEMPTS
        _log.warning("calendar_refused", incident=number, calendar=calendar, error=said)
        if last or run >= SPEAK_FROM:
            mend = failed.mend or (said if last else f"{said}. {_AGAIN}")
            await _change(ports, meeting, lambda kept: decide.troubled(kept, meeting, said, mend))
        if not last:
            raise
        return
    await _made(ports, meeting, booked)


async def invitation(ports: Ports, meeting: Meeting) -> Invitation:
    """What a calendar is told. Of a private incident not even the title: others may read the calendar."""
    incident = (await incidents.view(ports, meeting.incident)).incident
    return Invitation(
        uid=meeting.uid,
        title=meeting.title,
        description="\n".join(_described(incident, ports.settings.slack_command)),
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        attendees=meeting.attendees,
        sequence=meeting.sequence,
        zone=meeting.zone,
        reference=meeting.reference,
        cancelled=meeting.cancelled,
    )


def _described(incident: Incident, command: str) -> list[str]:
    room = f"#{incident.channel_name}" if incident.channel_name else "Slack"
    how = f"Read it before: {command} manage postmortem show {incident.id}, in {room}."
    if incident.private:
        return [f"The postmortem of incident #{incident.id}, which is private.", how]
    took = f", resolved after {duration(incident.resolved_at - incident.started_at)}" if incident.resolved_at else ""
    return [
        f"The postmortem of incident #{incident.id}: {incident.title} ({incident.severity.value}{took}).",
        how,
    ]


async def _plan(ports: Ports, incident: Incident, at: datetime | None, attempt: int) -> Plan:
    async with ports.store.read() as conn:
        entries = await journal.of_subjects(conn, await incidents.subjects(conn, incident))
    found = [await _person(ports, user, attempt) for user in decide.responders(incident, entries)]
    known = [one for one in found if one is not None]
    setting, zones = ports.manage.incidents.meeting, [one.timezone for one in known]
    from_ = (incident.resolved_at or ports.now()) + setting.after
    soonest, zone = decide.when(
        max(from_, ports.now()), setting.length, setting.hours, zones or [ports.manage.oncall.timezone]
    )
    return Plan(
        incident=incident.id,
        starts_at=at or soonest,
        length=setting.length,
        zone=zone,
        people=tuple(one.user for one in known),
        attendees=tuple(dict.fromkeys(one.email for one in known if one.email)),
        unreached=tuple(one.user for one in known if not one.email),
    )


async def _person(ports: Ports, user: str, attempt: int) -> people.Person | None:
    """How that user is invited; None for a program, and for whoever has left."""
    async with ports.store.read() as conn:
        own = await preferences.get(conn, user)
    profile = await _profile(ports, user, attempt)
    if profile is not None and (profile.bot or profile.gone):
        return None
    found = people.combined(user, own, ports.manage.people.get(user), profile, ports.manage.oncall.timezone)
    return found if _is_mail(found.email) else people.Person(user=user, timezone=found.timezone)


async def _profile(ports: Ports, user: str, attempt: int) -> Profile | None:
    if ports.chat is None:
        return None
    try:
        return await ports.chat.profile(user)
    except ChatError as refused:
        if refused.retry and attempt < PATIENCE:
            raise
        _log.warning("slack_profile_unknown", user=user, error=str(refused))
        return None


def _is_mail(address: str) -> bool:
    try:
        return mailbox(address)[1] == address
    except ValueError:
        return False


async def _spread(ports: Ports, unit: UnitOfWork, decision: Decision[Meeting], by: str) -> None:
    """Commit what was decided of the meeting itself, and what each calendar must do about it.

    Where nothing was, those are told once more that did not take it so far.
    """
    await _commit(ports, unit, decision, by)
    meeting, now = decision.state, ports.now()
    kept = {one.calendar: one for one in await table.of_incident(unit.conn, meeting.incident) if one.calendar}
    if not decision.changed:
        again = [decide.sync(one, now, f":{now.isoformat()}") for one in kept.values() if decide.due(one)]
        await unit.enqueue(map(job_of, again))
        return
    for calendar in dict.fromkeys((*ports.calendars, *kept)):
        copied = decide.copy(kept.get(calendar), meeting, calendar, now)
        if copied is not None:
            await _commit(ports, unit, copied, by)


async def _begun(ports: Ports, number: int, calendar: str) -> Meeting | None:
    """The meeting as the calendar must be told of it now; that it is about to be is written down first."""

    async def work(unit: UnitOfWork) -> Meeting | None:
        kept = await table.get(unit.conn, number, calendar, lock=True)
        if kept is None or not decide.due(kept):
            return None
        await _commit(ports, unit, decide.begin(kept), incidents.BOT)
        return kept

    return await ports.store.transact(work)


async def _book(ports: Ports, calendar: str, what: Invitation) -> Booked:
    book = ports.calendars.get(calendar)
    if book is None:
        raise Undeliverable(
            f"there is no calendar {calendar} any more",
            retry=False,
            mend=f"Name {calendar} again under incidents.calendars in manage.yml, or see to its entry by hand.",
        )
    return await book(what)


async def _made(ports: Ports, meeting: Meeting, booked: Booked) -> None:
    missed = "; ".join(f"{address}: {why}" for address, why in booked.missed.items())

    mend = f"Tell {', '.join(booked.missed)} yourself, and correct the address in Slack or manage.yml."

    def took(kept: Meeting) -> Decision[Meeting]:
        return decide.made(kept, meeting, booked.reference, ports.now())

    def in_part(kept: Meeting) -> Decision[Meeting]:
        return decide.troubled(kept, meeting, missed, mend)

    # together: once it is known that the calendar took it, nobody looks again whom it left out
    await _change(ports, meeting, took, *((in_part,) if missed and not meeting.cancelled else ()))


async def _change(ports: Ports, meeting: Meeting, *chosen: Callable[[Meeting], Decision[Meeting]]) -> None:
    async def work(unit: UnitOfWork) -> None:
        for choose in chosen:
            kept = await table.get(unit.conn, meeting.incident, meeting.calendar, lock=True)
            if kept is not None:
                await _commit(ports, unit, choose(kept), incidents.BOT)

    await ports.store.transact(work)


async def _commit(ports: Ports, unit: UnitOfWork, decision: Decision[Meeting], by: str) -> None:
    await commit(unit, decision, actor=by, now=ports.now(), jobs_for=ports.jobs_for)
