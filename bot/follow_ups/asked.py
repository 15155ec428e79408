"""What all commands about follow-ups begin with: which one is meant, who, and when."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from bot.cards.card import Code, CommandLine
from bot.command import Context, Usage
from bot.follow_ups import days, service, showing
from bot.incidents.asking import meant as meant_incident
from bot.oncall.people import USER
from bot.ports import ChatError
from storage.tables import incidents

_LEADING = re.compile(r"#?[1-9][0-9]{0,8}")
ME, NOBODY = frozenset({"", "me", "@me"}), frozenset({"nobody", "none", "@nobody", "-"})
UNKNOWN = frozenset({"user_not_found", "users_not_found", "user_not_visible"})


async def meant(ctx: Context, number: int) -> service.View:
    """The follow-up that the caller means and may see; what is asked about a private one is masked in the audit line.

    Raises `Usage`.
    """
    try:
        seen = await service.visible(ctx.ports, number, ctx.caller)
    except service.UnknownFollowUp as unknown:
        raise Usage(str(unknown), ("Type ", CommandLine(("followups",)), " for those that are open.")) from None
    if seen.private:
        ctx.conceal()
    return seen


async def incident_of(ctx: Context, number: int | None) -> int | None:
    """The incident named, else that of the channel, None where there is none. Raises `Usage`."""
    if number is None:
        async with ctx.ports.store.read() as conn:
            if await incidents.by_channel(conn, ctx.caller.channel) is None:
                return None
    return await meant_incident(ctx, number)


async def about(ctx: Context, words: Sequence[str], number: int | None) -> tuple[Sequence[str], int | None]:
    """The words of a title, and the incident of the follow-up: the one named, a number before the title, the channel's.

    A number is one before the title where it is written #12, or where all after it is in quotes. Beside `--incident`,
    and in an incident's own channel unless it names that one, it is the title's. Raises `Usage`, also where it may be
    either.
    """
    channel = await incident_of(ctx, number)
    first, rest = words[0], words[1:]
    if not rest or not _LEADING.fullmatch(first):
        return words, channel
    meant_by_it = int(first.lstrip("#"))
    apart = first.startswith("#") or (len(rest) == 1 and len(rest[0].split()) > 1)
    if channel is not None:
        return (rest if apart and number is None and meant_by_it == channel else words), channel
    if apart:
        return rest, await meant_incident(ctx, meant_by_it)
    try:
        await meant_incident(ctx, meant_by_it)
    except Usage:
        return words, None  # there is no such incident: the number can only be the title's
    raise Usage(
        f"`{first}` may be incident #{first} or the first word of the title",
        ("Say ", Code(f"--incident {first}"), " in its place for the incident, or put the whole title in quotes."),
    )


async def owner(ctx: Context, said: str, incident: int | None) -> str:
    """The user id of whoever is meant to have it: "me", "nobody" ("" then), a mention or an id. Raises `Usage`."""
    named = said.strip()
    if named.lower() in NOBODY:
        return ""
    who = ctx.caller.id if named.lower() in ME else named.strip("<@>").partition("|")[0]
    if not USER.fullmatch(who):
        raise Usage(
            f"`{(named or ctx.caller.id)[:60]}` is no user of Slack",
            ("Mention them (@…), give their id like U012AB3CD, or say ", Code("nobody"), "."),
        )
    await _exists(ctx, who)
    if not await service.belongs(ctx.ports, incident, who):
        raise Usage(
            f"@{who} does not belong to the private incident #{incident}", "Invite them into its channel first."
        )
    return who


async def day(ctx: Context, said: str) -> date | None:
    """The day on which something is to be due, on the caller's calendar; None for none. Raises `Usage`."""
    if said.strip().lower() in {"", *days.NONE}:
        return None
    try:
        return days.read(said, ctx.ports.now(), await showing.zone_of(ctx.ports, ctx.caller.id))
    except ValueError as wrong:
        raise Usage(str(wrong), ("For example ", Code("14d"), ".")) from None


async def today(ctx: Context) -> date:
    """The day that it is for the caller."""
    return days.today_in(await showing.zone_of(ctx.ports, ctx.caller.id), ctx.ports.now())


async def yesterday(ctx: Context) -> date:
    """The last day that is over for the caller."""
    return await today(ctx) - timedelta(days=1)


async def _exists(ctx: Context, user: str) -> None:
    if ctx.ports.chat is None:
        return
    try:
        profile = await ctx.ports.chat.profile(user)
    except ChatError as refused:
        if refused.code in UNKNOWN:
            raise Usage(f"Slack knows no user {user}", "Mention them (@…), or look up their id.") from None
        return  # Slack is away: what was typed counts
    if profile.gone:
        raise Usage(f"the account of @{user} is closed", "Choose somebody who can be reminded.")
