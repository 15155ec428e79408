"""Journal entries as numbered evidence, and what code can compute from them (pure)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta

from bot import events as e
from bot.cards.card import Level, Person
from bot.cards.marks import clean, parts, plain
from bot.incidents import timeline
from bot.llm import detectors
from bot.llm.redaction import redact
from bot.phrasing import cut, duration, number, plural
from bot.postmortems import impact
from storage.records.incidents import Incident
from storage.records.journal import Entry

LONGEST = 1000
"""Characters of one entry that count: enough for any update, too few to drown the others."""
IMPACT = "impact"
"""Name of what is computed of the impact."""
DEPLOYS_BEFORE = timedelta(hours=6)
"""Deploys of so long before the impact began are evidence: most that break something break it soon."""

_PERSON = re.compile(r"<@([^\s<>|]{1,40})(?:\|[^>]*)?>|\b([UW][A-Z0-9]{8,20})\b")
# Families of commands whose effect is a fact of its own in the journal.
_TELL_THEMSELVES = frozenset(
    {"ack", "unack", "resolve", "alert", "incident", "postmortem", "silence", "maintenance", "oncall"}
)
_REFUSED = frozenset({"usage", "denied"})
_AFTERWARDS = frozenset({"ChannelArchived", "MeetingArranged", "MeetingCancelled"})
"""Facts that are no part of what happened."""
_WEIGHTS = {
    "NoteAdded": 4,
    "ChangeRequested": 4,
    "UpdatePosted": 4,
    "IncidentDeclared": 3,
    "IncidentResolved": 3,
    "SeverityChanged": 3,
    "StatusChanged": 3,
    "AlertOpened": 3,
    "CommandRun": 3,
    "CommandAnswered": 2,
    "Deployed": 3,
    "AlertResolved": 2,
    "AlertAcknowledged": 2,
    "PageFailed": 2,
}
HUMAN = frozenset({"NoteAdded", "UpdatePosted", "ChangeRequested"})
"""Kinds of entries in which a person speaks."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One journal entry. `id` is the entry's number, `moments` and `spans` are the times and durations it holds.

    `channel` and `ts` are the message that said it, where the entry knows. `told` is False for what is evidence but no
    part of the incident's timeline.
    """

    id: int
    at: datetime
    kind: str
    actor: str
    words: str
    moments: tuple[datetime, ...] = ()
    spans: tuple[float, ...] = ()
    channel: str = ""
    ts: str = ""
    subject: str = ""
    told: bool = True

    @property
    def weight(self) -> int:
        """How much would be missing without it; what people said weighs most."""
        return _WEIGHTS.get(self.kind, 1)

    @property
    def human(self) -> bool:
        """True when a person speaks in it."""
        return self.kind in HUMAN


@dataclass(frozen=True, kw_only=True)
class Computed:
    """Something that code worked out of the entries `evidence`."""

    name: str
    words: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Pack:
    """All that a postmortem may say. `people` maps the label that stands for a person to their id.

    That of a `private` incident is for its own people. `redacted` counts the secrets that were taken out, by kind;
    `zone` is the one in which the incident's people tell times beside UTC.
    """

    incident: int
    title: str
    severity: str
    items: tuple[Evidence, ...]
    computed: tuple[Computed, ...] = ()
    people: Mapping[str, str] = field(default_factory=dict)
    redacted: Mapping[str, int] = field(default_factory=dict)
    zone: str = "UTC"
    private: bool = False

    def get(self, number_: int) -> Evidence | None:
        """The evidence of that number."""
        return next((item for item in self.items if item.id == number_), None)

    def of_kind(self, *kinds: str) -> list[Evidence]:
        """The evidence of those kinds, by time."""
        return [item for item in self.items if item.kind in kinds]


def collect(incident: Incident, entries: Sequence[Entry], *, figures: impact.Figures | None = None) -> Pack:
    """The evidence of an incident from the journal of it, its alerts, their checks, its reviewers and the audit lines.

    `figures` are what was measured while the impact lasted. People appear by what they were in the incident ("incident
    commander", "responder-2"), secrets as placeholders.
    """
    answered = {entry.payload["run"] for entry in entries if entry.kind == "CommandAnswered"}
    within = [entry for entry in entries if entry.id not in answered and _belongs(entry, incident)]
    by_id = {entry.id: entry for entry in within}
    told = [_of_line(line, by_id[line.entry]) for line in timeline.lines(within)]
    other = [item for entry in within if (item := _untold(entry))]
    found = sorted([*told, *other], key=lambda item: (item.at, item.id))
    labels = _labels(incident, found, within)
    safe = redact([incident.title, *(item.words for item in found)], detectors=detectors.found, personal=True)
    items = tuple(
        replace(item, actor=labels.get(item.actor, item.actor), words=_fit(words, labels))
        for item, words in zip(found, safe.texts[1:], strict=True)
    )
    return Pack(
        incident=incident.id,
        title=_fit(safe.texts[0], labels),
        severity=incident.severity.value,
        items=items,
        computed=(*_computed(items, len(labels)), *_measured(incident, within, items, figures or impact.Figures())),
        people={label: person for person, label in labels.items()},
        redacted=safe.counts,
        private=incident.private,
    )


def _belongs(entry: Entry, incident: Incident) -> bool:
    during = entry.at >= incident.started_at and (incident.resolved_at is None or entry.at <= incident.resolved_at)
    if entry.kind == "CommandRun":
        return during and _changes(entry.payload)
    if entry.subject.startswith("check:"):
        return during
    if entry.kind == "Deployed":
        live = datetime.fromisoformat(entry.payload["finished_at"])
        over = incident.resolved_at
        return incident.started_at - DEPLOYS_BEFORE <= live and (over is None or live <= over)
    if entry.subject.startswith("postmortem:"):
        return entry.kind == "ChangeRequested"
    return entry.kind not in _AFTERWARDS


def _changes(run: Mapping[str, object]) -> bool:
    family = str(run.get("command", "")).split(" ", 1)[0]
    return bool(run.get("changes")) and family not in _TELL_THEMSELVES and run.get("outcome") not in _REFUSED


def _of_line(line: timeline.Line, entry: Entry) -> Evidence:
    event = e.event_of(entry.kind, entry.payload)
    words = plain(tuple(f"<@{part.id}>" if isinstance(part, Person) else part for part in parts(line.said)))
    if isinstance(event, e.RoleAssigned):
        words = f"Role assigned: {event.role}"  # whose it is, the label says
    if isinstance(event, e.AlertOpened) and event.value is not None and event.threshold is not None:
        words += f"; {number(event.value, event.unit)} against a threshold of {number(event.threshold, event.unit)}"
    if line.answer:
        words += f". It answered: {line.answer}"
    changed = isinstance(event, e.CommandAnswered) and event.changes
    return Evidence(
        id=line.entry,
        at=line.at,
        kind="CommandRun" if changed else entry.kind,
        actor=line.actor,
        words=words,
        moments=(line.at, *_moments(event, entry.at)),
        spans=_spans(event),
        channel=line.channel,
        ts=line.ts,
        subject=entry.subject,
    )


def _untold(entry: Entry) -> Evidence | None:
    """Evidence that the timeline leaves out: what was changed by command, what came to nobody, what a reviewer said."""
    told = True
    match entry.kind:
        case "CommandRun":
            argv = entry.payload.get("argv", ())
            outcome = str(entry.payload.get("outcome", ""))
            words = f"Ran `{' '.join([str(entry.payload.get('command', '')), *map(str, argv)])}`: {outcome}"
            if outcome in {level.value for level in Level}:
                words += f", exit status {Level(outcome).exit_code}"
        case "Deployed":
            return _of_deploy(entry)
        case "EscalationExhausted":
            words = (
                f"Alert #{entry.payload.get('alert')}: the last escalation step was taken, nobody else would be told"
            )
        case "ChangeRequested":
            words, told = f"Reviewer: {entry.payload.get('text', '')}", False
        case _:
            return None
    return Evidence(
        id=entry.id,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        words=words,
        moments=(entry.at,),
        subject=entry.subject,
        told=told,
    )


def _of_deploy(entry: Entry) -> Evidence | None:
    """A deploy stands at the time when it was live, not when it was told."""
    event = e.event_of(entry.kind, entry.payload)
    if not isinstance(event, e.Deployed):
        return None
    return Evidence(
        id=entry.id,
        at=event.finished_at,
        kind=entry.kind,
        actor=entry.actor,
        words=f"Deployed {event.service} {event.version}" + (f": {event.text}" if event.text else ""),
        moments=(event.finished_at,),
        subject=entry.subject,
    )


def _moments(event: e.Event, at: datetime) -> tuple[datetime, ...]:
    held = tuple(value for f in fields(event) if isinstance(value := getattr(event, f.name), datetime))
    if isinstance(event, e.IncidentResolved):
        began = at - timedelta(seconds=event.time_to_resolve)
        after = (event.time_to_detect, event.time_to_acknowledge)
        held += (began, *(began + timedelta(seconds=s) for s in after if s is not None))
    return held


def _spans(event: e.Event) -> tuple[float, ...]:
    if not isinstance(event, e.IncidentResolved):
        return ()
    spans = (event.time_to_detect, event.time_to_acknowledge, event.time_to_resolve)
    return tuple(span for span in spans if span is not None)


def _labels(incident: Incident, found: Sequence[Evidence], entries: Sequence[Entry]) -> dict[str, str]:
    """What each person is called: by their role where they had one, else by number in order of appearance."""
    labels: dict[str, str] = {}
    for role, person in sorted(incident.roles.items()):
        labels.setdefault(person, f"incident {role}" if role == "commander" else role)
    named = [entry.payload.get("user") for entry in entries if entry.kind == "RoleAssigned"]
    by_number = sorted(found, key=lambda item: item.id)
    actors = [item.actor for item in by_number] + [str(user) for user in named if user]
    mentioned = [m[1] or m[2] for item in by_number for m in _PERSON.finditer(item.words)]
    # by number, not by time: a message that is pinned later must not rename anybody
    for person in (*actors, *mentioned):
        if person and person != "bot" and person not in labels:
            labels[person] = f"responder-{sum(label.startswith('responder-') for label in labels.values()) + 1}"
    return labels


def _fit(words: str, labels: Mapping[str, str]) -> str:
    named = _PERSON.sub(lambda m: labels.get(m[1] or m[2], m[1] or m[2]), words)
    for person, label in labels.items():
        if not _PERSON.fullmatch(person):
            named = re.sub(rf"(?<![\w:]){re.escape(person)}(?!\w)", label, named)
    return cut(" ".join(clean(named).split()), LONGEST)


def _measured(
    incident: Incident, entries: Sequence[Entry], items: Sequence[Evidence], figures: impact.Figures
) -> Iterable[Computed]:
    shown = {item.id for item in items}
    downs = [
        one for one in impact.downs(entries, incident.started_at, incident.resolved_at) if set(one.entries) <= shown
    ]
    for down in downs:
        yield Computed(name=IMPACT, words=down.words, evidence=down.entries)
    resolved = next((item for item in reversed(items) if item.kind == "IncidentResolved"), None)
    if resolved is None:
        return
    for words in impact.counted(figures):
        yield Computed(name=IMPACT, words=words, evidence=(resolved.id,))
    for taken, words in impact.budgets(figures):
        checks = taken.budget.objective.checks if taken else ()
        cited = [number for down in downs if down.check in checks for number in down.entries]
        yield Computed(name=IMPACT, words=words, evidence=(*dict.fromkeys(cited), resolved.id))


def _computed(items: Sequence[Evidence], people: int) -> Iterable[Computed]:
    declared = next((item for item in items if item.kind == "IncidentDeclared"), None)
    resolved = next((item for item in reversed(items) if item.kind == "IncidentResolved"), None)
    alerts = [item for item in items if item.kind == "AlertOpened"]
    if resolved is not None:
        cites = tuple(item.id for item in (declared, resolved) if item)
        began = resolved.moments[1]
        yield Computed(name="impact began", words=f"{began:%Y-%m-%d %H:%M:%S} UTC", evidence=(resolved.id,))
        yield Computed(name="impact ended", words=f"{resolved.at:%Y-%m-%d %H:%M:%S} UTC", evidence=(resolved.id,))
        yield Computed(name="time to resolve", words=duration(resolved.spans[-1]), evidence=cites)
    if alerts:
        yield Computed(name="alerts", words=plural(len(alerts), "alert"), evidence=tuple(item.id for item in alerts))
    if people:
        yield Computed(name="people who took part", words=str(people), evidence=())
