"""A place in a payload, read as what it should be; whatever it is instead is told by its path (pure)."""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.ports import Refusal

LONGEST_LABEL = 1000
LONGEST_TEXT = 4000
_UNFIT = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a payload and where it stands. What is missing is None."""

    value: Any
    at: str = ""

    def __getitem__(self, key: str) -> "Node":
        """What stands under the key of this object; raises `Refusal` when this is none."""
        path = f"{self.at}.{key}" if self.at else key
        return Node(None if self.value is None else self.object().get(key), path)

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return self.value is not None

    def object(self) -> Mapping[str, Any]:
        """Read an object; an empty one when it is missing."""
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def list(self) -> "Iterator[Node]":
        """Each item of a list; none when it is missing."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        for index, item in enumerate(self.value):
            yield Node(item, f"{self.at}[{index}]")

    def text(self, longest: int = LONGEST_TEXT) -> str:
        """Read words, or a number as words; "" when it is missing."""
        match self.value:
            case None:
                return ""
            case bool():
                return "true" if self.value else "false"
            case str() | int() | float():
                said = _UNFIT.sub("\ufffd", str(self.value)).strip()
                return said if len(said) <= longest else f"{said[: longest - 1]}…"
            case _:
                raise self.wrong("text")

    def needed(self, hint: str = "") -> str:
        """Words that must be there."""
        said = self.text(LONGEST_LABEL)
        if not said:
            raise Refusal(f"{self.at} is missing", hint or f"Send a text under {self.at}.")
        return said

    def number(self) -> float | None:
        """Read a finite number; None for anything else, as values are beside the point of an alert."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            return None
        try:
            number = float(self.value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None

    def words(self) -> dict[str, str]:
        """Read an object of texts, as labels and annotations are; what is null is left out."""
        found = {name: self[name].text() for name, value in self.object().items() if value is not None}
        return {_UNFIT.sub("\ufffd", name)[:LONGEST_LABEL]: said for name, said in found.items()}

    def labels(self) -> dict[str, str]:
        """Read an object of short texts that tell alerts apart; empty ones are none."""
        return {name: said[:LONGEST_LABEL] for name, said in self.words().items() if said}

    def moment(self) -> datetime | None:
        """Read an ISO 8601 time, or milliseconds since 1970; None when missing or before 1970 ("not yet")."""
        if self.value is None or self.value == "":
            return None
        try:
            if isinstance(self.value, str) and not self.value.isdecimal():
                at = datetime.fromisoformat(self.value)
                return _told(at if at.tzinfo else at.replace(tzinfo=UTC))
            if isinstance(self.value, int | str) and not isinstance(self.value, bool):
                return _told(datetime.fromtimestamp(int(self.value) / 1000, UTC))
        except (ValueError, OverflowError, OSError):
            pass
        raise self.wrong("a time like 2026-11-23T12:00:00Z")

    def wrong(self, wanted: str) -> Refusal:
        """Make what is raised when it is not what it should be."""
        return Refusal(f"{self.at or 'the body'} must be {wanted}, not {kind(self.value)}", "See docs/webhooks.md.")


def top(payload: Any) -> Node:
    """Read a body that must be an object; raises `Refusal`."""
    if not isinstance(payload, dict):
        raise Node(payload).wrong("a JSON object")
    return Node(payload)


def kind(value: Any) -> str:
    """What a JSON value is, in words."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return f'"{_UNFIT.sub("?", value[:40])}"'
        case bool():
            return "true" if value else "false"
        case None:
            return "null"
        case _:
            return "a number"


def _told(at: datetime) -> datetime | None:
    moment = at.astimezone(UTC)
    return moment if moment.year >= 1970 else None
