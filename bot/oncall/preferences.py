"""What people set for themselves: read as they type it, written with its fact."""

import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import timedelta

from bot.config import durations
from bot.config.errors import nearest
from bot.config.hours import known_zone
from bot.config.people import email_of, phone_of
from bot.config.schedule_mistakes import PERSONAL_CHANNELS
from bot.events import PreferencesSet, payload_of
from bot.ports import Ports
from storage.records.people import Preferences, Rule
from storage.tables import people as table
from storage.unit_of_work import UnitOfWork

MOST = 10
CLEAR = frozenset({"none", "-"})
"""What empties a setting."""


class Wrong(ValueError):
    """A setting cannot be taken; the text names it and what is allowed."""


def rules_of(text: str, channels: Collection[str]) -> tuple[Rule, ...]:
    """The rules that "slack immediately, sms after 2 min, phone after5min" spells, in order of time (pure).

    Raises `Wrong`.
    """
    found = []
    for part in (p.strip() for p in re.split(r"[,;\n]", text) if p.strip()):
        via, _, said = part.partition(" ")
        if via not in channels:
            raise Wrong(f'"{via[:40]}" is no channel: {", ".join(channels)}{nearest(via, channels)}')
        try:
            after = durations.parse_after(said.replace(" ", "") or "immediately")
        except ValueError as error:
            raise Wrong(f'"{said[:40]}" after {via} is no delay: {error}') from None
        if after > timedelta(days=1):
            raise Wrong(f'"{said[:40]}" after {via} is more than a day')
        found.append(Rule(after, via))
    if not found or len(found) > MOST:
        raise Wrong(f'1 to {MOST} rules, like "slack immediately, sms after2min, phone after5min"')
    return tuple(sorted(dict.fromkeys(found), key=lambda rule: rule.after))


def spelled(rules: Collection[Rule]) -> str:
    """The rules as `rules_of` reads them."""
    return ", ".join(
        f"{rule.via} {'after' + durations.spell(rule.after) if rule.after else 'immediately'}" for rule in rules
    )


def channels(ports: Ports) -> tuple[str, ...]:
    """The channels that personal rules may name."""
    return tuple(dict.fromkeys([*PERSONAL_CHANNELS, *ports.manage.notifications]))


def masked(phone: str) -> str:
    """A phone number as others may see it: its country and its last two digits."""
    return f"{phone[:3]}••••{phone[-2:]}" if len(phone) > 6 else "••••" if phone else ""


async def change(
    ports: Ports, user: str, *, by: str, phone: str = "", email: str = "", timezone: str = "", rules: str = ""
) -> Preferences:
    """Set what is given for `user`; "none" clears it, "" leaves it. Raises `Wrong`."""
    given = {
        "phone": _taken("phone", phone, phone_of),
        "email": _taken("email", email, email_of),
        "timezone": _taken("timezone", timezone, known_zone),
        "rules": () if rules in CLEAR else rules_of(rules, channels(ports)) if rules else None,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    if not changes:
        raise Wrong("nothing to set: give --phone, --email, --timezone or --rules")
    now = ports.now()

    async def work(unit: UnitOfWork) -> Preferences:
        old = await table.get(unit.conn, user, lock=True) or Preferences(user=user, updated_at=now)
        new = replace(old, updated_at=now, **changes)  # type: ignore[arg-type] # each under its own name
        await unit.save(new)
        event = PreferencesSet(user=user, fields=tuple(changes))
        entry = await unit.append(
            at=now, kind="PreferencesSet", subject=event.subject, actor=by, payload=payload_of(event)
        )
        await unit.enqueue(ports.jobs_for(entry))
        return new

    return await ports.store.transact(work)


def _taken(name: str, said: str, read: Callable[[str], str]) -> str | None:
    value = said.strip()
    if not value:
        return None
    if value.lower() in CLEAR:
        return ""
    try:
        return read(value)
    except ValueError as error:
        raise Wrong(f'--{name} "{value[:60]}": {error}') from None
