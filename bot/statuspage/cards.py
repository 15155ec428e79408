"""What people inside are shown of the status page (pure)."""

from collections.abc import Mapping, Sequence

from bot.cards.card import Accent, Button, Card, Code, CommandLine, Field, Level, Moment, Person, Table, Text
from bot.phrasing import plural
from bot.statuspage.decide import Condition, Page
from bot.statuspage.notices import WITHDRAWN, title
from bot.statuspage.uptime import percent
from bot.statuspage.wording import TEMPLATE
from storage.records.notices import Notice, NoticeStatus

_UNNAMED = "/status at the bot's HTTP door; set PUBLIC_URL, and it stands here whole"
_LEVELS = {Condition.OPERATIONAL: Level.OK, Condition.PARTIAL: Level.BAD, Condition.OUTAGE: Level.BAD}


def notice(one: Notice, remark: str = "") -> Card:
    """A public text with what can be done about it; once it is decided on, with what became of it."""
    return Card(
        title=f"📢 {_HEADS[one.status]}: {title(one)} ({one.phase})",
        level=Level.OK if one.status is NoticeStatus.PUBLISHED else Level.INFO,
        accent=_ACCENTS[one.status],
        body=(one.text, *((remark,) if remark else ())),
        fields=(
            Field(label="Incident", value=f"#{one.incident}"),
            *((Field(label="Components", value=how(one.components)),) if one.components else ()),
            Field(label="Worded by", value=_author(one)),
            *((Field(label=_DECIDED[one.status], value=_decided(one)),) if one.decided_at else ()),
        ),
        buttons=_buttons(one),
        footer="Nobody outside sees this before somebody publishes it."
        if one.status is NoticeStatus.PROPOSED
        else f"Notice {one.id}",
        data=as_data(one),
    )


def overview(page: Page, notices: Sequence[Notice], pages: Sequence[str], address: str) -> Card:
    """The components as the public sees them, and the latest notices; `address` is "" where nobody set it."""
    rows = tuple(
        (
            one.name,
            one.condition.words,
            Moment(one.since, "date") if one.since else "",
            percent(one.uptime.up) if one.uptime else "",
        )
        for one in page.components
    )
    waiting = [one for one in notices if one.status is NoticeStatus.PROPOSED]
    return Card(
        title=f"{page.title}: {page.condition.words}" if rows else "The status page shows no component",
        level=_LEVELS.get(page.condition, Level.WARNING) if rows else Level.INFO,
        table=Table(columns=("Component", "Is", "Since", "Up, 90 days"), rows=rows) if rows else None,
        steps=tuple(_line(one) for one in notices),
        body=() if rows else (("Name components under ", Code("statuspage"), " in manage.yml."),),
        fields=(
            Field(label="Address", value=address or _UNNAMED),
            *((Field(label="Told as well", value=", ".join(pages)),) if pages else ()),
        ),
        buttons=tuple(
            Button(label=f"Publish notice {one.id}", argv=("status", "publish", str(one.id)), form=True)
            for one in waiting[-3:]
        ),
        footer=plural(len(waiting), "text waits", "texts wait") + " for somebody" if waiting else "",
        data={
            "title": page.title,
            "status": page.condition.value,
            "components": [{"name": one.name, "status": one.condition.value} for one in page.components],
            "notices": [as_data(one) for one in notices],
        },
    )


def decided(one: Notice, *, changed: bool, reason: str) -> Card:
    """The answer to whoever published or discarded it."""
    data = as_data(one) | {"changed": changed, "reason": reason}
    if changed:
        return Card(title=f"Notice {one.id} is {one.status.value}", level=Level.OK, data=data)
    return Card(title=f"Notice {one.id} stays as it is", level=Level.INFO, body=(f"{reason}.".capitalize(),), data=data)


def withdrawn(one: Notice, pages: Sequence[str]) -> Card:
    """The answer to whoever took it back: where it is gone, and where it is not."""
    gone = "The status page and its feed show it no more; feed readers that fetched it may keep it."
    asked = f"Asked to say “{WITHDRAWN}” in its place: {', '.join(pages)}. What they sent to subscribers stays sent."
    return Card(
        title=f"Notice {one.id} is withdrawn",
        level=Level.OK,
        body=(gone, *((asked,) if pages else ())),
        hint=("To say something else, type ", CommandLine(("status", "say", str(one.incident), "--text", "…")), "."),
        data=as_data(one) | {"changed": True, "told": list(pages)},
    )


