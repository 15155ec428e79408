"""What is said of test pages (pure)."""

from collections.abc import Iterable

from bot.cards.card import Button, Card, Code, Level, Person, Table
from bot.phrasing import plural

_SAID = {True: "✅ delivered", False: "❌ failed", None: "not tried"}


def outcomes(user: str, found: Iterable[tuple[str, bool | None, str]], *, own: bool) -> Card:
    """What came of a test page: channel, whether it was delivered (None: not tried), receipt or reason."""
    rows = tuple(found)
    failed = sum(delivered is False for _, delivered, _ in rows)
    reached = sum(delivered is True for _, delivered, _ in rows)
    level = Level.BAD if failed or not reached else Level.OK
    title = f"Test page: {plural(reached, 'channel')} reached, {failed} failed"
    whom = "you" if own else Person(user)
    return Card(
        title=title,
        level=level,
        body=(("These are the channels that could tell ", whom, ". Delivered means that the provider took it."),),
        table=Table(
            columns=("Channel", "Outcome", "Receipt or reason"),
            rows=tuple((via, _SAID[delivered], detail) for via, delivered, detail in rows),
        ),
        buttons=(Button(label="Send it again", argv=("oncall", "test", user)),),
        hint=("Set how you are reached: ", Code("oncall me set")) if own else "",
        data={
            "title": title,
            "level": level.value,
            "user": user,
            "channels": [{"via": via, "delivered": delivered, "detail": detail} for via, delivered, detail in rows],
        },
    )
