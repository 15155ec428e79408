"""How the bot says durations, distances to now, counts, sizes and lists (pure)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

ELLIPSIS = "…"


def duration(span: timedelta | float) -> str:
    """A span (or seconds) in its two largest units: "850 ms", "2 min", "1 h 5 min", "3 d 4 h"; signed below zero."""
    seconds = span.total_seconds() if isinstance(span, timedelta) else float(span)
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if 0 < seconds < 1:
        return f"{max(round(seconds * 1000), 1)} ms"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    # seconds beside many minutes, or hours beside many days, only distract
    if whole < 3600:
        return _two(whole, (60, "min"), (1, "s"), until=5)
    if whole < 86_400:
        return _two(whole, (3600, "h"), (60, "min"), until=24)
    return _two(whole, (86_400, "d"), (3600, "h"), until=14)


def _two(whole: int, large: tuple[int, str], small: tuple[int, str], *, until: int) -> str:
    """`whole` seconds in two units; the small one is left out when zero, and from `until` large ones on."""
    count, rest = divmod(whole, large[0])
    parts = rest // small[0]
    said = f"{count} {large[1]}"
    return said if parts == 0 or count >= until else f"{said} {parts} {small[1]}"


def ago(at: datetime, now: datetime) -> str:
    """Where `at` lies seen from `now`: "3 min ago", "in 2 min", "now" within five seconds."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 5:
        return "now"
    return f"{_coarse(seconds)} ago" if seconds > 0 else f"in {_coarse(-seconds)}"


def _coarse(seconds: float) -> str:
    """A distance to now in one unit below an hour and from two days on, where a second one only distracts."""
    if seconds < 3600:
        return duration(seconds if seconds < 60 else round(seconds) // 60 * 60)
    return duration(seconds if seconds < 172_800 else round(seconds) // 86_400 * 86_400)


def plural(count: int, one: str, many: str = "") -> str:
    """The count with its noun: "1 alert", "3 alerts", "2 entries" (the last with `many` given)."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def number(value: float, unit: str = "") -> str:
    """A number as people read it, with its unit: "1,240 ms", "0.07", "93 %".

    Whole numbers are exact; others keep three significant digits below 1,000 and none behind the point above.
    """
    size = abs(value)
    if value != value or size == float("inf"):  # noqa: PLR0124 - the test for NaN
        said = "unknown" if size != float("inf") else "infinite"
    elif value == int(value) or size >= 1000:
        said = f"{round(value):,}"
    elif size >= 0.001:
        said = f"{value:.3g}"
    else:
        said = f"{value:.1e}"
    return f"{said} {unit}" if unit else said


def size(count: float) -> str:
    """An amount of bytes in decimal units: "0 B", "640 kB", "1.5 GB"."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        # 999.5 would be said as 1,000 of this unit
        if abs(amount) < 999.5:
            return number(amount if abs(amount) < 100 else round(amount), unit)
        amount /= 1000
    return number(amount, "PB")


def listing(items: Iterable[str], conjunction: str = "and") -> str:
    """The items as a sentence says them: "a", "a and b", "a, b and c"; nothing is "none"."""
    said = list(items)
    if len(said) < 2:
        return said[0] if said else "none"
    return f"{', '.join(said[:-1])} {conjunction} {said[-1]}"


def cut(text: str, limit: int) -> str:
    """The text within `limit` characters; what was cut off shows as an ellipsis."""
    if len(text) <= limit:
        return text
    return text[: max(limit - 1, 0)].rstrip() + ELLIPSIS if limit > 0 else ""
