"""From journal entries to numbered evidence."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bot import events as e
from bot.postmortems import facts, grounding, sections
from bot.postmortems.evidence import LONGEST, Pack, collect
from storage.records.alerts import Severity
from storage.records.incidents import Incident
from storage.records.journal import Entry

T0 = datetime(2026, 3, 5, 14, 0, tzinfo=UTC)
LEAD, OTHER = "U0000LEAD", "U0000OTHER"


def incident(**changes: Any) -> Incident:
    base: dict[str, Any] = {
        "id": 1,
        "title": "Checkout is down",
        "severity": Severity.HIGH,
        "declared_by": "bot",
        "started_at": T0,
        "declared_at": T0 + timedelta(minutes=1),
        "resolved_at": T0 + timedelta(minutes=30),
        "roles": {"commander": LEAD},
    }
    return Incident(**base | changes)


def entry(id_: int, minute: float, event: e.Event, actor: str = "bot") -> Entry:
    return Entry(
        id=id_,
        at=T0 + timedelta(minutes=minute),
        kind=type(event).__name__,
        subject=event.subject,
        actor=actor,
        payload=e.payload_of(event),
    )


def ran(id_: int, minute: float, command: str, *argv: str, outcome: str = "ok", changes: bool = True) -> Entry:
    event = e.CommandRun(
        command=command, argv=argv, via="slack", role="operator", outcome=outcome, seconds=0.1, changes=changes
    )
    return entry(id_, minute, event, OTHER)


def words(pack: Pack) -> list[str]:
    return [item.words for item in pack.items]


def note(id_: int, minute: float, text: str, *, ts: str = "1.0", author: str = OTHER) -> Entry:
    at = T0 + timedelta(minutes=minute)
    return entry(
        id_, minute + 20, e.NoteAdded(incident=1, text=text, author=author, said_at=at, channel="C1", ts=ts), LEAD
    )


def resolved(id_: int = 90) -> Entry:
    event = e.IncidentResolved(
        incident=1, severity="high", time_to_detect=60.0, time_to_acknowledge=95.0, time_to_resolve=1800.0
    )
    return entry(id_, 30, event, LEAD)


def test_the_number_of_evidence_is_that_of_its_entry_and_it_stands_at_the_time_it_was_said() -> None:
    pack = collect(incident(), [entry(7, 5, e.UpdatePosted(incident=1, text="later"), LEAD), note(9, 2, "first")])
    assert [(item.id, item.at.minute) for item in pack.items] == [(9, 2), (7, 5)]


def test_people_are_called_by_their_role_or_by_number() -> None:
    pack = collect(incident(), [note(9, 2, f"<@{LEAD}> ask U0000THIRD"), note(10, 3, "yes", ts="2.0", author=LEAD)])
    assert [(item.actor, item.words) for item in pack.items] == [
        ("responder-1", "“incident commander ask responder-2”"),
        ("incident commander", "“yes”"),
    ]
    assert pack.people == {"incident commander": LEAD, "responder-1": OTHER, "responder-2": "U0000THIRD"}


def test_secrets_are_placeholders_and_counted() -> None:
    pack = collect(incident(), [note(9, 2, "password=hunter2")])
    assert words(pack) == ["“password=[SECRET_1]”"]
    assert pack.redacted == {"named secret": 1}


def test_what_tells_of_a_person_is_a_placeholder_and_a_server_stays() -> None:
    pack = collect(incident(), [note(9, 2, "jo@example.com, +49 30 1234567, came from 8.8.8.8 to 10.0.0.7")])
    assert words(pack) == ["“[EMAIL_1], [PHONE_1], came from [IP_1] to 10.0.0.7”"]
    assert pack.redacted == {"e-mail address": 1, "phone number": 1, "IP address": 1}


def test_what_only_the_library_of_detectors_knows_is_a_placeholder() -> None:
    pack = collect(incident(), [note(9, 2, "key SK0123456789abcdef0123456789abcdef")])
    assert words(pack) == ["“key [SECRET_1]”"]


def test_a_message_that_was_taken_off_the_timeline_is_no_evidence() -> None:
    removed = entry(10, 25, e.NoteRemoved(incident=1, channel="C1", ts="1.0"), LEAD)
    assert collect(incident(), [note(9, 2, "wrong channel"), removed]).items == ()


def test_commands_that_changed_something_during_the_incident_are_evidence() -> None:
    entries = [
        ran(1, -5, "cache:clear"),
        ran(2, 5, "cache:clear", "--pattern=cart:*"),
        ran(3, 6, "cache:clear", outcome="denied"),
        ran(4, 7, "incident show", "1", changes=False),
        ran(5, 8, "ack", "1"),
        ran(6, 9, "jobs", changes=False),
        ran(7, 10, "job revive", "3", outcome="bad"),
        ran(8, 45, "cache:clear"),
    ]
    assert words(collect(incident(), entries)) == [
        "Ran `cache:clear --pattern=cart:*`: ok, exit status 0",
        "Ran `job revive 3`: bad, exit status 1",
    ]


def test_a_reply_of_a_reviewer_is_evidence_but_not_part_of_the_timeline() -> None:
    asked = entry(50, 60, e.ChangeRequested(incident=1, section="impact", text="40 users"), OTHER)
    pack = collect(incident(), [asked, resolved()])
    assert pack.get(50) is not None
    told = facts.section(sections.TIMELINE, pack)
    assert [s.evidence for s in told.statements] == [(90,)]


def test_what_happened_to_a_check_counts_only_while_the_incident_lasted() -> None:
    change = e.CheckChanged(check="shop", status="down", previous="healthy", since=T0)
    entries = [entry(1, -60, change), entry(2, 0, change), entry(3, 60, change)]
    assert [item.id for item in collect(incident(), entries).items] == [2]


def test_a_long_entry_is_cut() -> None:
    assert len(collect(incident(), [note(9, 2, "word " * 999)]).items[0].words) <= LONGEST


def test_durations_are_computed_by_code_with_their_sources() -> None:
    declared = entry(3, 1, e.IncidentDeclared(incident=1, title="Checkout is down", severity="high"))
    computed = {c.name: (c.words, c.evidence) for c in collect(incident(), [declared, resolved()]).computed}
    assert computed["time to resolve"] == ("30 min", (3, 90))
    assert computed["impact began"] == ("2026-03-05 14:00:00 UTC", (90,))


def test_the_fact_sheet_of_a_rich_incident_passes_its_own_check() -> None:
    opened = e.AlertOpened(
        alert=1, rule="r", severity="high", summary="shop is down", started_at=T0, value=3, threshold=2, unit="rounds"
    )
    entries = [
        entry(1, 1, opened),
        entry(2, 1, e.IncidentDeclared(incident=1, title="Checkout is down", severity="high", alert=1)),
        entry(3, 2, e.PageFailed(alert=1, target="@U0000LEAD", via="phone", step=0, error="busy")),
        entry(4, 3, e.AlertAcknowledged(alert=1), LEAD),
        entry(5, 4, e.AcknowledgementWithdrawn(alert=1), LEAD),
        entry(6, 5, e.EscalationExhausted(alert=1, steps=3)),
        entry(7, 6, e.SeverityChanged(incident=1, severity="critical", previous="high"), LEAD),
        note(8, 7, "it turned out that the pool of 20 was too small; we should raise it"),
        ran(9, 8, "cache:clear"),
        resolved(),
    ]
    pack = collect(incident(), entries)
    for part in sections.PARTS:
        section = facts.section(part, pack)
        assert grounding.unverified(grounding.check(section.statements, pack, part)) == [], part.name
        assert section.statements


def test_a_failed_page_is_told_under_what_went_wrong() -> None:
    failed = entry(3, 2, e.PageFailed(alert=1, target="@U0000LEAD", via="phone", step=0, error="busy"))
    section = facts.section(sections.WRONG, collect(incident(), [failed]))
    assert "could not tell" in section.statements[0].text


def test_an_empty_journal_still_gives_every_section_its_question() -> None:
    pack = collect(incident(), [])
    for part in sections.PARTS:
        expected = [] if part.rendered else [part.question]
        assert [s.text for s in facts.section(part, pack).statements] == expected
