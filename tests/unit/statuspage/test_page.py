"""The status page as people and programs get it."""

import gzip
import hashlib
import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest

from bot.config.statuspage import Theme
from bot.statuspage.decide import Condition, Page, stories, with_history
from bot.statuspage.feed import to_atom, to_json
from bot.statuspage.page import to_html, unavailable
from bot.statuspage.style import DARK, LIGHT, READABLE, contrast, policy, style
from bot.statuspage.uptime import Day, Uptime
from storage.records.checks import Status
from tests.fakes.ports import T0
from tests.unit.statuspage.states import healthy, page, window
from tests.unit.statuspage.test_held import incident, notice, resolved

PLAIN = Theme()
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
        if tag not in {"meta", "link", "br", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data if self.open[-1] != "style" else ""


def read(shown: Page, theme: Theme = PLAIN) -> Read:
    found = Read(to_html(shown, theme))
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
    assert set(found.addresses) == {"data:,", "status.json", "status.atom"}
    assert "@import" not in to_html(page(healthy()), PLAIN)
    assert "url(" not in to_html(page(healthy()), PLAIN)


def test_the_policy_allows_the_page_s_own_style_alone() -> None:
    (style,) = re.findall(r"<style>(.*?)</style>", to_html(page(healthy()), PLAIN), re.DOTALL)
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert "default-src 'none'; img-src data:;" in policy(PLAIN)
    assert f"style-src 'sha256-{digest}'" in policy(PLAIN)
    assert "style=" not in to_html(page(healthy(), MOVE), PLAIN)


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
    for said in (Read(to_html(shown, PLAIN)).text, json.dumps(to_json(shown))):
        assert [word for word in ("10.1.2.3", "password", "database", "smtp", "service", "check") if word in said] == []


def test_programs_get_the_same() -> None:
    said = to_json(page(healthy(smtp=Status.DOWN), MOVE))
    assert said["status"] == Condition.OUTAGE
    assert said["components"] == [
        {"name": "Shop", "status": "under_maintenance", "since": None, "uptime": None},
        {"name": "Mail", "status": "major_outage", "since": "2026-11-23T11:50:00Z", "uptime": None},
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
    found = Read(unavailable(HOSTILE, PLAIN))
    assert (found.open, "script" in found.elements) == ([], False)
    assert "Not known at the moment" in found.text
    assert "perational" not in found.text


def past(*last: Day) -> Uptime:
    """Ninety days without trouble, but for the last ones."""
    days = [Day(date=T0.date() - timedelta(days=89 - n), known=86_400.0) for n in range(90)]
    return Uptime(days=(*days[: 90 - len(last)], *last))


def with_past(shown: Page, found: Uptime) -> Page:
    return with_history(shown, {one.name: found for one in shown.components})


def test_each_day_has_a_bar_with_its_share() -> None:
    troubled = Day(date=T0.date(), known=86_400.0, down=864.0)
    text = to_html(with_past(page(healthy()), past(troubled)), PLAIN)
    assert len(re.findall(r"<i[ >]", text)) == 2 * 90
    assert text.count('<i class=b title="23 Nov: 99.00 %"></i>') == 2
    assert '<i title="22 Nov: 100 %"></i>' in text


def test_what_the_bars_show_is_told_in_words_too() -> None:
    troubled = Day(date=T0.date(), known=86_400.0, down=864.0, degraded=60.0)
    text = to_html(with_past(page(healthy()), past(troubled)), PLAIN)
    assert 'role="img" aria-label="99.98 % up"' in text
    assert (
        "<summary>1 day with trouble</summary><ul><li>23 Nov: 99.00 % up, 14 min down and 1 min degraded</li>" in text
    )


def test_days_that_are_not_known_are_not_told_as_up() -> None:
    unknown = Uptime(days=tuple(replace(day, known=0.0) for day in past().days))
    text = to_html(with_past(page(healthy()), unknown), PLAIN)
    assert "No results yet" in text
    assert "100 %" not in text
    text = to_html(with_past(page(healthy()), past(Day(date=T0.date()))), PLAIN)
    assert "100 % up, known for 89 of 90 days" in text


def told(text: str = "We look into it.", **changes: Any) -> Page:
    published = stories([notice(1, text=text, **changes)], {1: incident()})
    return replace(page(healthy()), stories=published)


def test_incidents_are_told_in_the_words_that_were_published() -> None:
    text = read(told()).text
    assert "Incidents now" in text
    assert all(said in text for said in ("Trouble with Shop", "Investigating", "We look into it."))
    assert "No incidents were published in the last 90 days." in read(page(healthy())).text


def test_what_is_over_is_past_though_nobody_published_that() -> None:
    published = stories([notice(1)], {1: resolved(incident())})
    text = read(replace(page(healthy()), stories=published)).text
    assert "Incidents now" not in text
    assert "Past incidents" in text
    assert "23 Nov 2026, 11:00 UTC until 12:00 UTC" in text


def test_what_is_over_for_long_is_folded_away() -> None:
    ended = {n: resolved(incident(n)) for n in range(1, 13)}
    shown = replace(page(healthy()), stories=stories([notice(n, n) for n in ended], ended))
    before, folded, _ = to_html(shown, PLAIN).partition("<summary>2 earlier incidents</summary>")
    assert (before.count("Trouble with Shop"), folded != "") == (10, True)


def test_open_incidents_are_never_folded_away() -> None:
    running = {n: incident(n) for n in range(1, 13)}
    shown = replace(page(healthy()), stories=stories([notice(n, n) for n in running], running))
    assert "details" not in read(shown).elements


def test_times_on_two_days_are_both_told_in_full() -> None:
    ended = resolved(incident(started_at=T0 - timedelta(days=1)))
    text = read(replace(page(healthy()), stories=stories([notice(1)], {1: ended}))).text
    assert "22 Nov 2026, 12:00 UTC until 23 Nov 2026, 12:00 UTC" in text


def test_a_title_from_inside_is_nowhere() -> None:
    for said in (to_html(told(), PLAIN), json.dumps(to_json(told())), to_atom(told(), "https://example.com/status")):
        assert "payments-db-3" not in said


def test_published_words_that_are_hostile_stay_words() -> None:
    found = read(told(HOSTILE))
    assert set(found.elements) == set(read(told()).elements)
    assert HOSTILE.removesuffix("\u202e") in found.text


def test_the_page_has_landmarks_and_one_heading_of_the_first_level() -> None:
    found = read(with_past(told(), past()))
    assert [found.elements.count(one) for one in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    text = to_html(told(), PLAIN)
    assert set(re.findall(r'aria-labelledby="(\w+)"', text)) == set(re.findall(r'<h2 id="(\w+)"', text))


def test_nothing_moves() -> None:
    assert not re.search(r"animation|transition|@keyframes", style(PLAIN))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_can_be_read_on_its_background(scheme: int) -> None:
    colours = re.findall(r":root\{color-scheme[^}]*\}|:root\{--page[^}]*\}", style(PLAIN))[scheme]
    found = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", colours))
    assert found["page"] == (LIGHT, DARK)[scheme]
    unreadable = {
        name: colour
        for name, colour in found.items()
        if name not in {"page", "line", "none"} and contrast(colour, found["page"]) < READABLE
    }
    assert unreadable == {}


def test_a_theme_has_its_colour_logo_and_link() -> None:
    theme = Theme(accent="#7a0055", logo="https://static.example.com/logos.svg?a=1&b=2", link="https://example.com/")
    found = read(page(healthy()), theme)
    assert {"https://static.example.com/logos.svg?a=1&b=2", "https://example.com/"} <= set(found.addresses)
    assert "img-src data: https://static.example.com/logos.svg?a=1&b=2;" in policy(theme)
    assert "--link:#7a0055" in style(theme)
    assert policy(theme) != policy(PLAIN)


def test_a_colour_that_cannot_be_read_is_not_used_for_words() -> None:
    assert (
        "--link:#ffff00"
        not in style(Theme(accent="#ffff00")).partition("@media (prefers-color-scheme:dark){:root{--mark:#ffff00")[0]
    )
    assert "--mark:#ffff00" in style(Theme(accent="#ffff00"))


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def test_a_page_of_twenty_components_is_small() -> None:
    many = [{"name": f"Component {n}", "checks": ["api"]} for n in range(20)]
    text = to_html(with_past(page(healthy(), MOVE, LATER, components=many), past()), PLAIN).encode()
    assert len(text) < 100_000
    assert len(gzip.compress(text)) < 10_000
