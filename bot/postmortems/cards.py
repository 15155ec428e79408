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
    Table,
    Text,
)
from bot.cards.json import json_value
from bot.phrasing import cut, plural
from bot.postmortems import facts, sections
from bot.postmortems.review import unwritten
from storage.records.incidents import Incident
from storage.records.postmortems import Postmortem, PostmortemStatus, Section, Statement, StatementKind, Version

WITHOUT_AI = "Made without AI from the journal"
_BUTTON_TEXT = 1500  # what a reply may have so that its buttons can carry it


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What stands behind a text: evidence number -> address of its message, and label -> person."""

    links: Mapping[int, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    redacted: Mapping[str, int] = field(default_factory=dict)


def draft(postmortem: Postmortem, incident: Incident, sources: Sources) -> Card:
    """The message in whose thread the draft stands, as it is now."""
    number = str(postmortem.id)
    done, total = len(postmortem.sections), len(sections.NAMES)
    ready = not unwritten(postmortem)
    approve = Button(
        label="Approve",
        argv=("postmortem", "approve", number),
        style="primary",
        confirm=f"Publish version {postmortem.text_version} of this postmortem?",
    )
    waits = ready and postmortem.approved_version != postmortem.text_version
    return Card(
        title=f"📝 Postmortem of incident #{number}: {incident.title}",
        level=Level.INFO,
        accent=Accent.GOOD if postmortem.status is PostmortemStatus.APPROVED else Accent.CALM,
        body=() if ready else ("Each section is posted below as soon as it has passed its check.",),
        fields=(
            Field(label="Status", value=_status(postmortem)),
            Field(label="Progress", value=f"{done} of {total} sections"),
            Field(label="Impact", value=_span(incident)),
            *((Field(label="Unverified", value=_unverified(postmortem)),) if ready else ()),
            *((Field(label="People", value=_people(sources.people)),) if sources.people else ()),
            *((Field(label="Taken out", value=_redacted(sources.redacted)),) if sources.redacted else ()),
        ),
        buttons=(approve,) if waits else (),
        hint=_how_to_change() if ready else "",
        more=("postmortem", "show", number),
        data=as_data(postmortem, incident),
    )


def section(postmortem: Postmortem, part: Section, sources: Sources, *, reason: str = "") -> Card:
    """One section as it stands in the thread."""
    title = sections.title(part.name)
    return Card(
        title=title if part.revision == 1 else f"{title} (revision {part.revision})",
        level=Level.INFO,
        steps=tuple(line(statement, sources) for statement in part.statements) or ("Nothing.",),
        footer=_origin(part, reason),
        more=("postmortem", "show", str(postmortem.id)),
    )


def changed(part: Section, *, text_version: int, by: str, asked: str, noted: bool) -> Card:
    """The note under a draft that says what a reply has changed; `asked` is the reply, with what is to say about it."""
    how = "the words were added to it" if noted else f"it was written anew by {part.author}"
    return Card(
        title=f"{sections.title(part.name)} changed",
        level=Level.OK,
        body=((f"Version {text_version}: as ", Person(by), f" asked, {how}. The section above shows it."), asked),
    )


def published(postmortem: Postmortem, incident: Incident, text_version: int, *, attached: bool) -> Card:
    """The message that tells of an approved version."""
    number = str(postmortem.id)
    where: Text = (
        "The text is attached."
        if attached
        else ("The file could not be attached; ", CommandLine(("postmortem", "show", number)), " shows the text.")
    )
    return Card(
        title=f"✅ Postmortem of incident #{number} is published (version {text_version})",
        level=Level.OK,
        body=((incident.title,), ("Approved by ", Person(postmortem.approved_by), ". "), where),
        more=("postmortem", "show", number, f"--version={text_version}"),
    )


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
    waits = version == postmortem.text_version != postmortem.approved_version and not unwritten(postmortem)
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
        buttons=(Button(label="Approve", argv=("postmortem", "approve", number), style="primary"),) if waits else (),
        hint=_how_to_comment(number) if waits else "",
        data=as_data(postmortem, incident) | {"shown_version": version, "sections": _sections(text)},
    )


def history(postmortem: Postmortem, versions: Sequence[Version]) -> Card:
    """Every kept version, newest first."""
    number = str(postmortem.id)
    rows = tuple(
        (
            f"{v.number}{' ✓' if v.number == postmortem.approved_version else ''}",
            Moment(v.at, "date"),
            Person(v.author),
            cut(v.reason, 120),
        )
        for v in sorted(versions, key=lambda v: -v.number)
    )
    return Card(
        title=f"{plural(len(rows), 'version')} of the postmortem of incident #{number}",
        level=Level.INFO,
        table=Table(columns=("Version", "When", "By", "Why"), rows=rows),
        footer="✓ is the published one." if postmortem.approved_version else "",
        hint=("Type ", Code(f"postmortem show {number} --version N" if rows else f"postmortem draft {number}"), "."),
        data={
            "number": postmortem.id,
            "approved_version": postmortem.approved_version,
            "versions": [
                {"version": v.number, "at": json_value(v.at), "author": v.author, "reason": v.reason} for v in versions
            ],
        },
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
        marks += [" ", Link(address, f"[#{number}]") if address else f"[#{number}]"]
    if statement.unverified:
        marks.append(f" ⚠️ unverified: {statement.unverified}")
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
    marked = sum(1 for part in postmortem.sections for statement in part.statements if statement.unverified)
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
        ". Approve publishes the text as it stands.",
    )


def _how_to_comment(number: str) -> Text:
    return ("Type ", Code(f'postmortem comment {number} --text "impact: …"'), " to change a section.")
