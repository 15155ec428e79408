"""A postmortem as a Markdown file (pure)."""

from collections.abc import Sequence
from dataclasses import replace

from bot.cards.card import Card, Field, Moment, Person
from bot.cards.text import to_markdown
from bot.postmortems import cards
from bot.postmortems.cards import Sources
from storage.records.incidents import Incident
from storage.records.postmortems import Postmortem, Section, StatementKind


def name(incident: Incident, version: int) -> str:
    """The file's name."""
    return f"postmortem-{incident.id}-v{version}.md"


def document(
    postmortem: Postmortem, incident: Incident, text: Sequence[Section], sources: Sources, *, version: int
) -> str:
    """The whole text. Nothing in it that a person or a model wrote can become markup."""
    people = [Field(label=label, value=Person(person)) for label, person in sources.people.items()]
    head = Card(
        title=f"Postmortem of incident #{incident.id}: {incident.title}",
        fields=(
            Field(label="Severity", value=incident.severity.value),
            Field(label="Impact began", value=Moment(incident.started_at, "date")),
            *((Field(label="Resolved", value=Moment(incident.resolved_at, "date")),) if incident.resolved_at else ()),
            Field(label="Version", value=str(version)),
            *((Field(label="Approved by", value=Person(postmortem.approved_by)),) if postmortem.approved_by else ()),
            *people,
        ),
    )
    parts = [to_markdown(head)]
    parts += ["#" + to_markdown(_section(postmortem, part, sources)) for part in text]
    parts.append("Numbers in brackets are entries of the incident's journal.\n")
    return "\n".join(parts)


def _section(postmortem: Postmortem, part: Section, sources: Sources) -> Card:
    """The section as readers want it: how often it was changed, by whom and who approved it matters to reviewers."""
    words = tuple(s if s.kind is StatementKind.NOTE else replace(s, author="") for s in part.statements)
    card = cards.section(postmortem, replace(part, statements=words, revision=1, approved_by=""), sources)
    return replace(card, hint="")
