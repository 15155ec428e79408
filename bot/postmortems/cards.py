"""What is said of postmortems (pure). What a model or a person wrote stays plain text, which renderers escape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.cards.card import (
    Accent,
    Bold,
    Button,
    Card,
    Code,
    CommandLine,
    Field,
    Level,
    Link,
    Mark,
    Moment,
    Person,
    Text,
)
from bot.cards.json import json_value
from bot.phrasing import cut, plural
from bot.postmortems import editing, facts, sections
from bot.postmortems.proposals import proposals
from bot.postmortems.review import complete, unverified
from storage.records.incidents import Incident
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind

WITHOUT_AI = "Made without AI from the journal"
_BUTTON_TEXT = 1500  # what a reply may have so that its buttons can carry it
_MOST_PAGES = 5  # forms offered for one section; the rest is edited by command


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What stands behind a text: evidence number -> address of its message, and label -> person."""

    links: Mapping[int, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    redacted: Mapping[str, int] = field(default_factory=dict)


def draft(postmortem: Postmortem, incident: Incident, sources: Sources) -> Card:
    """The message in whose thread the draft stands, with the state of each section at a glance."""
    number = str(postmortem.id)
    planned = [name for name in sections.NAMES if not complete(postmortem)]
    names = sections.ordered(list({*planned, *(part.name for part in postmortem.sections)}))
    done = len(postmortem.sections)
    settled = sum(1 for part in postmortem.sections if part.approved_by)
    ready = complete(postmortem)
    approved = postmortem.status is PostmortemStatus.APPROVED
    return Card(
        title=f"📝 Postmortem of incident #{number}: {incident.title}",
        level=Level.INFO,
        accent=Accent.GOOD if approved else Accent.CALM,
        body=() if ready else ("Each section is posted below as soon as it has passed its check.",),
        fields=(
            Field(label="Status", value=_status(postmortem)),
            Field(
                label="Progress",
                value=f"{done} of {len(names)} sections" + (f", {settled} approved" if ready and not approved else ""),
            ),
            Field(label="Impact", value=_span(incident)),
            *((Field(label="Unverified", value=_unverified(postmortem)),) if ready else ()),
            *((Field(label="People", value=_people(sources.people)),) if sources.people else ()),
            *((Field(label="Taken out", value=_redacted(sources.redacted)),) if sources.redacted else ()),
        ),
        steps=tuple(_glance(name, postmortem) for name in names),
        buttons=_of_the_whole(postmortem),
        hint=_how_to_change() if ready and not approved else "",
        more=("postmortem", "show", number),
    )


def section(postmortem: Postmortem, part: Section, sources: Sources, *, reason: str = "") -> Card:
    """One section as it stands in the thread, with what can be done to it."""
    title = sections.title(part.name)
    return Card(
        title=title if part.revision == 1 else f"{title} (revision {part.revision})",
        level=Level.INFO,
        accent=Accent.GOOD if part.approved_by else Accent.CALM,
        steps=tuple(line(statement, sources) for statement in part.statements) or ("Nothing.",),
        buttons=_of_section(postmortem, part),
        footer=_origin(part, reason),
        hint=("✅ Approved by ", Person(part.approved_by), ".") if part.approved_by else _how_to_approve(),
        more=("postmortem", "show", str(postmortem.id)),
    )


def _of_section(postmortem: Postmortem, part: Section) -> tuple[Button, ...]:
    number, meant = str(postmortem.id), f"--section={part.name}"
    text = f"--revision={part.revision}"
    pages = editing.pages(part.statements)
    verdict = (
        Button(label="Take approval back", argv=("postmortem", "reopen", number, meant))
        if part.approved_by
        else Button(label="Approve", argv=("postmortem", "approve", number, meant, text), style="primary")
    )
    edits = [
        Button(
            label="Edit" if len(pages) == 1 else f"Edit {page.first} to {page.last}",
            argv=("postmortem", "edit", number, meant, text, f"--lines={page.spelled}"),
            form=True,
        )
        for page in pages[:_MOST_PAGES]
    ]
    anew = Button(
        label="Regenerate",
        argv=("postmortem", "regenerate", number, meant),
        confirm=f"Write {sections.title(part.name)} anew from the journal? What people wrote into it stays.",
    )
    return (verdict, *edits, anew)


def _of_the_whole(postmortem: Postmortem) -> tuple[Button, ...]:
    number = str(postmortem.id)
    if postmortem.status is PostmortemStatus.APPROVED:
        return (*follow_up_buttons(postmortem), Button(label="Reopen", argv=("postmortem", "reopen", number)))
    if not complete(postmortem):
        return ()
    return (approve_all(postmortem),)


def approve_all(postmortem: Postmortem) -> Button:
    """The button that approves what is left; it asks first, and says what could not be verified."""
    doubts = unverified(postmortem)
    argv = ("postmortem", "approve", str(postmortem.id))
    what = f"Publish version {postmortem.text_version} of this postmortem?"
    if doubts:
        what = f"{plural(doubts, 'statement')} could not be verified, marked ⚠️. {what}"
    return Button(label="Approve all", argv=(*argv, "--unverified") if doubts else argv, style="primary", confirm=what)


def doubtful(postmortem: Postmortem) -> Card:
    """Asks whether to approve a text that could not be verified in full."""
    count = unverified(postmortem)
    return Card(
        title=f"{plural(count, 'statement')} of this postmortem could not be verified",
        level=Level.WARNING,
        body=("They are marked ⚠️ with the reason. Change them, or approve the text as it is all the same.",),
        buttons=(approve_all(postmortem),),
        hint=("Type ", CommandLine(("postmortem", "approve", str(postmortem.id), "--unverified")), " to approve it."),
        data={"number": postmortem.id, "unverified": count, "changed": False},
    )


def follow_up_buttons(postmortem: Postmortem) -> tuple[Button, ...]:
    """What shows the follow-ups that were made of the proposals, where there are any."""
    if not proposals(postmortem):
        return ()
    return (Button(label="Follow-ups", argv=("followups", f"--incident={postmortem.id}", "--status=all")),)


def _glance(name: str, postmortem: Postmortem) -> Text:
    part = next((one for one in postmortem.sections if one.name == name), None)
    title = sections.title(name)
    if part is None:
        return f"⏳ {title}: being written"
    doubts = sum(1 for statement in part.statements if statement.unverified)
    marks = f", {plural(doubts, 'statement')} unverified ⚠️" if doubts else ""
    if part.approved_by:
        return (f"✅ {title}: approved by ", Person(part.approved_by), marks)
    if postmortem.status is PostmortemStatus.APPROVED:
        return f"✅ {title}{marks}"
    return f"⬜ {title}: waits for approval{marks}"


def whole(
    postmortem: Postmortem, incident: Incident, text: Sequence[Section], sources: Sources, *, version: int
) -> Card:
    """A postmortem's text in one card."""
    number = str(postmortem.id)
    if not text:
        return Card(
            title=f"Postmortem of incident #{number} has no text yet",
            level=Level.INFO,
            fields=(Field(label="Status", value=_status(postmortem)),),
            hint=("Type ", CommandLine(("postmortem", "draft", number)), " to make the draft now."),
            data=as_data(postmortem, incident),
        )
    latest = version == postmortem.text_version
    waits = latest and postmortem.status is PostmortemStatus.IN_REVIEW
    return Card(
        title=f"Postmortem of incident #{number}: {incident.title}",
        level=Level.INFO,
        fields=(
            Field(label="Status", value=_status(postmortem)),
            Field(label="Version", value=f"{version} of {postmortem.text_version}"),
            Field(label="Impact", value=_span(incident)),
            *((Field(label="People", value=_people(sources.people)),) if sources.people else ()),
        ),
        body=tuple(_paragraph(part, sources) for part in text),
        buttons=(approve_all(postmortem),) if waits else (),
        hint=_how_to_comment(number) if waits else "",
        data=as_data(postmortem, incident) | {"shown_version": version, "sections": _sections(text)},
    )


def which(postmortem: Postmortem, text: str) -> Card:
    """Asks which section a reply is about."""
    number = str(postmortem.id)
    names = [part.name for part in postmortem.sections]
    buttons = tuple(
        Button(
            label=sections.title(name), argv=("postmortem", "comment", number, f"--section={name}", f"--text={text}")
        )
        for name in names
        if len(text) <= _BUTTON_TEXT
    )
    return Card(
        title="Which section do you mean?",
        level=Level.USAGE,
        body=(f"“{cut(text, 200)}” names none of them, or more than one.",),
        buttons=buttons,
        hint=(
            "Begin with the section's name, for example ",
            Code("impact: …"),
            ", or add ",
            Code("--section NAME"),
            ".",
        ),
        data={"sections": names},
    )


def line(statement: Statement, sources: Sources) -> Text:
    """One statement with its sources, and with what the check found."""
    marks: list[str | Mark] = []
    match statement.kind:
        case StatementKind.UNKNOWN:
            marks.append("❓ Not in the journal: ")
        case StatementKind.INFERENCE:
            marks.append("💭 Inferred: ")
        case StatementKind.NOTE:
            marks += ["💬 ", Person(statement.author), ": "]
        case StatementKind.FACT:
            pass
    marks.append(statement.text)
    for number in statement.evidence:
        address = sources.links.get(number, "")
        marks += [" ", Link(address, editing.cited(number)) if address else editing.cited(number)]
    if statement.author and statement.kind is not StatementKind.NOTE:
        marks += [" ✍️ ", Person(statement.author)]
    if statement.unverified:
        marks.append(f" ⚠️ unverified: {statement.unverified}")
    if statement.blame:
        marks.append(f" 🗣️ {statement.blame}")
    return tuple(marks)


def as_data(postmortem: Postmortem, incident: Incident) -> dict[str, object]:
    """The postmortem as JSON values."""
    return {
        "number": postmortem.id,
        "incident": incident.title,
        "status": postmortem.status.value,
        "scheduled_at": json_value(postmortem.scheduled_at),
        "text_version": postmortem.text_version,
        "approved_version": postmortem.approved_version,
        "approved_by": postmortem.approved_by or None,
        "sections": _sections(postmortem.sections),
    }


def _sections(text: Sequence[Section]) -> object:
    return [{"title": sections.title(part.name)} | json_value(part) for part in text]


def _paragraph(part: Section, sources: Sources) -> Text:
    marks: list[str | Mark] = [Bold(sections.title(part.name)), f" · {_origin(part, '')}"]
    for statement in part.statements:
        said = line(statement, sources)
        marks += ["\n• ", *(said if isinstance(said, tuple) else (said,))]
    return tuple(marks)


def _origin(part: Section, reason: str) -> str:
    if part.author == facts.AUTHOR:
        return f"{WITHOUT_AI}. {reason}." if reason else WITHOUT_AI
    marked = sum(1 for statement in part.statements if statement.unverified)
    found = f"{plural(marked, 'statement')} could not be verified" if marked else "every statement checked"
    said = f"Written by {part.author} from the journal, {found}"
    return f"{said}. {reason}." if reason else said


def _status(postmortem: Postmortem) -> Text:
    match postmortem.status:
        case PostmortemStatus.SCHEDULED:
            return ("a draft is due at ", Moment(postmortem.scheduled_at))
        case PostmortemStatus.DRAFTING:
            return "being drafted"
        case PostmortemStatus.IN_REVIEW if postmortem.approved_version:
            return f"in review; version {postmortem.approved_version} is published"
        case PostmortemStatus.IN_REVIEW:
            return "in review"
        case PostmortemStatus.APPROVED:
            return (f"version {postmortem.approved_version} approved by ", Person(postmortem.approved_by))


def _span(incident: Incident) -> Text:
    if incident.resolved_at is None:
        return ("since ", Moment(incident.started_at, "date"), ", not over yet")
    return (Moment(incident.started_at, "date"), " to ", Moment(incident.resolved_at, "date"))


def _unverified(postmortem: Postmortem) -> str:
    marked = unverified(postmortem)
    return f"{plural(marked, 'statement')}, marked ⚠️" if marked else "nothing"


def _people(people: Mapping[str, str]) -> Text:
    marks: list[str | Mark] = []
    for label, person in people.items():
        marks += [", " if marks else "", f"{label}: ", Person(person)]
    return tuple(marks)


def _redacted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} ({count})" for kind, count in counts.items())


def _how_to_change() -> Text:
    return (
        "Reply in this thread to change a section: begin with its name, for example ",
        Code("impact: 40 users saw errors"),
        ". React with ✅ on a section to approve it; with the last one the postmortem is published.",
    )


def _how_to_approve() -> Text:
    return "React with ✅ to approve this section."


def _how_to_comment(number: str) -> Text:
    return ("Type ", Code(f'postmortem comment {number} --text "impact: …"'), " to change a section.")
