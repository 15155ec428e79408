from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.cards.card import Level, Moment
from bot.cards.json import to_json
from bot.cards.text import to_text
from bot.health.cards import Recent, detail, overview
from storage.records.checks import CheckState, Status
from storage.records.samples import Sample

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_check(name="web", status=Status.HEALTHY, **changes):
    since = NOW - timedelta(minutes=3)
    state = CheckState(
        name=name,
        type="http",
        status=status,
        since=since,
        observed=status,
        streak=4,
        streak_since=since,
        observed_at=NOW - timedelta(seconds=20),
        latency_ms=12.4,
        detail="HTTP 200",
        value=12.4,
        threshold=1000,
        unit="ms",
    )
    return replace(state, **changes)


def samples(metric, values):
    return [Sample(metric=metric, at=NOW, value=value) for value in values]


@pytest.mark.parametrize(
    ("statuses", "level", "title"),
    [
        ([Status.HEALTHY], Level.OK, "check0 is healthy"),
        ([Status.HEALTHY, Status.HEALTHY], Level.OK, "All is healthy"),
        ([Status.HEALTHY, Status.DEGRADED], Level.WARNING, "check1 is degraded"),
        ([Status.DOWN, Status.DEGRADED], Level.BAD, "check0 is down and check1 is degraded"),
        ([Status.DOWN, Status.DOWN, Status.DEGRADED], Level.BAD, "2 down and 1 degraded of 3 checks"),
    ],
)
def test_the_title_and_the_level_tell_the_worst(statuses, level, title):
    card = overview([a_check(f"check{n}", status) for n, status in enumerate(statuses)], NOW)

    assert (card.level, card.title) == (level, title)


def test_the_summary_counts_each_status():
    states = [a_check(f"check{n}") for n in range(5)] + [a_check("db", Status.DOWN)]

    assert overview(states, NOW).body == ("5 healthy, 1 down",)


def test_the_worst_check_stands_first():
    card = overview([a_check("a"), a_check("b", Status.DEGRADED), a_check("c", Status.DOWN)], NOW)

    assert [row[0] for row in card.table.rows] == ["c", "b", "a"]


def test_a_row_tells_status_latency_since_and_detail():
    assert overview([a_check()], NOW).table.rows == (
        ("web", "healthy", "12 ms", Moment(NOW - timedelta(minutes=3)), "HTTP 200"),
    )


def test_a_failure_that_is_not_held_yet_is_told_and_warned_of():
    card = overview([a_check(observed=Status.DOWN, streak=1, detail="connection refused")], NOW)

    assert (card.level, card.table.rows[0][1]) == (Level.WARNING, "healthy")
    assert card.table.rows[0][4] == "down for 1 round: connection refused"


def test_a_check_that_was_never_held_shows_what_was_seen():
    card = overview([a_check(status=Status.UNKNOWN, observed=Status.DOWN)], NOW)

    assert (card.level, card.table.rows[0][1]) == (Level.BAD, "down")


def test_nothing_watched_says_where_to_begin():
    card = overview([], NOW)

    assert (card.title, card.hint) == ("Nothing is watched", "Add one under `health.checks` in manage.yml.")


def test_json_has_every_check_with_its_numbers():
    said = to_json(overview([a_check("db", Status.DOWN, latency_ms=None)], NOW))

    assert (said["level"], said["status"], said["counts"]) == ("bad", "down", {"down": 1})
    (check,) = said["checks"]
    assert (check["name"], check["status"], check["latency_ms"], check["since"], check["for_seconds"]) == (
        "db",
        "down",
        None,
        "2026-11-23T11:57:00Z",
        180.0,
    )


def test_one_check_tells_since_when_and_for_how_long():
    recent = Recent.of([], [], HOUR)

    assert "2026-11-23 11:57 UTC, for 3 min" in to_text(detail(a_check(), recent, NOW), now=NOW)


def test_one_check_tells_what_it_was_measured_against():
    fields = {field.label: field.value for field in detail(a_check(), Recent.of([], [], HOUR), NOW).fields}

    assert fields["Measured"] == "12.4 ms, limit 1,000 ms"


def test_one_check_tells_its_last_hour():
    recent = Recent.of(samples("check_latency_ms", range(1, 101)), samples("check_up", [1] * 99 + [0]), HOUR)

    fields = {field.label: field.value for field in detail(a_check(), recent, NOW).fields}

    assert fields["Last 1 h"] == "up in 99 % of 100 rounds; latency p50 50 ms, p95 95 ms"


def test_an_hour_without_rounds_says_so():
    fields = {field.label: field.value for field in detail(a_check(), Recent.of([], [], HOUR), NOW).fields}

    assert fields["Last 1 h"] == "no round was kept"
