"""Who may do what: four roles, each including those before it (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What a caller may do; a higher role includes the lower ones."""

    NOBODY = 0
    VIEWER = 1
    RESPONDER = 2
    OPERATOR = 3
    ADMIN = 4

    @classmethod
    def named(cls, name: str) -> "Role":
        """The role of that name, in any case; raises `KeyError`."""
        return cls[name.upper()]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who runs a command, through which door ("slack", "shell", "http", "bot"), and where they stand.

    `id` is a Slack user id, or "shell:NAME", "http", "bot". `groups` are Slack user group ids. `through` says who chose
    the command line in their name: "assistant", or "" for themselves.
    """

    id: str
    via: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    channel: str = ""
    thread_ts: str = ""
    trigger_id: str = ""
    through: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether the caller may, the role they have, and the reason in words."""

    allowed: bool
    role: Role
    reason: str


def role_of(caller: Caller, roles: Mapping[str, Iterable[str]], default: str) -> Role:
    """The highest role that `roles` (role name -> user and group ids; "*" is everybody) gives, at least `default`.

    The shell and the bot itself are admins: they hold the database anyway. So is HTTP: its door has checked the token.
    Whoever responds in PagerDuty may respond here: the door has checked its signature.
    """
    if caller.via in {"shell", "bot", "http"}:
        return Role.ADMIN
    if caller.via == "pagerduty":
        return max(Role.RESPONDER, Role.named(default))
    marks = {caller.id, "*", *caller.groups}
    given = (Role.named(name) for name, members in roles.items() if marks & set(members))
    return max(given, default=Role.named(default))


def may(role: Role, needed: Role, command: str) -> Verdict:
    """Decide whether a caller with `role` may run a command that needs `needed`."""
    if role >= needed:
        return Verdict(allowed=True, role=role, reason=f"{role.name.lower()} may run {command}")
    return Verdict(
        allowed=False,
        role=role,
        reason=f"`{command}` needs the role {needed.name.lower()}, you are {role.name.lower()}",
    )
