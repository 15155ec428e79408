"""Which open incident an alert belongs to, and what of the status page its trouble affects (pure)."""

from collections.abc import Collection, Sequence

from bot.config.manage import Manage
from storage.records.alerts import Alert
from storage.records.incidents import Incident


def labels(alert: Alert, join_by: Sequence[str]) -> dict[str, str]:
    """The labels by which further alerts join the incident of this one; none when it lacks any of them."""
    found = {name: value for name in join_by if (value := alert.labels.get(name))}
    return found if len(found) == len(set(join_by)) else {}


def host(
    alert: Alert, running: Sequence[Incident], absorbed: Sequence[Incident], join_by: Sequence[str]
) -> Incident | None:
    """The open incident that the alert belongs to: the one that the same alert opened, else one of the same labels.

    `absorbed` are those that turned out to be one of the `running`: what would join them joins that one. No alert joins
    an incident that is private or a test.
    """
    joinable = {incident.id: incident for incident in running if not (incident.private or incident.test)}
    stands_for = [(incident, incident) for incident in joinable.values()]
    stands_for += [(joinable[one.merged_into], one) for one in absorbed if one.merged_into in joinable]
    shared = labels(alert, join_by)
    same = [goes_on for goes_on, known in stands_for if known.fingerprint == alert.fingerprint]
    related = [goes_on for goes_on, known in stands_for if shared and dict(known.labels) == shared]
    return next(iter((*same, *related)), None)


def components(alert: Alert, checks: Collection[str], manage: Manage) -> tuple[str, ...]:
    """The components of the status page that the alert's service has, and those that its `checks` tell of."""
    service = manage.services.get(alert.labels.get("service", ""))
    named = service.components if service else ()
    return tuple(c.name for c in manage.statuspage.components if c.name in named or not {*checks}.isdisjoint(c.checks))
