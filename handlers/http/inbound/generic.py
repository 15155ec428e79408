"""Webhooks of any sender, read by a mapping of manage.yml (pure)."""

from collections.abc import MutableMapping, Sequence

from bot.config.inbound import Mapped, steps
from bot.config.manage import Manage
from bot.ports import Inbound, Ports, Received, Refusal
from bot.report import Report, severity_of
from handlers.http.inbound import signature
from handlers.http.inbound.node import LONGEST_LABEL, Node
from storage.records.alerts import Severity

DEFAULT = "default"


async def proven(received: Received, ports: Ports, _kept: MutableMapping[str, bytes]) -> bool:
    """Check the signature in the header that the mapping names."""
    mapping = ports.manage.webhooks.generic.get(received.name or DEFAULT)
    if mapping is None:  # whoever holds the token is told so
        return False
    given = received.headers.get(mapping.header.lower(), "")
    return signature.check(mapping.secret, received.body, [given], mapping.header)


def read(received: Received, manage: Manage) -> Sequence[Report]:
    """Read the alerts where the mapping says they stand."""
    mapping, body = _mapping(received, manage), Node(received.payload)
    if mapping.alerts is None:
        return (_report(body, mapping, received.name or DEFAULT),)
    listed = _at(body, mapping.alerts)
    if listed and not isinstance(listed.value, list):
        raise listed.wrong("a list of alerts")
    return [_report(alert, mapping, received.name or DEFAULT) for alert in listed.list()]


def _mapping(received: Received, manage: Manage) -> Mapped:
    mappings = manage.webhooks.generic
    found = mappings.get(received.name or DEFAULT)
    if found is None:
        known = ", ".join(f"/webhooks/generic/{name}" for name in mappings if name != DEFAULT) or "none"
        raise Refusal(
            f"there is no mapping {received.name or DEFAULT!r}",
            f"Write it in manage.yml under webhooks.generic; there are: {known}.",
            status=404,
        )
    return found


def _report(alert: Node, mapping: Mapped, source: str) -> Report:
    said = {
        part: _text(alert, path)
        for part in ("name", "status", "severity", "summary", "description", "link")
        if (path := getattr(mapping, part)) is not None
    }
    name = said.get("name", "") or ("" if mapping.name else source)
    if not name:
        raise Refusal(f"{mapping.name} is empty", f"webhooks.generic.{source}.name must lead to a text.")
    labels = {label: _text(alert, path)[:LONGEST_LABEL] for label, path in mapping.labels.items()}
    notes = {note: _text(alert, path) for note, path in mapping.annotations.items()}
    over = {word.lower() for word in mapping.resolved}
    return Report(
        name=name[:LONGEST_LABEL],
        labels={label: text for label, text in labels.items() if text},
        severity=_severity(said.get("severity", ""), mapping),
        source=source,
        resolved="status" in said and said["status"].lower() in over,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        annotations={note: text for note, text in notes.items() if text},
        link=said.get("link", ""),
        policy=mapping.policy,
    )


def _severity(word: str, mapping: Mapped) -> Severity:
    own = {name.lower(): severity for name, severity in mapping.severities.items()}
    return own.get(word.lower()) or severity_of(word)


def _text(alert: Node, path: str) -> str:
    return _at(alert, path).text()


def _at(place: Node, path: str) -> Node:
    """Follow a path; raises `Refusal` naming the first key that is not there, unless the path ends with `?`."""
    optional, here = path.endswith("?"), place
    for key in steps(path):
        found = _inside(here, key)
        if found is None:
            if optional:
                return Node(None, path)
            where = f"there is no {key!r} in {here.at or 'the body'}"
            raise Refusal(
                where, f"The mapping in manage.yml reads {path}; end the path with ? where it may be missing."
            )
        here = found
    return here


def _inside(place: Node, key: str) -> Node | None:
    at = f"{place.at}.{key}" if place.at else key
    match place.value:
        case dict() as held if key in held:
            return Node(held[key], at)
        case list() as held if key.isdecimal() and key.isascii() and len(key) < 7 and int(key) < len(held):
            return Node(held[int(key)], at)
        case _:
            return None


GENERIC = Inbound(name="generic", read=read, proven=proven)
