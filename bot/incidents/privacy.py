"""Who may see a private incident (pure)."""

from collections.abc import Collection

from bot.permissions import Caller, Role
from storage.records.incidents import Incident


def may_see(incident: Incident, caller: Caller, role: Role, invited: Collection[str]) -> bool:
    """Everybody sees one that is not private; else admins, and who declared it, holds a role in it or was `invited`.

    Whoever asks in its channel belongs to it as well: Slack lets nobody else in. The shell is the admin's. Through the
    assistant nobody sees one: what that reads goes to a model, and its answers stand where others read them.
    """
    if not incident.private:
        return True
    if caller.through:
        return False
    if role >= Role.ADMIN:
        return True
    here = bool(incident.channel) and caller.channel == incident.channel
    return here or caller.id in {incident.declared_by, *incident.roles.values(), *invited}
