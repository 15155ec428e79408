"""The bot's own metrics in the Prometheus text format.

Counters live in this process; gauges are read from the store when somebody asks, so that they are the same from every
replica and right after a restart. Names follow https://prometheus.io/docs/practices/naming/.
"""

import platform
import time
from collections import Counter as Count
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from bot.cards.card import Card
from bot.command import Command, Usage, find
from bot.incidents.statistics import spans
from bot.ports import Ports
from storage.records.alerts import AlertState, Severity
from storage.records.checks import CheckState, Status
from storage.records.incidents import IncidentStatus
from storage.tables import alerts, checks, incidents, jobs

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
UNKNOWN = "(unknown)"
"""The `command` label of what names no command: typed words must not become labels, they are without number."""

_OPEN_ALERT = (AlertState.FIRING, AlertState.ACKNOWLEDGED)
_OPEN_INCIDENT = tuple(status for status in IncidentStatus if status is not IncidentStatus.RESOLVED)
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the store and Slack say at one moment. `alerts` counts by (severity, state), `incidents` by severity.

    `durations` are, by (part of MTTR, severity), of how many incidents it is known and how many seconds it took in all.
    `slack` is None when there is no workspace to talk to.
    """

    jobs: Mapping[str, int]
    lag_seconds: float
    checks: Sequence[CheckState] = ()
    alerts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    incidents: Mapping[str, int] = field(default_factory=dict)
    durations: Mapping[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    slack: bool | None = None


async def read(ports: Ports) -> Reading:
    """Read all gauges. Raises `StoreError` when the database is lost."""
    now = ports.now()
    async with ports.store.read() as conn:
        since = await jobs.oldest_due(conn, now)
        found = Count((alert.severity, alert.state) for alert in await alerts.open_alerts(conn))
        return Reading(
            jobs=await jobs.counts(conn),
            lag_seconds=(now - since).total_seconds() if since else 0.0,
            checks=await checks.everything(conn),
            alerts={(s.value, t.value): found[s, t] for s in Severity for t in _OPEN_ALERT},
            incidents={
                s.value: await incidents.count(conn, statuses=_OPEN_INCIDENT, severity=s, tests=False) for s in Severity
            },
            durations=_durations(await incidents.moments_of_resolved(conn)),
            slack=ports.chat.connected if ports.chat else None,
        )


def _durations(resolved: Iterable[tuple[str, tuple[datetime | None, ...]]]) -> dict[tuple[str, str], tuple[int, float]]:
    found: dict[tuple[str, str], tuple[int, float]] = {}
    for severity, (began, *ends) in resolved:
        for part, seconds in (spans(began, *ends) if began else {}).items():
            count, total = found.get((part, severity), (0, 0.0))
            found[part, severity] = (count + 1, total + seconds)
    return found


class Telemetry:
    """What this process counts about itself."""

    def __init__(self, version: str) -> None:
        self.version = version
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        built = Info("do_manage_build", "The program that runs.", registry=self._registry)
        built.info({"version": version, "python": platform.python_version()})
        self._commands = Counter(
            "do_manage_commands",
            "Commands that were run, by how they turned out.",
            ["command", "outcome"],
            registry=self._registry,
        )
        self._durations = Histogram(
            "do_manage_command_duration_seconds",
            "Time from a command line to its answer.",
            ["command"],
            buckets=_BUCKETS,
            registry=self._registry,
        )

    async def measured(
        self, argv: Sequence[str], commands: Mapping[str, Command], run: Callable[[], Awaitable[Card]]
    ) -> Card:
        """Run a command line and count it."""
        began = time.perf_counter()
        card = await run()
        name = _name(argv, commands)
        self._commands.labels(name, card.level.value).inc()
        self._durations.labels(name).observe(time.perf_counter() - began)
        return card

    def exposition(self, reading: Reading | None) -> bytes:
        """All metrics as text; `reading` is None while the database cannot be reached."""
        momentary = CollectorRegistry()
        momentary.register(_Momentary(reading))
        return generate_latest(self._registry) + generate_latest(momentary)


class _Momentary(Collector):
    """The gauges of one reading."""

    def __init__(self, reading: Reading | None) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        yield _gauge("do_manage_database_up", "Whether the database answers.", float(self._reading is not None))
        if self._reading is None:
            return
        yield from _engine(self._reading)
        yield from _checks(self._reading.checks)
        firing = _family("do_manage_alerts_open", "Open alerts.", "severity", "state")
        for labels, count in self._reading.alerts.items():
            firing.add_metric(labels, count)
        yield firing
        declared = _family("do_manage_incidents_open", "Open incidents.", "severity")
        for severity, count in self._reading.incidents.items():
            declared.add_metric([severity], count)
        yield declared
        lasted = SummaryMetricFamily(
            "do_manage_incident_duration_seconds",
            "Time from the start of the impact until an incident was detected, acknowledged, mitigated, resolved.",
            labels=["part", "severity"],
        )
        for of, (number, seconds) in self._reading.durations.items():
            lasted.add_metric(of, number, seconds)
        yield lasted
        if self._reading.slack is not None:
            yield _gauge("do_manage_slack_connected", "Whether the bot hears from Slack.", float(self._reading.slack))


def _engine(reading: Reading) -> Iterator[Metric]:
    queue = _family("do_manage_jobs", "Durable jobs that are kept.", "state")
    for state, count in reading.jobs.items():
        queue.add_metric([state], count)
    yield queue
    lag = "Time that the oldest due job has waited for a worker."
    yield _gauge("do_manage_worker_lag_seconds", lag, reading.lag_seconds)


def _checks(states: Sequence[CheckState]) -> Iterator[Metric]:
    status = _family(
        "do_manage_check_status", "1 for the status that a check has, 0 for the others.", "check", "status"
    )
    latency = _family("do_manage_check_latency_seconds", "Latency of a check's latest probe.", "check")
    for state in states:
        for one in Status:
            status.add_metric([state.name, one.value], float(one is state.status))
        if state.latency_ms is not None:
            latency.add_metric([state.name], state.latency_ms / 1000)
    yield from (status, latency)


def _family(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _name(argv: Sequence[str], commands: Mapping[str, Command]) -> str:
    try:
        return find(argv, commands)[0].name
    except Usage:
        return UNKNOWN
