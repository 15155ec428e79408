"""How a person is reached, as a card and as the values of its form."""

from collections.abc import Mapping

from bot.cards.card import Button, Card, Field, Level
from bot.oncall.people import AT_ONCE, Person, person
from bot.oncall.preferences import masked, spelled
from bot.permissions import Caller
from bot.ports import Ports


def card(who: Person, *, own: bool) -> Card:
    """How somebody is reached (pure); the number is told in full to nobody, cards are kept in many places."""
    rules = spelled(who.rules) + (" (nothing else is set)" if who.rules == AT_ONCE else "")
    missing = sorted({rule.via for rule in who.rules if rule.via in {"sms", "phone"}}) if not who.phone else []
    return Card(
        title="How you are reached" if own else f"How {who.user} is reached",
        level=Level.WARNING if missing else Level.OK,
        fields=(
            Field(label="Notified", value=rules),
            Field(label="Phone", value=masked(who.phone) or "not set"),
            Field(label="Email", value=who.email or "not known"),
            Field(label="Time zone", value=who.timezone),
        ),
        body=(f"Without a phone number nothing comes by {' or '.join(missing)}.",) if missing else (),
        buttons=(Button(label="Change", argv=("oncall", "me", "set"), form=True),) if own else (),
        data={
            "user": who.user,
            "phone": masked(who.phone) or None,
            "email": who.email or None,
            "timezone": who.timezone,
            "rules": [{"after": rule.after.total_seconds(), "via": rule.via} for rule in who.rules],
        },
    )


async def prefill(ports: Ports, caller: Caller) -> Mapping[str, str]:
    """What stands in the form when the caller opens it: what counts for them now."""
    who = await person(ports, caller.id)
    return {"phone": who.phone, "email": who.email, "timezone": who.timezone, "rules": spelled(who.rules)}
