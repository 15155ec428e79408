"""Whom a step means now: asked of the rota, of people's settings and, within seconds, of Slack."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from bot.alerts.escalation import Whom
from bot.config.escalation import PEOPLE, PERSONAL, Step
from bot.oncall import people
from bot.oncall.people import Person
from bot.oncall.service import everyone
from bot.ports import ChatError, Ports
from storage.records.alerts import Alert
from storage.tables import instances

PATIENCE = 2.0
"""Seconds that a page waits for Slack to say who belongs to a group."""
KINDS = ("slack", "sms", "phone", "email")
"""Kinds of channels that reach a person, in the order in which one stands in for another."""

_log = structlog.get_logger(__name__)


async def on_call(ports: Ports, steps: Iterable[Step]) -> Whom:
    """All who are on call for these steps, and where to turn to while nobody is."""
    schedules = {word.partition(":")[2] for step in steps for word in step.notify if word.startswith("oncall")}
    return replace(nobody(ports), oncall={name: await everyone(ports, name) for name in sorted(schedules | {""})})


def nobody(ports: Ports) -> Whom:
    """What is known without asking: where to turn to, and which channels reach people."""
    return Whom(
        fallback=ports.manage.channels.alerts,
        people=PEOPLE | {name for name, config in ports.manage.notifications.items() if config.type in PEOPLE},
    )


async def meant(ports: Ports, alert: Alert, step: Step) -> Whom:
    """Whom `step` tells of the alert now, with the notification rules of these people where they are asked for."""
    whom = await on_call(ports, [step])
    groups = {word: await _members(ports, word[1:]) for word in step.notify if word.startswith("@S")}
    opened = 0
    if step.if_alerts:
        async with ports.store.read() as conn:
            opened = await instances.opened_since(conn, alert.id, ports.now() - step.if_alerts.within)
    whom = replace(whom, groups=groups, opened=opened)
    if PERSONAL not in step.via:
        return whom
    users = {user for together in whom.oncall.values() for user in together}
    users |= {user for members in groups.values() for user in members or ()}
    users |= {word[1:] for word in step.notify if word.startswith(("@U", "@W"))}
    rules = {f"@{user}": (await people.person(ports, user, wanted=())).rules for user in sorted(users)}
    return replace(whom, rules=rules)


async def ways(ports: Ports, target: str) -> list[str]:
    """The channels that reach a person, the preferred ones first: by their own rules, then whichever there are."""
    person = await people.person(ports, target[1:])
    names = {name: config.type for name, config in ports.manage.notifications.items()} | {"slack": "slack"}
    wanted = [rule.via for rule in person.rules]
    wanted += [name for kind in KINDS for name, type_ in names.items() if type_ == kind]
    return [via for via in dict.fromkeys(wanted) if via in ports.channels and _known(person, names.get(via, via))]


def _known(person: Person, kind: str) -> bool:
    return kind not in KINDS or bool(people.reach(person, kind))


async def _members(ports: Ports, group: str) -> Sequence[str] | None:
    """The users of a group; None when Slack does not say so soon."""
    if ports.chat is None:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return await ports.chat.members_of(group)
    except (ChatError, TimeoutError) as error:
        _log.warning("group_not_read", group=group, error=str(error) or "no answer in time")
        return None
