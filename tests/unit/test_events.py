"""Facts as the journal keeps them."""

from datetime import UTC, datetime

import pytest

from bot.events import AlertAcknowledged, CheckChanged, Event, IncidentResolved, event_of, payload_of

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_payload_holds_json_values() -> None:
    changed = CheckChanged(check="api", status="down", previous="healthy", since=AT)
    assert payload_of(changed) == {
        "check": "api",
        "status": "down",
        "previous": "healthy",
        "since": "2026-11-23T12:00:00+00:00",
        "detail": "",
        "latency_ms": None,
        "value": None,
        "threshold": None,
        "unit": "",
        "rounds": 1,
    }


def test_an_older_program_reads_newer_entries() -> None:
    assert event_of("AlertAcknowledged", {"alert": 1, "mood": "calm"}) == AlertAcknowledged(alert=1)


def test_a_newer_program_reads_older_entries() -> None:
    assert event_of("IncidentResolved", {"incident": 1, "severity": "high"}) == IncidentResolved(
        incident=1, severity="high"
    )


def test_a_kind_that_is_not_known_is_an_error() -> None:
    with pytest.raises(KeyError):
        event_of("CoffeeSpilled", {})


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        (AlertAcknowledged(alert=42), "alert:42"),
        (IncidentResolved(incident=7, severity="low"), "incident:7"),
        (CheckChanged(check="api", status="down", previous="healthy", since=AT), "check:api"),
    ],
)
def test_an_event_names_its_subject(event: Event, subject: str) -> None:
    assert event.subject == subject
