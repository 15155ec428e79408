"""What a page says in a few words, for channels that have no room for a card (pure)."""

from dataclasses import dataclass

from bot.cards.card import Card, Link
from bot.cards.marks import address, clean, parts, plain

TEST = "test"
"""Key of a card's data that marks a test page."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A page about alert `number`; None where the card is about something else. All texts are on one line."""

    number: int | None
    severity: str
    summary: str
    state: str = ""
    test: bool = False
    link: str = ""
    runbook: str = ""

    @property
    def headline(self) -> str:
        """Severity, number and summary: "CRITICAL #42: redis is down"."""
        return f"{self.severity.upper()} #{self.number}: {self.summary}" if self.number else self.summary


def notice(card: Card) -> Notice:
    """Read a card as a notice: from its data where it tells of an alert, else its title and first paragraph."""
    data = card.data
    links = {field.label: part.url for field in card.fields for part in parts(field.value) if isinstance(part, Link)}
    number = data.get("number")
    told = isinstance(number, int) and not isinstance(number, bool) and "severity" in data
    said = str(data.get("summary") or "") if told else " ".join([card.title, *map(plain, card.body[:1])])
    return Notice(
        number=number if told else None,
        severity=str(data["severity"]) if told else "",
        summary=one_line(said) or one_line(card.title),
        state=str(data.get("state", "")),
        test=bool(data.get(TEST)),
        link=address(links.get("Card", "")) or "",
        runbook=address(links.get("Runbook", "")) or "",
    )


def one_line(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(clean(text).split())
