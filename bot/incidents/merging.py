"""Two incidents that are one: merged, and parted again (pure)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.decision import Decision
from bot.events import Event, IncidentAbsorbed, IncidentMerged, IncidentParted, RoleAssigned
from bot.incidents.decide import legal
from bot.incidents.particulars import affects_now
from storage.records.incidents import Incident, IncidentStatus

Both = tuple[Decision[Incident], Decision[Incident]]


def merge(duplicate: Incident, survivor: Incident, *, by: str, now: datetime, absorbed: Sequence[Incident]) -> Both:
    """The duplicate is over, and what belongs to it belongs to the survivor, which goes on for both.

    `absorbed` are the incidents that the duplicate itself goes on for. Gives both decisions; neither changes anything
    where the reason of the first says why not.
    """
    if refused := _refused(duplicate, survivor, absorbed):
        return Decision(state=duplicate, reason=refused), Decision(state=survivor, reason=refused)
    over = replace(
        duplicate,
        status=IncidentStatus.RESOLVED,
        resolved_at=max(now, duplicate.started_at, duplicate.declared_at),
        resolved_by=by,
        merged_into=survivor.id,
        update_due_at=None,
    )
    alerts = tuple(alert for alert in duplicate.alert_ids if alert not in survivor.alert_ids)
    free = {role: user for role, user in duplicate.roles.items() if role not in survivor.roles}
    affected = tuple(dict.fromkeys((*survivor.components, *duplicate.components)))
    grown = replace(
        survivor,
        alert_ids=(*survivor.alert_ids, *alerts),
        roles={**survivor.roles, **free},
        components=affected,
    )
    told: tuple[Event, ...] = (
        IncidentAbsorbed(incident=survivor.id, duplicate=duplicate.id, alerts=alerts),
        *(RoleAssigned(incident=survivor.id, role=role, user=user) for role, user in free.items()),
        *affects_now(survivor, affected),
    )
    merged = IncidentMerged(incident=duplicate.id, into=survivor.id, alerts=duplicate.alert_ids)
    return (
        Decision(state=over, events=(merged,), reason=f"merged into #{survivor.id}"),
        Decision(state=grown, events=told, reason=f"goes on for #{duplicate.id} as well"),
    )


def part(survivor: Incident, duplicate: int, alerts: Sequence[int]) -> Decision[Incident]:
    """The duplicate was none: it takes back the `alerts` that came with it. Roles that were taken over stay."""
    left = tuple(alert for alert in survivor.alert_ids if alert not in alerts)
    return Decision(
        state=replace(survivor, alert_ids=left),
        events=(IncidentParted(incident=survivor.id, duplicate=duplicate, alerts=tuple(alerts)),),
        reason=f"#{duplicate} is an incident of its own",
    )


def _refused(  # noqa: PLR0911 - one for each refusal
    duplicate: Incident, survivor: Incident, absorbed: Sequence[Incident]
) -> str:
    """Why these two cannot be merged, and what can be done instead; "" when they can."""
    if duplicate.id == survivor.id:
        return "an incident cannot be merged into itself: name another one that goes on for both"
    if not duplicate.open:
        return legal(duplicate)
    if survivor.merged_into is not None:
        return f"#{survivor.id} was merged into #{survivor.merged_into}: merge this one into that one"
    if not survivor.open:
        return f"#{survivor.id} is resolved: `incident reopen {survivor.id}` first, or resolve this one"
    if absorbed:
        one = absorbed[0].id
        return f"it goes on for #{one}: merge #{survivor.id} into this one, or `incident reopen {one}` first"
    if duplicate.private != survivor.private:
        return "one of them is private and the other is not: those who may see them differ"
    if duplicate.test != survivor.test:
        return "one of them is a test and the other is not"
    return ""
