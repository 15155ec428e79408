"""The status page as people and programs get it."""

import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from bot.statuspage.decide import Condition, Page
from bot.statuspage.page import POLICY, to_html, to_json, unavailable
from storage.records.checks import Status
from tests.unit.statuspage.states import healthy, page, window

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>\u202e"
MOVE = window("move", "2026-11-23 11:00", "2026-11-23 14:00", title="New racks", comment="May be slow.")
LATER = window("later", "2026-11-30 22:00", "2026-12-01 02:00")


class Read(HTMLParser):
    """Collects elements, times and text, and complains of what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.addresses: list[str] = []
        self.times: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        given = dict(attrs)
        self.addresses += [str(given[key]) for key in ("href", "src") if key in given]
        self.times += [str(given["datetime"])] if tag == "time" else []
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1] != "style" else ""


def read(shown: Page) -> Read:
    found = Read(to_html(shown))
    assert found.open == []
    return found


@pytest.mark.parametrize(
    ("status", "overall", "said"),
    [
        (Status.HEALTHY, "All components are operational", "Operational"),
        (Status.DEGRADED, "Some components are degraded", "Degraded"),
        (Status.DOWN, "There is a major outage", "Major outage"),
        (Status.UNKNOWN, "Not all is known", "Not known"),
    ],
)
def test_each_state_is_told_in_words(status: Status, overall: str, said: str) -> None:
    text = read(page(healthy(smtp=status))).text
    assert overall in text
    assert said in text


def test_times_are_machine_readable_and_in_utc() -> None:
    found = read(page(healthy(smtp=Status.DOWN), MOVE, LATER))
    assert found.times == [
        "2026-11-23T11:50:00Z",
        "2026-11-23T11:00:00Z",
        "2026-11-23T14:00:00Z",
        "2026-11-30T22:00:00Z",
        "2026-12-01T02:00:00Z",
        "2026-11-23T12:00:00Z",
    ]
    assert "30 Nov 2026, 22:00 UTC until 1 Dec 2026, 02:00 UTC" in found.text


def test_maintenance_is_told_with_title_comment_and_what_it_covers() -> None:
    text = read(page(healthy(api=Status.DOWN), MOVE)).text
    assert "Maintenance now" in text
    assert all(said in text for said in ("New racks", "May be slow.", "Covers Shop", "Under maintenance"))


def test_without_components_it_says_so() -> None:
    text = read(page(healthy(), components=[])).text
    assert "No components are listed" in text
    assert "operational" not in text.lower()


def test_nothing_runs_and_nothing_comes_from_elsewhere() -> None:
    found = read(page(healthy(), MOVE, LATER))
    assert "script" not in found.elements
    assert set(found.addresses) == {"data:,", "status.json"}
    assert "@import" not in to_html(page(healthy()))
    assert "url(" not in to_html(page(healthy()))


def test_the_policy_allows_the_page_s_own_style_alone() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", to_html(page(healthy())), re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'" in POLICY
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert "style=" not in to_html(page(healthy(), MOVE))


def test_hostile_words_stay_words() -> None:
    hostile = window("x", "2026-11-23 11:00", "2026-11-23 14:00", title=HOSTILE, comment=HOSTILE)
    shown = page(healthy(), hostile, components=[{"name": HOSTILE, "checks": ["api"], "labels": {"service": "shop"}}])
    found = read(replace(shown, title=HOSTILE))
    plain = read(replace(page(healthy(), MOVE), components=shown.components[:1]))
    assert set(found.elements) == set(plain.elements)
    assert found.text.count(HOSTILE.removesuffix("\u202e")) == 6
    assert "\u202e" not in found.text


def test_what_is_internal_is_on_neither_page() -> None:
    shown = page(healthy(api=Status.DOWN, smtp=Status.DOWN), MOVE)
    for said in (to_html(shown), json.dumps(to_json(shown))):
        assert [word for word in ("10.1.2.3", "password", "database", "smtp", "service", "check") if word in said] == []


def test_programs_get_the_same() -> None:
    said = to_json(page(healthy(smtp=Status.DOWN), MOVE))
    assert said["status"] == Condition.OUTAGE
    assert said["components"] == [
        {"name": "Shop", "status": "under_maintenance", "since": None},
        {"name": "Mail", "status": "major_outage", "since": "2026-11-23T11:50:00Z"},
    ]
    assert said["maintenance"]["now"] == [
        {
            "title": "New racks",
            "comment": "May be slow.",
            "starts_at": "2026-11-23T11:00:00Z",
            "ends_at": "2026-11-23T14:00:00Z",
            "components": ["Shop"],
        }
    ]


def test_a_page_that_cannot_be_read_says_so_and_claims_nothing() -> None:
    found = Read(unavailable(HOSTILE))
    assert (found.open, "script" in found.elements) == ([], False)
    assert "Not known at the moment" in found.text
    assert "perational" not in found.text


def test_a_page_of_twenty_components_is_small() -> None:
    many = [{"name": f"Component {n}", "checks": ["api"]} for n in range(20)]
    assert len(to_html(page(healthy(), MOVE, LATER, components=many)).encode()) < 10_000
