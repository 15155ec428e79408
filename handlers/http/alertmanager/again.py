"""What is sent again: alerts that say nothing new are told before they are read, for most that comes in is such.

Prometheus sends what fires each minute, word for word but for `endsAt`. The words of an alert that was found to say
nothing new are remembered as one number, beside the number by which the intake knows what they mean. Of a body with one
alert its bytes are remembered so, too: those need not even be decoded.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson

from bot.alerts import posted
from bot.alerts.resent import said
from bot.matchers import NAME
from bot.report import Report

MOST = 300_000
"""Alerts whose words are remembered; beyond, all are forgotten, and learned anew."""


class Knows(Protocol):
    """The intake, as far as it is asked here."""

    def repeated(self, told: Sequence[tuple[int, datetime | None]], /) -> list[bool]:
        """For each number of `said`, and when it ends: whether it is nothing new; then it counts."""


class Again:
    """Sifts batches for one intake."""

    def __init__(self, intake: Knows) -> None:
        self._intake = intake
        self._said: dict[int, int] = {}
        self._once: set[int] = set()
        self._alone: dict[int, int] = {}

    def repeated(self, body: bytes, now: datetime) -> bool:
        """Whether the bytes are those of a learned alert, with whatever end, and say nothing new; then it counts."""
        key, text = _cut(body)
        number = self._alone.get(key) if key is not None else None
        end = _end(text) if number is not None else None
        return number is not None and end is not None and end > now and self._intake.repeated([(number, end)])[0]

    def learn(self, body: bytes, alert: dict[str, Any]) -> None:
        """Know the bytes of a body with this one alert, which says nothing new, if only its end is cut out of them.

        The name is there once, and nothing is escaped: so what is cut is the alert's own end, and no label's value.
        """
        key, text = _cut(body)
        if key is None or b"\\" in body or body.count(b"endsAt") != 1 or alert.get("endsAt") != text:
            return
        if (words := _key(alert)) is not None and words in self._said:
            if len(self._alone) >= MOST:
                self._alone.clear()
            self._alone[key] = self._said[words]

    def fresh(self, body: Any, now: datetime, but: Collection[str] = ()) -> bool:
        """Whether all alerts of a decoded body surely fire and were never said before: so they are kept unread.

        From now on they were said once. Those of a name in `but` are never told to be fresh.
        """
        if type(body) is not list:
            return False
        keys: list[int] = []
        for alert in body:
            key = _key(alert) if type(alert) is dict else None
            if key is None or key in self._once or key in self._said:  # first, for most that comes was said before
                return False
            if not posted.surely_fires(alert, now) or (but and alert["labels"].get(NAME) in but):
                return False
            keys.append(key)
        if len(self._once) >= MOST:
            self._once.clear()
        self._once.update(keys)
        return True

    def news(
        self, body: Any, now: datetime, timeout: timedelta, *, whole: bool = False
    ) -> tuple[list[Report], list[str]]:
        """The reports of a decoded body that may say something new, and what is wrong with the alerts that are none.

        Raises `BadBody` as `posted.reports` does, and if `whole` is wanted `BadAlert` when one is none; then nothing
        was counted.
        """
        words = _words(body, now) if type(body) is list else {}
        known = {index: self._said[key] for index, (key, _) in words.items() if key in self._said}
        read, wrong = posted.read(body, now, timeout, passing=known.keys())
        if wrong and whole:
            raise posted.BadAlert(wrong[0])
        asked = known | {index: said(report) for index, report in read.items() if index in words}
        verdicts = self._intake.repeated([(number, words[index][1]) for index, number in asked.items()])
        repeated = {index for index, again in zip(asked, verdicts, strict=True) if again}
        for index in repeated - known.keys():
            if (begun := read[index].started_at) is None or begun <= now:  # or an end might come before the start
                self._remember(words[index][0], asked[index])
        news = {index: report for index, report in read.items() if index not in repeated}
        if forgotten := known.keys() - repeated:
            for index in forgotten:
                self._said.pop(words[index][0], None)  # the same alert may stand in a batch twice
            news |= posted.read(body, now, timeout, passing=set(range(len(body))) - forgotten)[0]
        return [news[index] for index in sorted(news)], wrong

    def _remember(self, key: int, number: int) -> None:
        if len(self._said) >= MOST:
            self._said.clear()
        self._said[key] = number
        self._once.discard(key)


def _words(body: list[Any], now: datetime) -> dict[int, tuple[int, datetime]]:
    """By index, for each alert that fires with an end of its own: all that it says but its end, and that end."""
    ends: dict[str, datetime | None] = {}
    found: dict[int, tuple[int, datetime]] = {}
    for index, alert in enumerate(body):
        text = alert.get("endsAt") if type(alert) is dict else None
        if type(text) is not str:
            continue
        if text not in ends:
            ends[text] = _end(text)
        if (end := ends[text]) is not None and end > now and (key := _key(alert)) is not None:
            found[index] = key, end
    return found


def _key(alert: dict[str, Any]) -> int | None:
    """A number for all that the alert says but its end; None for one nested deeper than can be written."""
    try:
        return hash(orjson.dumps({name: value for name, value in alert.items() if name != "endsAt"}))
    except orjson.JSONEncodeError:  # what is read goes deeper than what is written; such an alert is read each time
        return None


def _cut(body: bytes) -> tuple[int | None, str]:
    """A number for all of a body but the value behind its first plain `endsAt`, and that value; None without one."""
    before, found, rest = body.partition(b'"endsAt":"')
    text, ended, after = rest.partition(b'"')
    if not (found and ended and text.isascii()):
        return None, ""
    return hash((before, after)), text.decode()


def _end(text: str) -> datetime | None:
    try:
        return posted.moment(text)
    except ValueError:
        return None
