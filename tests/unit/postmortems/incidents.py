"""Real incidents as evidence, see tests/data/incidents/README.md."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from bot.postmortems.evidence import Evidence, Pack

DATA = Path(__file__).parents[2] / "data" / "incidents"
NAMES = (
    "cloudflare_2025-11-18",
    "github_2018-10-21",
    "gitlab_2017-01-31",
    "sre_book_shakespeare_2015-10-21",
)


HELD_OUT = (
    "held_out/aws_s3_2017-02-28",
    "held_out/cloudflare_2019-07-02",
)
"""Incidents that the rules of the check were not built on."""


@cache
def account(name: str) -> dict[str, Any]:
    return json.loads((DATA / f"{name}.json").read_text())


def statements(name: str, which: str) -> list[str]:
    """The lines of "true" or "false" sentences about an incident."""
    folder = DATA if name in HELD_OUT else DATA / "statements"
    return (folder / f"{name}.{which}.txt").read_text().splitlines()


@cache
def pack(name: str, kind: str = "NoteAdded") -> Pack:
    """Each line of the timeline as one entry, numbered from 1."""
    told = account(name)
    items = []
    for number, line in enumerate(told["timeline"], start=1):
        at = datetime.fromisoformat(line["at"])
        items.append(Evidence(id=number, at=at, kind=kind, actor=line["actor"], words=line["text"], moments=(at,)))
    return Pack(incident=1, title=told["title"], severity="high", items=tuple(items))
