"""When something repeats, as a rule of iCalendar says it: `FREQ=MONTHLY;BYDAY=1SU` (RFC 5545, section 3.3.10; pure).

Rules of whole days only, FREQ=DAILY or slower. All times are those of the clock on the wall, without a zone. However a
rule is written, no more than `MOST_DAYS` days are looked at: one that does not occur within them counts as one that
never does. That is why the search is written here: libraries go on until the year 9999.
"""

import calendar
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import count, islice, product

from bot.config.errors import nearest, shown

MOST_DAYS = 10_000
"""Days that one search looks at: 27 years of them when every day is a candidate."""
MOST_TIMES = 24
"""Times that a rule may occur on one day."""
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAY = re.compile(rf"([+-]?[0-9]{{1,2}})?({'|'.join(_DAYS)})")
_UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})Z?)?")
_NUMBERS = {  # part: field, least, most, whether it may count from the end
    "BYMONTH": ("months", 1, 12, False),
    "BYMONTHDAY": ("month_days", 1, 31, True),
    "BYYEARDAY": ("year_days", 1, 366, True),
    "BYWEEKNO": ("weeks", 1, 53, True),
    "BYHOUR": ("hours", 0, 23, False),
    "BYMINUTE": ("minutes", 0, 59, False),
    "BYSECOND": ("seconds", 0, 59, False),
    "BYSETPOS": ("positions", 1, 366, True),
}
_ONCE = {"INTERVAL": 1000, "COUNT": 1000}
_PARTS = ("FREQ", *_ONCE, "UNTIL", "WKST", "BYDAY", *_NUMBERS)


class BadRule(ValueError):
    """What was written is no rule that can be followed; the text says what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """A rule as it was read; empty parts restrict nothing. `weekdays` are (which of its month or year, 0 = Monday)."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0
    weekdays: tuple[tuple[int, int], ...] = ()
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()


