"""What the assistant says (pure)."""

from collections.abc import Sequence

from bot.assistant.reading import UNKNOWN, Read
from bot.assistant.steps import Offer, Ran
from bot.cards.card import Button, Card, Code, CommandLine, Level, Mark, Text
from bot.phrasing import cut, listing, plural

TITLE = 100
LABEL = 40


def unset() -> Card:
    """No language model is configured."""
    return Card(
        title="Questions need a language model",
        level=Level.WARNING,
        body=(
            (
                "None is set up. Set ",
                Code("OPENAI_API_KEY"),
                ", or ",
                Code("OPENAI_BASE_URL"),
                " for another server that speaks OpenAI's API, and ",
                Code("OPENAI_MODEL"),
                "; then start the bot again.",
            ),
        ),
        hint=("Commands work without one: ", CommandLine(("help",)), "."),
    )


def looking(question: str, ran: Sequence[Ran], line: Sequence[str] = ()) -> Card:
    """What is seen while nothing is written yet: the last step is what is being looked at."""
    steps: list[Text] = [CommandLine(one.argv) for one in ran]
    if line:
        steps.append(("looking at ", CommandLine(tuple(line))))
    return Card(title=_title(question), steps=tuple(steps or ["thinking"]))


def writing(question: str, so_far: Read) -> Card:
    """The answer while it is being written."""
    return Card(title=_title(question), body=so_far.paragraphs)


def answered(
    question: str, read: Read, ran: Sequence[Ran], offers: Sequence[Offer], *, model: str, below: bool
) -> Card:
    """The answer with what it rests on, what in it does not, and the changes that it proposes.

    `below` says that it stands right below the question, which then need not be said again.
    """
    notes: list[Text] = []
    if read.unknown:
        numbers = listing([f"[{number}{UNKNOWN}]" for number in read.unknown])
        notes.append(f"⚠ {numbers}: nothing was looked at under that number, so what it is said of is not verified.")
    if offers:
        shown = [part for offer in offers for part in ("\n", Code(offer.line))]
        notes.append((f"{plural(len(offers), 'change')} proposed, nothing done yet:", *shown))
    return Card(
        title="" if below else _title(question),
        body=(*read.paragraphs, *notes),
        buttons=tuple(map(_button, offers)),
        footer=(*_sources(ran), f" Written by {model}: check it before you act on it."),
        data={
            "question": question,
            "ran": [{"argv": list(one.argv), "outcome": one.level.value} for one in ran],
            "cited": sorted(read.cited),
            "unverified": list(read.unknown),
            "proposed": [list(offer.argv) for offer in offers],
            "model": model,
        },
    )


def failed(question: str, why: str, ran: Sequence[Ran]) -> Card:
    """The model gave no answer."""
    return Card(
        title=_title(question),
        level=Level.BAD,
        body=(f"There is no answer: {why}.",),
        footer=_sources(ran) if ran else "",
        hint=("Commands work without it: ", CommandLine(("help",)), "."),
    )


def _title(question: str) -> str:
    return cut(" ".join(question.split()), TITLE)


def _button(offer: Offer) -> Button:
    return Button(label=f"Run {cut(offer.line, LABEL)}", argv=offer.argv, confirm=f"This runs as you: {offer.line}")


def _sources(ran: Sequence[Ran]) -> tuple[str | Mark, ...]:
    if not ran:
        return ("No command was looked at.",)
    said: list[str | Mark] = ["Looked at: "]
    for number, one in enumerate(ran, 1):
        outcome = {Level.BAD: " (bad news)", Level.USAGE: " (wrong usage)", Level.DENIED: " (not allowed)"}
        said += [f"[{number}] ", CommandLine(one.argv), outcome.get(one.level, "")]
        said.append(", " if number < len(ran) else ".")
    return tuple(said)
