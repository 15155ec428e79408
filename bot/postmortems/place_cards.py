"""What is said of an approved postmortem: that it is public, and where it is kept (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.cards.card import Button, Card, CommandLine, Level, Link, Person, Text
from bot.cards.marks import address
from bot.postmortems.cards import follow_up_buttons
from storage.records.incidents import Incident
from storage.records.postmortems import Postmortem


@dataclass(frozen=True, kw_only=True)
class Place:
    """How a further place stands to the published version: stored (`address` may be ""), failed, or on its way.

    `again` says whether people may ask for another try.
    """

    name: str
    stored: bool = False
    address: str = ""
    error: str = ""
    mend: str = ""
    again: bool = True


def published(
    postmortem: Postmortem, incident: Incident, text_version: int, places: Sequence[Place], *, attached: bool
) -> Card:
    """The message that tells of an approved version, with every place where it is kept."""
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
        steps=tuple(map(_state, places)),
        buttons=(*follow_up_buttons(postmortem), *(_again(number, p) for p in places if p.error and p.again)),
        more=("postmortem", "show", number, f"--version={text_version}"),
    )


def trouble(postmortem: Postmortem, place: Place, *, text_version: int) -> Card:
    """The message that a place does not take the text, and, in its place later, that it has."""
    number = str(postmortem.id)
    if not place.error:
        done = "is stored now" if place.stored else "is being stored again"
        return Card(
            title=f"Postmortem of incident #{number} {done}: {place.name}",
            level=Level.OK if place.stored else Level.INFO,
            body=(_state(place),),
        )
    return Card(
        title=f"Postmortem of incident #{number} could not be stored: {place.name}",
        level=Level.BAD,
        body=(place.error, *((place.mend,) if place.mend else ())),
        buttons=(_again(number, place),) if place.again else (),
        footer=f"Version {text_version} is approved and kept here whatever that place says.",
    )


def stores(postmortem: Postmortem, places: Sequence[Place], *, text_version: int) -> Card:
    """Says that the approved text is on its way to the places once more."""
    return Card(
        title=f"Version {text_version} of the postmortem of incident #{postmortem.id} is being stored again",
        level=Level.OK,
        steps=tuple(f"⏳ {place.name}" for place in places),
        data={"number": postmortem.id, "text_version": text_version, "places": [place.name for place in places]},
    )


def _state(place: Place) -> Text:
    if place.error:
        return f"❌ {place.name}: {place.error}" + (f" {place.mend}" if place.mend else "")
    if not place.stored:
        return f"⏳ {place.name}: on its way"
    if address(place.address):
        return (f"✅ {place.name}: ", Link(place.address, "open it"))
    return f"✅ {place.name}" + (f": {place.address}" if place.address else "")


def _again(number: str, place: Place) -> Button:
    return Button(label=f"Try {place.name} again", argv=("postmortem", "publish", number, f"--place={place.name}"))
