"""What becomes of a postmortem: scheduled, drafted section by section, reviewed, approved (pure).

An approval belongs to the text that a person read: whatever changes a section takes its approval back. What a person
wrote is taken away by a person only, never by a redraft.
"""

from collections.abc import Collection, Iterable, Sequence
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
    RedraftRequested,
    SectionApproved,
    SectionDrafted,
    SectionReopened,
)
from bot.phrasing import listing
from bot.postmortems import sections
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement

DRAFT = "postmortems.draft"
"""Kind of the timer that begins a draft."""
SECTION = "postmortems.section"
"""Kind of the jobs that write one section each."""
DRAFTED = "drafted"
"""Why a version is there whose section was written without anything to say about it."""

_UNREAD = frozenset({PostmortemStatus.SCHEDULED, PostmortemStatus.DRAFTING})


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
            payload={"incident": postmortem.id, "section": name, "plan": missing},
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


def section_drafted(
    postmortem: Postmortem, section: Section, *, plan: Collection[str] = sections.NAMES, reason: str = ""
) -> Decision[Postmortem]:
    """A section of the first draft is there. With the last one of the `plan` that it was begun with, people review."""
    if section.name in {s.name for s in postmortem.sections}:
        return Decision(state=postmortem, reason=f"{sections.title(section.name)} is there already")
    written = _with(postmortem, replace(section, approved_by=""))
    events: list[Event] = [_drafted(written, section, section.author, reason)]
    if set(plan) <= {s.name for s in written.sections}:
        written = replace(written, status=PostmortemStatus.IN_REVIEW)
        events.append(DraftReady(incident=written.id, text_version=written.text_version))
    return Decision(state=written, events=tuple(events), reason=reason or DRAFTED)


def comment(postmortem: Postmortem, section: str, text: str) -> Decision[Postmortem]:
    """A reviewer asks for a change of a section that is there."""
    if _found(postmortem, section) is None:
        return _absent(postmortem, section)
    return Decision(
        state=postmortem,
        events=(ChangeRequested(incident=postmortem.id, section=section, text=text),),
        reason=f"change of {sections.title(section)} asked for",
    )


def regenerate(postmortem: Postmortem, section: str) -> Decision[Postmortem]:
    """A reviewer asks for a section to be written anew from the evidence as it is now."""
    if _found(postmortem, section) is None:
        return _absent(postmortem, section)
    return Decision(
        state=postmortem,
        events=(RedraftRequested(incident=postmortem.id, section=section),),
        reason=f"{sections.title(section)} is written anew",
    )


def redrafted(postmortem: Postmortem, section: Section, *, reason: str = "") -> Decision[Postmortem]:
    """A section was written anew; what people wrote into it stands, wherever it stood.

    An approved postmortem is in review again; what was published stays published.
    """
    old = _found(postmortem, section.name)
    if old is None:
        return _absent(postmortem, section.name)
    statements = with_words_of_people(old.statements, section.statements)
    return _rewritten(postmortem, old, replace(section, statements=statements), section.author, reason or "redrafted")


def edited(
    postmortem: Postmortem, name: str, statements: Sequence[Statement], *, by: str, base: Section | None = None
) -> Decision[Postmortem]:
    """A person gave a section another text. `base` is the text that they had before them, where it is known.

    What other people wrote since then stays beside it; what a model wrote since then gives way.
    """
    old = _found(postmortem, name)
    if old is None:
        return _absent(postmortem, name)
    seen = base.statements if base is not None else old.statements
    since = [s for s in old.statements if s not in seen]
    text = with_words_of_people(since, statements)
    return _rewritten(postmortem, old, replace(old, statements=text), by, f"edited {sections.title(name)}")


def approve(postmortem: Postmortem, *, by: str, now: datetime) -> Decision[Postmortem]:
    """A person approves every section as it stands, and with them the whole; it is published from now on."""
    if postmortem.status in _UNREAD:
        titles = listing(sections.title(name) for name in unwritten(postmortem))
        return Decision(state=postmortem, reason=f"not all sections are there yet: {titles}")
    if postmortem.status is PostmortemStatus.APPROVED:
        return Decision(
            state=postmortem,
            reason=f"version {postmortem.text_version} is approved already, by {postmortem.approved_by}",
        )
    return _settled(postmortem, {s.name for s in postmortem.sections}, by=by, now=now)


def approve_section(
    postmortem: Postmortem, name: str, *, by: str, now: datetime, revision: int | None = None
) -> Decision[Postmortem]:
    """A person approves one section; with the last one the whole is approved.

    `revision` is the text that they read, where it is known: another one is not theirs to have approved.
    """
    section = _found(postmortem, name)
    if section is None:
        return _absent(postmortem, name)
    title = sections.title(name)
    if revision is not None and revision != section.revision:
        return Decision(state=postmortem, reason=f"{title} has changed meanwhile: read it again, then approve it")
    if section.approved_by:
        return Decision(state=postmortem, reason=f"{title} is approved already, by {section.approved_by}")
    return _settled(postmortem, {name}, by=by, now=now)


