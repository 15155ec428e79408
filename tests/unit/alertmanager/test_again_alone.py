"""Bodies with one alert that are known by their bytes."""

import json
import re
from datetime import datetime
from typing import Any

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from handlers.http.alertmanager.again import Again
from tests.fakes.ports import T0
from tests.unit.alertmanager.test_again import TIMEOUT, FakeIntake, an_alert

LATER = "2026-11-23T12:05:00Z"


def spelled(alert: dict[str, Any]) -> bytes:
    return orjson.dumps([alert])


def learned(body: bytes, now: datetime = T0) -> tuple[Again, FakeIntake]:
    """Having seen the body so often that it is known, as far as it can be."""
    intake = FakeIntake()
    again = Again(intake)
    for _ in range(2):
        again.news(orjson.loads(body), now, TIMEOUT)
        intake.knows_all()
    again.learn(body, orjson.loads(body)[0])
    return again, intake


def test_a_learned_alert_is_known_with_a_later_end_and_counted() -> None:
    again, intake = learned(spelled(an_alert()))
    before = intake.counted
    assert again.repeated(spelled(an_alert(ends=LATER)), T0)
    assert intake.counted == before + 1


def test_an_alert_that_was_not_learned_is_not_known() -> None:
    assert not Again(FakeIntake()).repeated(spelled(an_alert()), T0)


@pytest.mark.parametrize("ends", ["2026-11-23T11:59:00Z", "soon", "", "2026-11-23T12:05:00", "\uff19"])
def test_an_end_that_has_passed_or_is_none_is_left_to_be_read(ends: str) -> None:
    again, _ = learned(spelled(an_alert()))
    assert not again.repeated(spelled(an_alert(ends=ends)), T0)


def test_an_alert_that_is_over_meanwhile_is_left_to_be_read() -> None:
    again, intake = learned(spelled(an_alert()))
    intake.known.clear()
    assert not again.repeated(spelled(an_alert(ends=LATER)), T0)


@pytest.mark.parametrize("change", [{"annotations": {"summary": "quite full"}}, {"startsAt": "2026-11-23T11:30:00Z"}])
def test_other_words_are_left_to_be_read(change: dict[str, Any]) -> None:
    again, _ = learned(spelled(an_alert()))
    assert not again.repeated(spelled(an_alert() | change), T0)


def test_a_label_that_is_named_like_the_end_is_no_end() -> None:
    end = an_alert()["endsAt"]
    body = f'[{{"labels":{{"alertname":"A","endsAt":"{end}"}},"startsAt":"2026-11-23T11:00:00Z","endsAt" : "{end}"}}]'.encode()
    again, _ = learned(body)
    assert not again.repeated(body.replace(end.encode(), LATER.encode(), 1), T0)


def test_an_alert_without_an_end_is_not_learned_though_its_words_are_known_with_one() -> None:
    labels = {"alertname": "A", "endsAt": an_alert()["endsAt"]}
    again, _ = learned(spelled(an_alert(labels=labels)))
    endless = {name: value for name, value in an_alert(labels=labels).items() if name != "endsAt"}
    again.learn(spelled(endless), endless)
    assert not again.repeated(spelled(endless), T0)


ENDS = an_alert()["endsAt"]
KEYS = st.sampled_from(["endsAt", 'x"endsAt', "a"])
PLACES = st.fixed_dictionaries({}, optional={"labels": st.dictionaries(KEYS, st.just(ENDS)), "endsAt": st.just(ENDS)})


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """Bodies with one alert, with ends where they should not be, spelled in every way that JSON knows."""
    parts = draw(st.sampled_from([(",", ":"), (", ", ": "), (",", " : ")]))
    alert = {"labels": {"alertname": "A"}, "startsAt": "2026-11-23T11:00:00Z", "endsAt": ENDS} | draw(PLACES)
    names = draw(st.permutations(list(alert)))
    text = json.dumps([{name: alert[name] for name in names}], separators=parts)
    for old, new in (("endsAt", "ends\\u0041t"), ('endsAt":', 'endsAt" :')):
        places = [part.start() for part in re.finditer(re.escape(old), text)]
        if places and draw(st.booleans()):
            at = draw(st.sampled_from(places))
            text = text[:at] + new + text[at + len(old) :]
    return text.encode()


def meant(body: bytes) -> dict[str, Any]:
    return {name: value for name, value in json.loads(body)[0].items() if name != "endsAt"}


@given(bodies())
def test_what_is_known_by_its_bytes_says_the_same_but_for_its_end(body: bytes) -> None:
    assume(meant(body).get("labels"))
    again, _ = learned(body)
    for place in re.finditer(ENDS.encode(), body):
        other = body[: place.start()] + LATER.encode() + body[place.end() :]
        if again.repeated(other, T0):
            assert meant(other) == meant(body)
