"""What becomes of a postmortem: scheduled, drafted section by section, reviewed, approved (pure)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.decision import Cancel, Decision, Timer
from bot.events import (
    ChangeRequested,
    DraftReady,
    DraftStarted,
    Event,
    PostmortemApproved,
    PostmortemScheduled,
    SectionDrafted,
)
from bot.phrasing import listing
from bot.postmortems import sections
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement

DRAFT = "postmortems.draft"
"""Kind of the timer that begins a draft."""
SECTION = "postmortems.section"
"""Kind of the jobs that write one section each."""


def lane(subject: str) -> str:
    """The lane in which the text of a postmortem is written: one change at a time, in order."""
    return f"write:{subject}"


def schedule(known: Postmortem | None, incident: int, *, at: datetime) -> Decision[Postmortem]:
    """A draft will be made at `at`; a postmortem that exists already stays."""
    if known is not None:
        return Decision(state=known, reason=f"it is {known.status.value} already")
    new = Postmortem(id=incident, status=PostmortemStatus.SCHEDULED, scheduled_at=at)
    timer = Timer(kind=DRAFT, key=f"{new.subject}:draft", at=at, subject=new.subject, payload={"incident": incident})
    return Decision(
        state=new,
        events=(PostmortemScheduled(incident=incident, due_at=at),),
        timers=(timer,),
        reason=f"a draft will be made at {at.isoformat()}",
    )


def start(postmortem: Postmortem, *, now: datetime) -> Decision[Postmortem]:
    """Drafting begins now. A draft that is there is never written over; one that stopped half-way goes on."""
    missing = unwritten(postmortem)
    if not missing:
        return Decision(state=postmortem, reason=f"the draft is there, version {postmortem.text_version}")
    drafting = replace(postmortem, status=PostmortemStatus.DRAFTING)
    jobs = tuple(
        Timer(
            kind=SECTION,
            # the record's version makes the keys of a second try new
            key=f"{postmortem.subject}:write:{name}:{postmortem.version}",
            at=now,
            subject=postmortem.subject,
            lane=lane(postmortem.subject),
            payload={"incident": postmortem.id, "section": name},
        )
        for name in missing
    )
    return Decision(
        state=drafting,
        events=(DraftStarted(incident=postmortem.id, sections=tuple(missing)),),
        timers=jobs,
        cancels=(Cancel(postmortem.subject, DRAFT),),
        reason=f"drafting {listing(sections.title(name) for name in missing)}",
    )


def section_drafted(postmortem: Postmortem, section: Section, *, reason: str = "") -> Decision[Postmortem]:
    """A section of the first draft is there. With the last one, people review."""
    if section.name in {s.name for s in postmortem.sections}:
        return Decision(state=postmortem, reason=f"{sections.title(section.name)} is there already")
    written = _with(postmortem, section)
    events: list[Event] = [_drafted(written, section, reason)]
    if not unwritten(written):
        written = replace(written, status=PostmortemStatus.IN_REVIEW)
        events.append(DraftReady(incident=written.id, text_version=written.text_version))
    return Decision(state=written, events=tuple(events), reason=reason or "drafted")


def comment(postmortem: Postmortem, section: str, text: str) -> Decision[Postmortem]:
    """A reviewer asks for a change of a section that is there."""
    if section not in {s.name for s in postmortem.sections}:
        return Decision(state=postmortem, reason=f"{sections.title(section)} is not written yet")
    return Decision(
        state=postmortem,
        events=(ChangeRequested(incident=postmortem.id, section=section, text=text),),
        reason=f"change of {sections.title(section)} asked for",
    )


def redrafted(postmortem: Postmortem, section: Section, *, reason: str = "") -> Decision[Postmortem]:
    """A section was written anew. An approved postmortem is in review again; what was published stays published."""
    old = next((s for s in postmortem.sections if s.name == section.name), None)
    if old is None:
        return Decision(state=postmortem, reason=f"{sections.title(section.name)} is not written yet")
    if old.statements == section.statements:
        return Decision(state=postmortem, reason="the text stays as it is")
    new = replace(section, revision=old.revision + 1)
    again = postmortem.status is PostmortemStatus.APPROVED
    written = _with(postmortem, new)
    written = replace(written, status=PostmortemStatus.IN_REVIEW) if again else written
    return Decision(state=written, events=(_drafted(written, new, reason),), reason=reason or "redrafted")


def approve(postmortem: Postmortem, *, by: str, now: datetime) -> Decision[Postmortem]:
    """A person approves the text as it stands; it is published from now on."""
    missing = unwritten(postmortem)
    if missing:
        titles = listing(sections.title(name) for name in missing)
        return Decision(state=postmortem, reason=f"not all sections are there yet: {titles}")
    if postmortem.approved_version == postmortem.text_version:
        return Decision(
            state=postmortem,
            reason=f"version {postmortem.text_version} is approved already, by {postmortem.approved_by}",
        )
    approved = replace(
        postmortem,
        status=PostmortemStatus.APPROVED,
        approved_version=postmortem.text_version,
        approved_by=by,
        approved_at=now,
    )
    return Decision(
        state=approved,
        events=(PostmortemApproved(incident=postmortem.id, text_version=postmortem.text_version),),
        reason=f"version {postmortem.text_version} approved",
    )


def posted(postmortem: Postmortem, channel: str, ts: str) -> Decision[Postmortem]:
    """The draft's message stands; people answer in its thread."""
    if (postmortem.channel, postmortem.thread_ts) == (channel, ts):
        return Decision(state=postmortem, reason="the message is known already")
    return Decision(
        state=replace(postmortem, channel=channel, thread_ts=ts), silent=True, reason="the draft stands in Slack"
    )


def unwritten(postmortem: Postmortem) -> list[str]:
    """Names of the sections that are not there yet, in order."""
    there = {s.name for s in postmortem.sections}
    return [name for name in sections.NAMES if name not in there]


def noted(section: Section, note: Statement) -> Section:
    """The section with a reviewer's words added at its end."""
    return replace(section, statements=(*section.statements, note))


def _with(postmortem: Postmortem, section: Section) -> Postmortem:
    by_name = {s.name: s for s in postmortem.sections} | {section.name: section}
    ordered: Sequence[Section] = [by_name[name] for name in sections.ordered(list(by_name))]
    return replace(postmortem, sections=tuple(ordered), text_version=postmortem.text_version + 1)


def _drafted(postmortem: Postmortem, section: Section, reason: str) -> SectionDrafted:
    return SectionDrafted(
        incident=postmortem.id,
        section=section.name,
        author=section.author,
        text_version=postmortem.text_version,
        statements=len(section.statements),
        unverified=sum(1 for statement in section.statements if statement.unverified),
        reason=reason,
    )
