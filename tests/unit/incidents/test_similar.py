import json
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot import events as e
from bot.incidents.similar import Described, helped, nearest
from storage.records.journal import Entry
from tests.fakes.ports import T0

RECORDED = Path("tests/data/incidents")
OURS = [
    ("Checkout p99 latency above 2 s", "shop"),
    ("Payments failing with HTTP 502", "payments"),
    ("Search is slow after deploy", "search"),
    ("Disk full on the primary database", "database"),
    ("Redis out of memory", "cache"),
    ("Certificate of api.example expired", "edge"),
    ("Queue of mails grows", "mail"),
]


def past(title: str, service: str = "", number: int = 2, **more) -> Described:
    labels = frozenset({("service", service)}) if service else frozenset()
    return Described(number=number, title=title, labels=labels, **more)


def asked(title: str, service: str = "", **more) -> Described:
    return past(title, service, number=1, **more)


@pytest.fixture(scope="module")
def recorded() -> dict[str, Described]:
    """The recorded incidents as they would be kept: title, first words, alerts, what was told last."""
    found = {}
    for number, path in enumerate(sorted(RECORDED.glob("*_2*.json")), start=100):
        told = json.loads(path.read_text())
        steps = told["timeline"]
        found[path.stem.split("_")[0]] = Described(
            number=number,
            title=told["title"],
            texts=tuple(step["text"] for step in (*steps[:3], *steps[-2:])),
            alerts=tuple(step["text"] for step in steps if step["kind"] == "alert"),
        )
    return found


class TestNearest:
    @pytest.mark.parametrize(
        ("title", "like"),
        [
            ("HTTP 5xx at the edge: bot management feature file too large", "cloudflare"),
            ("Network partition between data centers, databases failed over", "github"),
            ("Production database removed, restoring from backup", "gitlab"),
            ("Search backend overloaded: traffic surge", "sre"),
        ],
    )
    def test_finds_the_recorded_incident_that_is_meant_among_others(
        self, recorded: dict[str, Described], title: str, like: str
    ) -> None:
        others = [past(name, service, number=n) for n, (name, service) in enumerate(OURS, start=2)]

        found = nearest(asked(title), [*others, *recorded.values()])

        assert found[0].number == recorded[like].number

    def test_finds_nothing_for_what_has_never_happened(self, recorded: dict[str, Described]) -> None:
        assert nearest(asked("Kafka consumers stopped", "bus"), list(recorded.values())) == []

    def test_takes_the_same_service_for_much_in_common(self) -> None:
        found = nearest(
            asked("It hangs", "shop"), [past("Orders get lost", "shop"), past("It hangs", "mail", number=3)]
        )

        assert found[0].number == 2
        assert found[0].shared == ("service shop",)

    def test_puts_first_what_has_the_words_in_common_too(self) -> None:
        same = [past("Orders get lost", "shop"), past("Checkout latency above 2 s", "shop", number=3)]

        assert [one.number for one in nearest(asked("Checkout latency is bad", "shop"), same)] == [3, 2]

    def test_takes_one_word_in_common_for_nothing(self) -> None:
        assert nearest(asked("Search is slow"), [past("Login is slow")]) == []

    def test_takes_one_word_for_much_where_there_is_hardly_another(self) -> None:
        assert nearest(asked("Checkout is down"), [past("Checkout is slow and down")])

    def test_knows_plurals_and_capitals_as_the_same_word(self) -> None:
        assert nearest(asked("REPLICA lag of database"), [past("Replicas lag, databases behind")])

    def test_names_no_more_of_a_long_word_than_can_be_read(self) -> None:
        (found,) = nearest(asked("x" * 5000), [past("x" * 5000)])

        assert len(found.shared[0]) == 40

    def test_does_not_say_twice_what_a_label_says(self) -> None:
        (found,) = nearest(asked("shop hangs", "shop"), [past("shop hangs", "shop")])

        assert found.shared == ("service shop", "hang")

    def test_takes_parts_of_addresses_for_nothing(self) -> None:
        assert nearest(asked("refused by 127.0.0.1:44595"), [past("slow at 127.0.0.1:44595")]) == []

    def test_never_names_the_incident_itself(self) -> None:
        one = asked("Checkout latency", "shop")

        assert nearest(one, [one]) == []

    def test_names_the_newer_one_of_two_that_are_as_alike(self) -> None:
        twice = [past("Checkout latency", "shop", number=n) for n in (4, 9)]

        assert [one.number for one in nearest(asked("Checkout latency", "shop"), twice)] == [9, 4]

    def test_gives_a_score_of_one_for_the_very_same(self) -> None:
        (found,) = nearest(asked("Checkout latency", "shop"), [past("Checkout latency", "shop")])

        assert found.score == pytest.approx(1.0)

    def test_is_quick_with_two_thousand(self) -> None:
        texts = (" ".join(f"word{n * 7 % 900}" for n in range(60)),)
        many = [past(f"Trouble {n} of word{n % 500}", f"s{n % 40}", number=n + 2, texts=texts) for n in range(2000)]
        began = time.process_time()

        nearest(asked("Trouble of word7", "s7"), many)

        assert time.process_time() - began < 1.5

    @pytest.mark.parametrize("title", ["", "   ", "🔥🔥", "the of and", "\x00"])
    def test_finds_nothing_for_words_that_say_nothing(self, title: str) -> None:
        assert nearest(asked(title), [past(title), past("Checkout latency", "shop", number=3)]) == []


def journal(*events: e.Event) -> list[Entry]:
    """These facts, one a minute; a status and the words beside it have one time."""
    found, at = [], T0
    for number, event in enumerate(events, start=1):
        if not (number > 1 and isinstance(events[number - 2], e.StatusChanged)):
            at += timedelta(minutes=1)
        kind = type(event).__name__
        said = e.payload_of(event)
        found.append(Entry(id=number, at=at, kind=kind, subject=event.subject, actor="U0000ONE", payload=said))
    return found


MONITORING = e.StatusChanged(incident=3, status="monitoring", previous="identified")
RESOLVED = e.IncidentResolved(incident=3, severity="high", comment="cache doubled")


def told(text: str) -> e.UpdatePosted:
    return e.UpdatePosted(incident=3, text=text)


class TestHelped:
    def test_is_what_was_said_when_the_impact_ended_and_when_it_was_over(self) -> None:
        said = journal(told("looking"), MONITORING, told("rolled back"), told("all quiet"), RESOLVED)

        assert helped(said) == ("rolled back", "cache doubled")

    def test_is_the_word_before_where_nothing_was_said_with_the_status(self) -> None:
        assert helped(journal(told("failing over"), MONITORING)) == ("failing over",)

    def test_is_the_last_word_where_nobody_told_of_an_end(self) -> None:
        assert helped(journal(told("looking"), told("restarted it"))) == ("restarted it",)

    def test_forgets_what_did_not_last(self) -> None:
        again = e.IncidentReopened(incident=3)

        assert helped(journal(told("restarted it"), RESOLVED, again, told("rolled back"))) == ("rolled back",)

    def test_is_nothing_where_nobody_said_anything(self) -> None:
        assert helped([]) == ()