def preview(one: Notice, pages: Sequence[str]) -> Card:
    """What everybody would read, before it is published."""
    return Card(
        title=f"Everybody would read: {title(one)} ({one.phase})",
        level=Level.INFO,
        body=(one.text,),
        fields=(
            Field(label="Incident", value=f"#{one.incident}"),
            Field(label="Components", value=how(one.components) or "none that the page shows"),
            Field(label="Where", value=", ".join(("/status", *pages))),
        ),
        hint="Nothing was published. Leave --dry-run out to do it.",
        data={"changed": False, "title": title(one)} | as_data(one) | {"notice": None, "status": None},
    )


def synced(pages: Sequence[str], incidents: int) -> Card:
    """The answer to whoever asked for the outside pages to be told again."""
    if not pages:
        return Card(
            title="There is no outside status page",
            body=(("Name some under ", Code("statuspage.pages"), " in manage.yml."),),
            data={"pages": [], "incidents": 0},
        )
    return Card(
        title=f"Telling {plural(len(pages), 'page')}",
        level=Level.OK,
        body=(f"{', '.join(pages)}: all components, and {plural(incidents, 'incident')}.",),
        hint=("What fails is said on the incident's card. ", CommandLine(("status",)), " shows what they are told."),
        data={"pages": list(pages), "incidents": incidents},
    )


def as_data(one: Notice) -> dict[str, object]:
    """The notice as JSON values."""
    return {
        "notice": one.id,
        "incident": one.incident,
        "phase": one.phase,
        "text": one.text,
        "components": dict(one.components),
        "author": one.author,
        "status": one.status.value,
        "decided_by": one.decided_by or None,
        "decided_at": one.decided_at.isoformat() if one.decided_at else None,
    }


def how(components: Mapping[str, str]) -> str:
    """How the components are, in words."""
    return ", ".join(f"{name} ({words})" for name, words in components.items())


_HEADS = {
    NoticeStatus.PROPOSED: "Proposed",
    NoticeStatus.PUBLISHED: "Published",
    NoticeStatus.DISCARDED: "Discarded",
    NoticeStatus.WITHDRAWN: "Withdrawn",
}
_DECIDED = _HEADS | {NoticeStatus.WITHDRAWN: "Was published"}
_ACCENTS = {
    NoticeStatus.PROPOSED: Accent.TAKEN,
    NoticeStatus.PUBLISHED: Accent.GOOD,
    NoticeStatus.DISCARDED: Accent.CALM,
    NoticeStatus.WITHDRAWN: Accent.CALM,
}


def _author(one: Notice) -> Text:
    return "a template" if one.author == TEMPLATE else Person(one.author)


def _decided(one: Notice) -> Text:
    at = Moment(one.decided_at, "date") if one.decided_at else ""
    if one.status is NoticeStatus.DISCARDED and one.decided_by == "bot":
        return ("it is out of date since ", at)
    return ("by ", Person(one.decided_by), " at ", at)


def _line(one: Notice) -> Text:
    at = Moment(one.decided_at or one.created_at, "date")
    return (at, f" · notice {one.id} for incident #{one.incident}, {one.phase}, {one.status.value}: ", one.text)


def _buttons(one: Notice) -> tuple[Button, ...]:
    number = str(one.id)
    if one.status is NoticeStatus.PUBLISHED:
        sure = "Take this text off the status page and its feed? Outside pages are asked to replace it."
        return (Button(label="Withdraw", argv=("status", "withdraw", number), confirm=sure),)
    if one.status is not NoticeStatus.PROPOSED:
        return ()
    return (
        Button(
            label="Publish",
            argv=("status", "publish", number),
            style="primary",
            confirm="Publish this text on the status page? Everybody can read it then.",
        ),
        Button(label="Edit", argv=("status", "publish", number), form=True),
        Button(label="Discard", argv=("status", "discard", number)),
    )
