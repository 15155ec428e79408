"""What all commands about one incident begin and end with: which one is meant, and how it came out."""

import re
from datetime import UTC, datetime, timedelta

from bot.cards.card import Card, Code, Level
from bot.command import Context, Usage
from bot.decision import Decision
from bot.incidents import cards, service
from bot.incidents.timeline import with_people
from bot.oncall import when
from bot.phrasing import cut
from storage.records.incidents import Incident

LONGEST_NAME = 40
LONGEST_NOTE = 3000
_SECONDS = re.compile(r"[0-9]{9,11}(\.[0-9]{1,9})?")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}")
CAUSES = "deploy, configuration, code, capacity, hardware, network, data, supplier, security or people"
"""Causes that most incidents have; all who use the same words can be compared."""


def one_word(typed: str) -> str:
    """What was typed as one short name, as statistics tell names apart; "" for nothing."""
    return cut(" ".join(typed.lower().split()), LONGEST_NAME)


async def meant(ctx: Context, number: int | None, *, follow: bool = True) -> int:
    """The number of the incident that the caller means and may see; in its channel it can be left out.

    In the channel of one that was merged, the one that goes on for it is meant, unless `follow` is False. What is
    asked about a private one is masked in the audit line. Raises `Usage`.
    """
    try:
        named = await service.numbered(ctx.ports, number, ctx.caller.channel, follow=follow)
        incident = await service.visible(ctx.ports, named, ctx.caller)
    except service.UnknownIncident as unknown:
        raise Usage(str(unknown), ("Type ", Code("incidents"), " for all of them.")) from None
    if incident.private:
        ctx.conceal()
    return named


def outcome(decision: Decision[Incident], what: str) -> Card:
    """The answer to a change: "Incident #3 resolved", or why it stays as it is."""
    incident = decision.state
    data = cards.as_data(incident) | {"changed": decision.changed, "reason": decision.reason}
    if decision.changed:
        return Card(title=f"Incident #{incident.id} {what}", level=Level.OK, data=data)
    return Card(
        title=f"Incident #{incident.id} stays as it is",
        level=Level.INFO,
        body=(with_people(f"{decision.reason}."),),
        data=data,
    )


def no_page(page: int, total: int, size: int) -> Usage:
    """There is no such page of a list."""
    return Usage(f"there is no page {page}", f"The last one is {-(-total // size)}.")


def moment(ctx: Context, typed: str) -> datetime:
    """When something happened, as it was typed on the clocks of the on-call zone, or as Slack counts seconds.

    A clock time alone is the last one. Raises `Usage`, also for what lies ahead.
    """
    now, said = ctx.ports.now(), typed.strip()
    try:
        if _SECONDS.fullmatch(said):
            return min(datetime.fromtimestamp(float(said), UTC), now)  # Slack's clock may be ahead of ours
        found = when.parse(said, now, ctx.ports.manage.oncall.timezone)
    except ValueError as wrong:
        raise Usage(str(wrong), ("For example ", Code('--at "2026-12-24 09:00"'), ".")) from None
    if found > now and _CLOCK.fullmatch(said):
        found -= timedelta(days=1)
    if found > now:
        raise Usage("that lies ahead", "A timeline tells what has happened.")
    return found


def said_here(ctx: Context, channel: str) -> None:
    """Refuse a message of another channel: who asks may not be in it, and others would read what was said there.

    Raises `Usage`.
    """
    if channel != ctx.caller.channel:
        raise Usage("a message is taken in its own channel alone", "Use its menu there, or say it in your own words.")


def components(ctx: Context, given: tuple[str, ...]) -> tuple[str, ...]:
    """The components of the status page that were named, each once; raises `Usage` with those that there are.

    Several may stand in one word, with commas between them, as a form sends them.
    """
    known = {component.name.casefold(): component.name for component in ctx.ports.manage.statuspage.components}
    named = [part for word in given for part in ([word] if word.casefold() in known else word.split(","))]
    words = [word.strip() for word in named if word.strip()]
    for word in words:
        if word.casefold() not in known:
            there = f"There are {', '.join(known.values())}." if known else "Name some under statuspage in manage.yml."
            raise Usage(f"there is no component {word!r}", there)
    return tuple(dict.fromkeys(known[word.casefold()] for word in words))
