"""The status page for programs (pure): as JSON, and what was published as an Atom feed (RFC 4287)."""

import re
import uuid
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

from bot.cards.marks import clean
from bot.statuspage.decide import Page, Planned, Shown, Story, Update
from bot.statuspage.uptime import Uptime

ATOM = "http://www.w3.org/2005/Atom"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated."""
MOST = 100
"""Entries of the feed; readers fetch it often, and keep the older ones."""
_UNFIT = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, section 2.2


def to_atom(page: Page, address: str) -> str:
    """The feed; `address` is that of the page ("https://…/status"), and what the ids are made from."""
    found = [(story, update) for story in page.stories for update in story.updates]
    found.sort(key=lambda pair: (pair[1].at, pair[1].number), reverse=True)
    del found[MOST:]
    feed = ET.Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _add(feed, "id", _id(address, "feed"))
    _add(feed, "title", page.title)
    _add(feed, "updated", _iso(found[0][1].at if found else NEVER))
    ET.SubElement(feed, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{address}.atom"})
    ET.SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": address})
    _add(ET.SubElement(feed, "author"), "name", page.title)
    for story, update in found:
        _entry(feed, story, update, address)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(feed, encoding="unicode")


def to_json(page: Page) -> dict[str, Any]:
    """The page's content; times in UTC, shares from 0 to 1, null where nothing is known."""
    return {
        "title": page.title,
        "status": page.condition.value,
        "at": _iso(page.at),
        "components": [_component(one) for one in page.components],
        "incidents": [_story(one) for one in page.stories],
        "maintenance": {
            "now": [_planned(one) for one in page.current],
            "planned": [_planned(one) for one in page.planned],
            "unlisted": page.unlisted,
        },
    }


def _entry(feed: ET.Element, story: Story, update: Update, address: str) -> None:
    entry = ET.SubElement(feed, "entry")
    _add(entry, "id", _id(address, f"notice-{update.number}"))
    _add(entry, "title", f"{story.heading} ({update.phase})")
    _add(entry, "published", _iso(update.at))
    _add(entry, "updated", _iso(update.at))
    place = f"{address}#notice-{update.number}"
    ET.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": place})
    _add(entry, "content", update.text).set("type", "text")


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    child = ET.SubElement(parent, name)
    child.text = _UNFIT.sub("", clean(text))
    return child


def _id(address: str, name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{address}#{name}").urn


def _component(shown: Shown) -> dict[str, Any]:
    return {
        "name": shown.name,
        "status": shown.condition.value,
        "since": _iso(shown.since) if shown.since else None,
        "uptime": _uptime(shown.uptime) if shown.uptime else None,
    }


def _uptime(past: Uptime) -> dict[str, Any]:
    return {
        "up": past.up,
        "days_known": past.known,
        "days": [
            {"date": day.date.isoformat(), "up": day.up, "down_seconds": day.down, "degraded_seconds": day.degraded}
            for day in past.days
        ],
    }


def _story(story: Story) -> dict[str, Any]:
    return {
        "heading": story.heading,
        "phase": story.phase,
        "began": _iso(story.began),
        "over": story.over,
        "ended": _iso(story.ended) if story.ended else None,
        "updates": [
            {"number": one.number, "phase": one.phase, "text": one.text, "at": _iso(one.at)} for one in story.updates
        ],
    }


def _planned(time: Planned) -> dict[str, Any]:
    return {
        "title": time.title,
        "comment": time.comment,
        "starts_at": _iso(time.starts_at),
        "ends_at": _iso(time.ends_at),
        "components": list(time.components),
    }


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