def parse(text: str) -> Recurrence:
    """Read a rule; raises `BadRule`."""
    parts = _parts(text)
    if parts.get("FREQ") not in FREQUENCIES:
        raise BadRule(f"one rule with FREQ={', '.join(FREQUENCIES[:-1])} or {FREQUENCIES[-1]}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise BadRule("one of COUNT and UNTIL")
    numbers = {field: _listed(parts, key) for key, (field, *_) in _NUMBERS.items()}
    rule = Recurrence(
        frequency=parts["FREQ"],
        interval=_positive(parts, "INTERVAL") or 1,
        count=_positive(parts, "COUNT"),
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        week_start=_weekday(parts.get("WKST", "MO"))[1],
        weekdays=tuple(_weekday(word) for word in parts["BYDAY"].split(",")) if "BYDAY" in parts else (),
        **numbers,
    )
    if any(nth for nth, _ in rule.weekdays) and rule.frequency not in {"MONTHLY", "YEARLY"}:
        raise BadRule("weekdays without numbers, except with FREQ=MONTHLY or YEARLY")
    if len(_times(_from_start(rule, datetime(2000, 1, 1)))) > MOST_TIMES:  # noqa: DTZ001 - wall time
        raise BadRule(f"at most {MOST_TIMES} times on a day")
    return rule


def check(rule: Recurrence, start: datetime) -> None:
    """Raise `BadRule` unless the rule, counted from `start`, occurs within the days that are looked at."""
    wanted = rule.count or 1
    found = sum(1 for _ in islice(occurrences(rule, start, start, datetime.max), wanted))  # noqa: DTZ901 - wall time
    if found == 0:
        raise BadRule("a rule that occurs: this one never does, or too rarely to be found")
    if found < wanted:
        raise BadRule(f"a COUNT that is reached: this rule would occur {found:,} of {wanted:,} times within many years")


def occurrences(rule: Recurrence, start: datetime, since: datetime, until: datetime) -> Iterator[datetime]:
    """Every time from `since` until `until` (both included) at which the rule, counted from `start`, occurs."""
    full = _from_start(rule, start)
    left = rule.count
    # COUNT counts from the start; without it nothing before `since` matters
    begin = start if left is not None else max(start, since)
    for days in periods(full, start, begin, until):
        for at in _chosen(full, days):
            if at < start:
                continue
            if at > until or (rule.until is not None and at > rule.until) or left == 0:
                return
            left = left - 1 if left is not None else None
            if at >= since:
                yield at


def periods(rule: Recurrence, start: datetime, since: datetime, until: datetime) -> Iterator[range]:
    """The days (proleptic ordinals) of each period to look at: years, months, weeks or days, every `interval`."""
    index, days_of = _calendar(rule, start.date())
    looked = 0
    for number in count(max(index(since.date()), 0) // rule.interval * rule.interval, rule.interval):
        days = days_of(number)
        if not days or days[0] > until.toordinal() or looked + len(days) > MOST_DAYS:
            return
        looked += len(days)
        yield days


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        key, equals, value = part.partition("=")
        if not equals or not value or key not in _PARTS:
            raise BadRule(
                f'a rule of iCalendar, like "FREQ=MONTHLY;BYDAY=1SU"; {shown(part)} is no part of one'
                f"{nearest(key, _PARTS)}"
            )
        if key in parts:
            raise BadRule(f"one rule, with {key} in it once")
        parts[key] = value
    return parts


def _positive(parts: dict[str, str], key: str) -> int | None:
    if key not in parts:
        return None
    said = parts[key]
    if not re.fullmatch(r"[0-9]{1,4}", said) or not 1 <= int(said) <= _ONCE[key]:
        raise BadRule(f"{key} from 1 to {_ONCE[key]:,}, not {shown(said)}")
    return int(said)


def _listed(parts: dict[str, str], key: str) -> tuple[int, ...]:
    _, least, most, backwards = _NUMBERS[key]
    numbers = []
    for word in parts[key].split(",") if key in parts else ():
        value = int(word) if re.fullmatch(r"[+-]?[0-9]{1,3}", word) else -1000
        if not least <= (abs(value) if backwards else value) <= most:
            raise BadRule(
                f"a rule of iCalendar: {key} from {least} to {most}{', or below zero from the end' * backwards}, "
                f"not {shown(word)}"
            )
        numbers.append(value)
    return tuple(sorted(set(numbers)))


def _weekday(word: str) -> tuple[int, int]:
    found = _WEEKDAY.fullmatch(word)
    if found is None or abs(int(found[1] or 1)) not in range(1, 54):
        raise BadRule(f"a rule of iCalendar: days {', '.join(_DAYS)}, or numbered like 1SU and -1FR, not {shown(word)}")
    return int(found[1] or 0), _DAYS.index(found[2])


def _until(word: str) -> datetime:
    found = _UNTIL.fullmatch(word)
    try:
        # a day alone is meant with all of its hours
        return datetime.strptime(f"{found[1]}{found[2] or '235959'}", "%Y%m%d%H%M%S") if found else _no_time(word)  # noqa: DTZ007
    except ValueError:
        return _no_time(word)


def _no_time(word: str) -> datetime:
    raise BadRule(f"a rule of iCalendar: UNTIL like 20261231T235959, not {shown(word)}") from None


def _from_start(rule: Recurrence, start: datetime) -> Recurrence:
    """The rule with what it leaves open taken from its start."""
    by_day = rule.weekdays or rule.month_days or rule.year_days or rule.weeks
    full = replace(
        rule,
        hours=rule.hours or (start.hour,),
        minutes=rule.minutes or (start.minute,),
        seconds=rule.seconds or (start.second,),
    )
    if by_day or rule.frequency == "DAILY":
        return full
    if rule.frequency == "WEEKLY":
        return replace(full, weekdays=((0, start.weekday()),))
    yearly = rule.frequency == "YEARLY" and not rule.months
    return replace(full, month_days=(start.day,), months=(start.month,) if yearly else rule.months)


def _calendar(rule: Recurrence, start: date) -> tuple[Callable[[date], int], Callable[[int], range]]:
    """How many periods a day is behind the start's, and the days of the period that is so many behind."""
    match rule.frequency:
        case "YEARLY":
            return lambda day: day.year - start.year, lambda n: _year(start.year + n)
        case "MONTHLY":
            first = start.year * 12 + start.month - 1
            return lambda day: day.year * 12 + day.month - 1 - first, lambda n: _month(first + n)
        case frequency:
            size = 7 if frequency == "WEEKLY" else 1
            begun = start.toordinal() - ((start.weekday() - rule.week_start) % 7 if size == 7 else 0)
            return (
                lambda day: (day.toordinal() - begun) // size,
                lambda n: range(max(begun + n * size, 1), min(begun + (n + 1) * size, date.max.toordinal() + 1)),
            )


def _year(year: int) -> range:
    if year > date.max.year:
        return range(0)
    first = date(year, 1, 1).toordinal()
    return range(first, first + 365 + calendar.isleap(year))


def _month(months: int) -> range:
    year, month = divmod(months, 12)
    if year > date.max.year:
        return range(0)
    first = date(year, month + 1, 1).toordinal()
    return range(first, first + calendar.monthrange(year, month + 1)[1])


def _chosen(rule: Recurrence, days: range) -> list[datetime]:
    """The occurrences of one period, in their order."""
    fitting = [day for ordinal in days if _fits(rule, day := date.fromordinal(ordinal))]
    found = [datetime.combine(day, at) for day in fitting for at in _times(rule)]
    if not rule.positions:
        return found
    places = {at - 1 if at > 0 else len(found) + at for at in rule.positions}
    return [found[at] for at in sorted(places) if 0 <= at < len(found)]


def _times(rule: Recurrence) -> list[time]:
    return [time(*clock) for clock in product(rule.hours, rule.minutes, rule.seconds)]


def _fits(rule: Recurrence, day: date) -> bool:
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and not _at(rule.month_days, day.day, calendar.monthrange(day.year, day.month)[1]):
        return False
    if rule.weekdays and not any(_is_weekday(rule, nth, weekday, day) for nth, weekday in rule.weekdays):
        return False
    in_year = 365 + calendar.isleap(day.year)
    if rule.year_days and not _at(rule.year_days, day.timetuple().tm_yday, in_year):
        return False
    return not rule.weeks or _at(rule.weeks, *_week(day, rule.week_start))


def _at(wanted: tuple[int, ...], number: int, most: int) -> bool:
    """Whether the number, of so many, is wanted, counted from either end."""
    return number in wanted or number - most - 1 in wanted


def _is_weekday(rule: Recurrence, nth: int, weekday: int, day: date) -> bool:
    if day.weekday() != weekday or nth == 0:
        return day.weekday() == weekday
    if rule.frequency == "YEARLY" and not rule.months:
        number, most = day.timetuple().tm_yday, 365 + calendar.isleap(day.year)
    else:
        number, most = day.day, calendar.monthrange(day.year, day.month)[1]
    return nth == ((number - 1) // 7 + 1 if nth > 0 else -((most - number) // 7 + 1))


def _week(day: date, week_start: int) -> tuple[int, int]:
    """The number of the day's week, and of the last week of that year: a week belongs to where four of its days are."""
    ordinal = day.toordinal()
    middle = date.fromordinal(min(ordinal - (day.weekday() - week_start) % 7 + 3, date.max.toordinal()))
    left = 365 + calendar.isleap(middle.year) - middle.timetuple().tm_yday
    number = (middle.timetuple().tm_yday - 1) // 7 + 1
    return number, number + left // 7
