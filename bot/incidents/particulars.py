"""What is known of an incident beside its lifecycle: who does what, what it affects, why, when to tell more (pure)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.decision import Decision
from bot.events import CauseNamed, ComponentsAffected, Event, RoleAssigned, RoleReleased, UpdateSnoozed
from storage.records.incidents import Incident


def assign(incident: Incident, role: str, user: str) -> Decision[Incident]:
    """Give a role to somebody, whoever holds it now."""
    if incident.roles.get(role) == user:
        return Decision(state=incident, reason=f"the {role} is that person already")
    roles: Mapping[str, str] = {**incident.roles, role: user}
    return Decision(
        state=replace(incident, roles=roles),
        events=(RoleAssigned(incident=incident.id, role=role, user=user),),
        reason=f"{role} assigned",
    )


def claim(incident: Incident, role: str, user: str) -> Decision[Incident]:
    """Take a role that nobody holds: of two who press the button the first one has it."""
    holder = incident.roles.get(role, user)
    if holder != user:
        said = f"@{holder} is {role} already: assign it by name (`--user`), or have it released"
        return Decision(state=incident, reason=said)
    return assign(incident, role, user)


def release(incident: Incident, role: str, user: str = "") -> Decision[Incident]:
    """Give a role back; of `user` alone where one is named."""
    holder = incident.roles.get(role)
    if holder is None:
        return Decision(state=incident, reason=f"nobody is {role}")
    if user and holder != user:
        return Decision(state=incident, reason=f"@{holder} is {role}, and nobody else")
    return Decision(
        state=replace(incident, roles={name: who for name, who in incident.roles.items() if name != role}),
        events=(RoleReleased(incident=incident.id, role=role, user=holder),),
        reason=f"{role} released",
    )


def affects(incident: Incident, components: tuple[str, ...]) -> Decision[Incident]:
    """From now on just these components of the status page are affected."""
    told = affects_now(incident, components)
    reason = "other components" if told else "that is what it affects already"
    return Decision(state=replace(incident, components=components), events=told, reason=reason)


def affects_now(incident: Incident, components: tuple[str, ...]) -> tuple[Event, ...]:
    """The fact that from now on just these components are affected; none when that is nothing new."""
    if components == incident.components:
        return ()
    return (ComponentsAffected(incident=incident.id, components=components, previous=incident.components),)


def caused_by(incident: Incident, cause: str) -> Decision[Incident]:
    """Name in a word what caused it."""
    if incident.cause == cause:
        return Decision(state=incident, reason="that is the cause already")
    return Decision(
        state=replace(incident, cause=cause),
        events=(CauseNamed(incident=incident.id, cause=cause, previous=incident.cause),),
        reason=f"caused by {cause}",
    )


def snooze(incident: Incident, until: datetime | None) -> Decision[Incident]:
    """The next update is due at another time, or (None) nobody is reminded until there is one."""
    if not incident.open:
        return Decision(state=incident, reason="it is resolved: no update is due any more")
    if incident.update_due_at == until:
        return Decision(state=incident, reason="nobody is reminded as it is")
    return Decision(
        state=replace(incident, update_due_at=until),
        events=(UpdateSnoozed(incident=incident.id, until=until),),
        reason="put off",
    )
