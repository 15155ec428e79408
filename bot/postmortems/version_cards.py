"""What is said of the versions of a postmortem and of what changed between them (pure)."""

from collections.abc import Iterable, Sequence

from bot.cards.card import Bold, Card, Code, CommandLine, Level, Mark, Moment, Person, Table, Text
from bot.cards.json import json_value
from bot.cards.marks import parts
from bot.phrasing import cut, plural
from bot.postmortems import sections
from bot.postmortems.cards import Sources, line
from bot.postmortems.changes import ADDED, REMOVED, Change, SectionChange
from storage.records.postmortems import Postmortem, Section, Version


def changed(
    part: Section, changes: Iterable[Change], sources: Sources, *, text_version: int, by: str, why: str, taken_back: str
) -> Card:
    """The note in the thread that shows what has changed in a section: removed and added sentences, and who by.

    `why` is what was asked for, `taken_back` who had approved the text before.
    """
    steps = tuple(_told(change, sources) for change in changes)
    lost: Text = ("The approval of ", Person(taken_back), " was for the text before.") if taken_back else ""
    return Card(
        title=f"{sections.title(part.name)} changed",
        level=Level.OK,
        body=(("By ", Person(by), f": {why}" if why else ""), *((lost,) if taken_back else ())),
        steps=steps,
        footer=f"Version {text_version}, revision {part.revision} of the section.",
    )


def unchanged(name: str, *, why: str) -> Card:
    """The note in the thread that nothing came of a wish."""
    return Card(
        title=f"{sections.title(name)} stays as it is", level=Level.INFO, body=(f"{why[:1].upper()}{why[1:]}.",)
    )


def difference(
    postmortem: Postmortem, changes: Sequence[SectionChange], sources: Sources, *, old: int, new: int
) -> Card:
    """What leads from one kept version to another."""
    number = str(postmortem.id)
    body: list[Text] = []
    for one in changes:
        told: list[str | Mark] = [Bold(sections.title(one.name))]
        for change in one.changes:
            told += ["\n", *parts(_told(change, sources))]
        body.append(tuple(told))
    return Card(
        title=f"Postmortem of incident #{number}: from version {old} to {new}",
        level=Level.INFO,
        body=tuple(body) or ("Nothing has changed between them.",),
        footer=f"{REMOVED} is what was removed, {ADDED} what was added." if changes else "",
        hint=("Type ", CommandLine(("postmortem", "versions", number)), " for all versions."),
        data={
            "number": postmortem.id,
            "from": old,
            "to": new,
            "sections": [
                {"section": one.name, "changes": [{"kind": c.kind} | _data(c) for c in one.changes]} for one in changes
            ],
        },
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
        hint=(
            (
                "Type ",
                Code(f"postmortem show {number} --version N"),
                " or ",
                Code(f"postmortem diff {number} --from A"),
                ".",
            )
            if rows
            else ("Type ", Code(f"postmortem draft {number}"), ".")
        ),
        data={
            "number": postmortem.id,
            "approved_version": postmortem.approved_version,
            "versions": [
                {"version": v.number, "at": json_value(v.at), "author": v.author, "reason": v.reason} for v in versions
            ],
        },
    )


def _told(change: Change, sources: Sources) -> Text:
    said = parts(line(change.statement, sources))
    match change.kind:
        case "removed":
            return (f"{REMOVED} ", *said)
        case "added":
            return (f"{ADDED} ", *said)
        case "sources":
            return ("🔗 other sources: ", *said)


def _data(change: Change) -> dict[str, object]:
    return {"text": change.statement.text, "evidence": list(change.statement.evidence)}
