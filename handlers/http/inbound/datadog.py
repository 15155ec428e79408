"""Webhooks of Datadog in the form of the template in docs/webhooks.md (pure).

Variables: https://docs.datadoghq.com/integrations/webhooks/
"""

import re
from collections.abc import Mapping, Sequence

from bot.config.manage import Manage
from bot.ports import Inbound, Received, Refusal
from bot.report import WORDS, Report, severity_of
from handlers.http.inbound import no_data
from handlers.http.inbound.node import Node, top
from storage.records.alerts import Severity

_PASTE = "Paste the template of docs/webhooks.md into the webhook's payload."
_KEYS = (
    "alert_transition", "alert_type", "alert_priority", "alert_status", "alert_title", "alert_query", "alert_scope",
    "monitor_name", "monitor_id", "cycle_key", "aggreg_key", "title", "body", "url",
)  # fmt: skip
_UNSET = re.compile(r"\$[A-Z][A-Z0-9_]*(\[[^\]]*\])?")
_HEAD = re.compile(r"(\[[^\]]*\]\s*)+")
_TYPES: Mapping[str, Severity] = {"error": Severity.HIGH, "warning": Severity.MEDIUM, "info": Severity.LOW}


def read(received: Received, _manage: Manage) -> Sequence[Report]:
    """Read one event. Its identity is monitor and scope: tags may differ from one event to the next."""
    body = top(received.payload)
    said = {name: _set(body[name]) for name in _KEYS}
    transition = said["alert_transition"].lower()
    kind = said["alert_type"].lower()
    state = _state(transition, kind)
    if state == "muted":
        return ()
    report = Report(
        name=_name(said),
        labels=_identity(said),
        severity=_severity(said["alert_priority"], transition, kind),
        source="datadog",
        resolved=state == "over",
        summary=said["alert_status"] or said["alert_title"] or said["title"],
        description=said["body"],
        annotations={"tags": tags} if (tags := ",".join(_csv(body["tags"]))) else {},
        link=said["url"],
        reading=said["alert_query"],
    )
    return no_data.absent(report) if state == "no data" else no_data.present(report)


def _state(transition: str, kind: str) -> str:
    match transition.removeprefix("re-"):
        case "triggered" | "warn" | "renotify":
            return "fires"
        case "recovered" | "warn recovered" | "no data recovered" | "ok":
            return "over"
        case "no data":
            return "no data"
        case "muted":
            return "muted"
        case "" if kind in {"error", "warning"}:
            return "fires"
        case "" if kind == "success":
            return "over"
    if transition:
        raise Refusal(f"alert_transition {transition[:40]!r} is none of Datadog's", _PASTE)
    raise Refusal("alert_transition is missing", _PASTE)


def _set(place: Node) -> str:
    """Read a variable; Datadog leaves one that has no value as it is written, or empty."""
    said = place.text()
    return "" if said.lower() in {"null", "none"} or _UNSET.fullmatch(said) else said


def _name(said: Mapping[str, str]) -> str:
    """Name the monitor, without the words in brackets that change with each transition."""
    title = said["monitor_name"] or said["alert_title"] or said["title"]
    name = _HEAD.sub("", title, count=1) if title.startswith("[") else title
    if not name:
        raise Refusal("alert_title is missing", _PASTE)
    return name[:300]


def _identity(said: Mapping[str, str]) -> dict[str, str]:
    monitor, cycle = said["monitor_id"], said["cycle_key"] or said["aggreg_key"]
    if not monitor and not cycle:
        raise Refusal("monitor_id and cycle_key are missing", _PASTE)
    if not monitor:
        return {"cycle_key": cycle}
    return {"monitor_id": monitor} | _pairs(said["alert_scope"])


def _pairs(scope: str) -> dict[str, str]:
    """Read "host:a,env:b" as labels; what is not a pair is kept under `scope`."""
    parts = sorted({part.strip() for part in scope.split(",")} - {"", "*"})
    pairs: dict[str, str] = {}
    for part in parts:
        key, colon, value = part.partition(":")
        name = key if colon and key and value else "scope"
        text = value if name == key else part
        pairs[name] = f"{pairs[name]},{text}" if name in pairs else text
    return pairs


def _csv(tags: Node) -> Sequence[str]:
    listed = [item.text() for item in tags.list()] if isinstance(tags.value, list) else _set(tags).split(",")
    return sorted({tag.strip() for tag in listed} - {""})


def _severity(priority: str, transition: str, kind: str) -> Severity:
    if priority.lower() in WORDS:
        return severity_of(priority)
    if "warn" in transition:
        return Severity.MEDIUM
    return _TYPES.get(kind, Severity.HIGH)


DATADOG = Inbound(name="datadog", read=read)