def reopen(postmortem: Postmortem, name: str = "") -> Decision[Postmortem]:
    """A person takes approvals back: that of one section, or all. What was published stays published."""
    if name and _found(postmortem, name) is None:
        return _absent(postmortem, name)
    # what was approved as a whole has no approvals of its sections
    whole = postmortem.status is PostmortemStatus.APPROVED
    back = [s.name for s in postmortem.sections if (s.approved_by or whole) and name in {"", s.name}]
    if not back:
        what = sections.title(name) if name else "no section of it"
        return Decision(state=postmortem, reason=f"{what} is {'not ' if name else ''}approved")
    parts = tuple(replace(s, approved_by="") if s.name in back else s for s in postmortem.sections)
    return Decision(
        state=replace(postmortem, sections=parts, status=_in_review(postmortem)),
        events=tuple(SectionReopened(incident=postmortem.id, section=one) for one in back),
        reason=f"the approval of {listing(sections.title(one) for one in back)} is taken back",
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


def complete(postmortem: Postmortem) -> bool:
    """True once people review it. One that was drafted when there were fewer sections is complete without the new."""
    return postmortem.status not in _UNREAD


def unverified(postmortem: Postmortem) -> int:
    """How many statements could not be borne out."""
    return sum(1 for part in postmortem.sections for statement in part.statements if statement.unverified)


def shown(section: Section) -> str:
    """The kind of the message that shows this text of the section, see `read_shown`."""
    return f"section:{section.name}:{section.revision}"


def read_shown(kind: str) -> tuple[str, int] | None:
    """The section and the revision that a message of that kind shows; None when it is no section's."""
    what, _, rest = kind.partition(":")
    name, _, revision = rest.rpartition(":")
    return (name, int(revision)) if what == "section" and name and revision.isdecimal() else None


def noted(section: Section, note: Statement) -> Section:
    """The section with a reviewer's words added at its end."""
    return replace(section, statements=(*section.statements, note))


def with_words_of_people(old: Iterable[Statement], new: Sequence[Statement]) -> tuple[Statement, ...]:
    """The new text with every statement of a person that the old one has, each about where it stood."""
    text = list(new)
    for place, statement in enumerate(old):
        if statement.author and _said(statement) not in set(map(_said, text)):
            text.insert(min(place, len(text)), statement)
    return tuple(text)


def _said(statement: Statement) -> tuple[object, ...]:
    return statement.kind, statement.text, statement.evidence, statement.author


def _settled(postmortem: Postmortem, names: Collection[str], *, by: str, now: datetime) -> Decision[Postmortem]:
    """These sections are approved; with the last one so is the whole, and a text that is not public yet will be."""
    fresh = [s.name for s in postmortem.sections if s.name in names and not s.approved_by]
    parts = tuple(replace(s, approved_by=by) if s.name in fresh else s for s in postmortem.sections)
    version = postmortem.text_version
    settled = replace(postmortem, sections=parts)
    events: list[Event] = [SectionApproved(incident=postmortem.id, section=one, text_version=version) for one in fresh]
    reason = f"{listing(sections.title(one) for one in fresh)} approved"
    if complete(postmortem) and all(s.approved_by for s in parts):
        if postmortem.approved_version != version:
            events.append(PostmortemApproved(incident=postmortem.id, text_version=version))
        settled = replace(
            settled, status=PostmortemStatus.APPROVED, approved_version=version, approved_by=by, approved_at=now
        )
        reason = f"version {version} approved"
    return Decision(state=settled, events=tuple(events), silent=True, reason=reason)


def _rewritten(
    postmortem: Postmortem, old: Section, section: Section, author: str, reason: str
) -> Decision[Postmortem]:
    if [_said(s) for s in old.statements] == [_said(s) for s in section.statements]:
        return Decision(state=postmortem, reason="the text stays as it is")
    new = replace(section, revision=old.revision + 1, approved_by="")
    written = replace(_with(postmortem, new), status=_in_review(postmortem))
    return Decision(state=written, events=(_drafted(written, new, author, reason, old.approved_by),), reason=reason)


def _in_review(postmortem: Postmortem) -> PostmortemStatus:
    return PostmortemStatus.IN_REVIEW if postmortem.status is PostmortemStatus.APPROVED else postmortem.status


def _found(postmortem: Postmortem, name: str) -> Section | None:
    return next((s for s in postmortem.sections if s.name == name), None)


def _absent(postmortem: Postmortem, name: str) -> Decision[Postmortem]:
    return Decision(state=postmortem, reason=f"{sections.title(name)} is not written yet")


def _with(postmortem: Postmortem, section: Section) -> Postmortem:
    by_name = {s.name: s for s in postmortem.sections} | {section.name: section}
    ordered: Sequence[Section] = [by_name[name] for name in sections.ordered(list(by_name))]
    return replace(postmortem, sections=tuple(ordered), text_version=postmortem.text_version + 1)


def _drafted(
    postmortem: Postmortem, section: Section, author: str, reason: str, taken_back: str = ""
) -> SectionDrafted:
    return SectionDrafted(
        incident=postmortem.id,
        section=section.name,
        author=author,
        text_version=postmortem.text_version,
        statements=len(section.statements),
        unverified=sum(1 for statement in section.statements if statement.unverified),
        reason=reason,
        taken_back=taken_back,
    )
