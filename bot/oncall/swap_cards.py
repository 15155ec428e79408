"""What offers to swap say (pure)."""

from bot.cards.card import Accent, Button, Card, CommandLine, Field, Level, Moment, Person, Text
from storage.records.rota import Swap, SwapState

_ENDINGS = {
    SwapState.WITHDRAWN: "The offer was withdrawn.",
    SwapState.PAST_DUE: "Nobody took it in time; the schedule stays as it is.",
}


def swap(offer: Swap) -> Card:
    """The live card of an offer; its buttons go when it is closed."""
    number = str(offer.id)
    is_open = offer.state is SwapState.OPEN
    outcome: tuple[Text, ...] = ()
    if offer.state is SwapState.TAKEN:
        outcome = ((Person(offer.taken_by), " is on call instead of ", Person(offer.offered_by), "."),)
    elif not is_open:
        outcome = (_ENDINGS[offer.state],)
    return Card(
        title=f"Swap #{offer.id}: who takes this time?" if is_open else f"Swap #{offer.id} is {_word(offer)}",
        level=Level.OK,
        accent=Accent.MEDIUM if is_open else Accent.GOOD if offer.state is SwapState.TAKEN else Accent.CALM,
        body=(*outcome, *((offer.comment,) if offer.comment else ())),
        fields=(
            Field(label="Of", value=Person(offer.offered_by)),
            Field(label="Schedule", value=offer.schedule),
            Field(label="From", value=Moment(offer.starts_at, "date")),
            Field(label="Until", value=Moment(offer.ends_at, "date")),
        ),
        buttons=(
            Button(label="Take it", argv=("oncall", "swap", "take", number), style="primary"),
            Button(label="Withdraw", argv=("oncall", "swap", "withdraw", number)),
        )
        if is_open
        else (),
        data={"swap": offer.id, "state": offer.state.value, "taken_by": offer.taken_by or None},
    )


def _word(offer: Swap) -> str:
    return "past due" if offer.state is SwapState.PAST_DUE else offer.state.value


def taken(offer: Swap) -> Card:
    """What both are told of a taken swap."""
    return Card(
        title=f"Swap #{offer.id} is taken",
        level=Level.OK,
        body=(
            (
                Person(offer.taken_by),
                " takes the time of ",
                Person(offer.offered_by),
                f" in {offer.schedule} from ",
                Moment(offer.starts_at, "date"),
                " until ",
                Moment(offer.ends_at, "date"),
                ".",
            ),
        ),
        hint=("See all overrides: ", CommandLine(("oncall", "overrides"))),
    )
