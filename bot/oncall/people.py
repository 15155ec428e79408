"""How people are reached: what they set for themselves, over manage.yml, over what Slack knows of them."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from bot.config.people import phone_of
from bot.ports import ChatError, Ports, Profile
from storage.records.people import Preferences, Rule
from storage.tables import people as table

if TYPE_CHECKING:
    from bot.config.people import PersonConfig

AT_ONCE = (Rule(timedelta(0), "slack"),)
"""The rules of whoever chose none."""
PATIENCE = 2.0
"""Seconds that anybody waits for what Slack knows of a person: a page must not."""
USER = re.compile(r"[UW][A-Z0-9]{2,20}")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Person:
    """How to reach a person: addresses, time zone (an IANA name), and their own notification rules in order of time.

    `rules` always hold one: who chose none is told in Slack at once.
    """

    user: str
    email: str = ""
    phone: str = ""
    timezone: str = "UTC"
    rules: tuple[Rule, ...] = AT_ONCE


async def person(ports: Ports, user: str, *, wanted: Sequence[str] = ("email", "timezone")) -> Person:
    """How to reach that Slack user. Slack being away, or not knowing them, leaves out what only it knows.

    Slack is asked only when something `wanted` is not known otherwise: a page by phone must not wait for it.
    """
    async with ports.store.glance() as conn:
        own = await table.get(conn, user)
    said = ports.manage.people.get(user)
    known = all(_first(name, own, said) for name in wanted)
    return combined(user, own, said, None if known else await _profile(ports, user), ports.manage.oncall.timezone)


def combined(
    user: str, own: Preferences | None, said: "PersonConfig | None", profile: Profile | None, zone: str
) -> Person:
    """The person out of the three sources (pure); `zone` is for whoever has none."""
    rules = own.rules if own and own.rules else ()
    if not rules and said:
        rules = tuple(Rule(after, via) for after, several in said.notify.items() for via in several)
    return Person(
        user=user,
        email=_first("email", own, said, profile),
        phone=_first("phone", own, said),
        timezone=_first("timezone", own, said, profile) or zone,
        rules=tuple(sorted(rules, key=lambda rule: rule.after)) or AT_ONCE,
    )


def reach(person: Person, via: str) -> str:
    """The person's own target for a kind of channel (or a channel named like its kind), "" when none is known."""
    match via:
        case "slack":
            return f"@{person.user}"
        case "sms" | "phone" | "voice" | "call":
            return person.phone
        case "email" | "mail" | "smtp":
            return person.email
        case _:
            return ""


async def by_phone(ports: Ports, number: str) -> str:
    """The Slack id of whose number that is (E.164, separators allowed), "" when nobody's."""
    try:
        wanted = phone_of(number)
    except ValueError:
        return ""
    if not wanted:
        return ""
    async with ports.store.read() as conn:
        own = await table.by_phone(conn, wanted)
    if own:
        return own[0].user
    return next((user for user, said in ports.manage.people.items() if said.phone == wanted), "")


async def by_email(ports: Ports, address: str) -> str:
    """The Slack id of whose address that is, in any case of letters, "" when nobody's or Slack cannot be asked."""
    wanted = address.strip().lower()
    if not wanted:
        return ""
    async with ports.store.read() as conn:
        own = await table.by_email(conn, wanted)
    if own:
        return own[0].user
    if user := next((user for user, said in ports.manage.people.items() if said.email.lower() == wanted), ""):
        return user
    if ports.chat is None:
        return ""
    try:
        async with asyncio.timeout(PATIENCE):
            return await ports.chat.by_email(wanted)
    except (ChatError, TimeoutError) as error:
        _log.warning("slack_address_unknown", error=str(error) or "no answer in time")
        return ""


def _first(name: str, *sources: object) -> str:
    return next((value for source in sources if source and (value := getattr(source, name))), "")


async def _profile(ports: Ports, user: str) -> Profile | None:
    if ports.chat is None or not USER.fullmatch(user):
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return await ports.chat.profile(user)
    except (ChatError, TimeoutError) as error:
        _log.warning("slack_profile_unknown", user=user, error=str(error) or "no answer in time")
        return None
