"""A timeline as files for other places: Markdown to read, JSON for programs, both with the pictures (pure)."""

import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.cards.card import Text
from bot.cards.marks import plain
from bot.incidents.cards import as_data
from bot.incidents.timeline import Line
from bot.phrasing import duration, listing
from storage.records.files import KeptFile
from storage.records.incidents import Incident

FOLDER = "files"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


@dataclass(frozen=True, kw_only=True)
class Exported:
    """All that is known of an incident. `links` lead to the messages that said the lines, "" where there is none."""

    incident: Incident
    lines: Sequence[Line]
    links: Sequence[str]
    files: Sequence[KeptFile] = ()


def name(incident: Incident, ending: str) -> str:
    """The name of the file."""
    return f"incident-{incident.id}.{ending}"


def file_name(file: KeptFile) -> str:
    """The name of a kept file within the folder of files: its id makes it one of a kind, its own is made harmless."""
    return f"{_harmless(file.id)}-{_harmless(file.name)[-80:]}"


def markdown(told: Exported) -> str:
    """The timeline to read; times are UTC. Nothing that people wrote becomes markup."""
    incident = told.incident
    ended = incident.resolved_at
    facts = [
        ("Severity", incident.severity.value),
        ("Status", incident.status.value),
        ("Began", _moment(incident.started_at)),
        ("Declared", f"{_moment(incident.declared_at)} by {incident.declared_by}"),
        *((role.capitalize(), user) for role, user in incident.roles.items()),
        *([("Resolved", f"{_moment(ended)} after {duration(ended - incident.started_at)}")] if ended else []),
        *([("Cause", incident.cause)] if incident.cause else []),
        *([("Affected", listing(incident.components))] if incident.components else []),
    ]
    pictures = {file.id: file for file in told.files}
    rows = [_row(line, link, pictures) for line, link in zip(told.lines, told.links, strict=True)]
    head = [f"# Incident {incident.id}: {_escaped(incident.title)}", ""]
    head += [f"- {label}: {_escaped(value)}" for label, value in facts]
    return "\n".join([*head, "", "## Timeline (UTC)", "", *(rows or ["Nothing has happened yet."]), ""])


def as_json(told: Exported) -> dict[str, object]:
    """The same as JSON values; a picture is named by its path in the bundle."""
    return {
        "incident": as_data(told.incident),
        "timeline": [_entry(line, link) for line, link in zip(told.lines, told.links, strict=True)],
        "files": [
            {
                "id": file.id,
                "path": f"{FOLDER}/{file_name(file)}",
                "name": file.name,
                "mime": file.mime,
                "bytes": len(file.content),
                "author": file.author,
                "shared_at": file.shared_at.isoformat(),
            }
            for file in told.files
        ],
    }


def bundle(told: Exported) -> bytes:
    """A ZIP of both and the pictures; the same timeline gives the same bytes."""
    parts: list[tuple[str, bytes]] = [
        ("timeline.md", markdown(told).encode("utf-8", "replace")),
        ("timeline.json", dumped(told).encode("utf-8", "replace")),
        *((f"{FOLDER}/{file_name(file)}", file.content) for file in told.files),
    ]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in parts:
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def dumped(told: Exported) -> str:
    """The JSON as text."""
    return json.dumps(as_json(told), indent=1, ensure_ascii=False)


def _row(line: Line, link: str, pictures: dict[str, KeptFile]) -> str:
    who = f" ({_escaped(line.actor)})" if line.actor != "bot" else ""
    where = f" [message]({link})" if link else ""
    kept = [pictures[id_] for id_ in line.files if id_ in pictures]
    shown = "".join(f"\n  ![{_escaped(file.name)}]({FOLDER}/{file_name(file)})" for file in kept)
    why = f" *Added later: {_escaped(line.added_for)}.*" if line.added_for else ""
    if line.corrected:
        fix = line.corrected
        why += f" *Corrected by {_escaped(fix.by)}: {_escaped(fix.reason)}.*"
    return f"- {_moment(line.at)} {_escaped(_plain(line.said))}{who}{where}{why}{_block(line.answer)}{shown}"


def _block(answer: str) -> str:
    """What a command answered, indented so far that it is code: nothing in it is markup."""
    return "".join(["\n", *(f"\n      {said}" for said in answer.splitlines()), "\n"]) if answer else ""


def _entry(line: Line, link: str) -> dict[str, object]:
    fix = line.corrected
    return {
        "entry": line.entry,
        "at": line.at.isoformat(),
        "actor": line.actor,
        "said": _plain(line.said),
        "answer": line.answer or None,
        "link": link or None,
        "files": list(line.files),
        "added_for": line.added_for or None,
        "corrected": {
            "by": fix.by,
            "at": fix.at.isoformat(),
            "reason": fix.reason,
            "said_before": _plain(fix.said_before),
            "at_before": fix.at_before.isoformat(),
        }
        if fix
        else None,
    }


def _plain(said: Text) -> str:
    return " ".join(plain(said).split())


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _harmless(text: str) -> str:
    return re.sub(r"\.{2,}|[^A-Za-z0-9.-]+", "_", text).strip("._") or "file"
