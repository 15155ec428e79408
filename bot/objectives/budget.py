"""Error budgets: how much may go wrong in a window, how much did, and what an incident took of it (pure).

The error budget is 1 - SLO of the window's time or requests, and a burn rate of 1 uses exactly all of it within the
window: Google, The Site Reliability Workbook, chapters 2 ("Implementing SLOs") and 5 ("Alerting on SLOs").
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from bot.config.objectives import Objective
from bot.phrasing import duration, number

_HUNDREDTH = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What was measured of some time: `bad` of `all`, in seconds or in requests, over `known` seconds of it."""

    bad: float
    all: float
    known: float


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The error budget of a window: `allowed` to go wrong and `used`, in seconds or in requests.

    Of the window only `known` seconds were measured; what was not measured used nothing and is never taken for well.
    """

    name: str
    objective: Objective
    allowed: float
    used: float
    known: float

    @property
    def left(self) -> float:
        """What may still go wrong; below zero when more did than may."""
        return self.allowed - self.used

    @property
    def whole(self) -> bool:
        """True when nearly all of the window was measured."""
        return self.known >= 0.99 * self.objective.window.total_seconds()

    def share(self, amount: float) -> float:
        """An amount as a share of the budget; of a budget of no requests anything is all of it."""
        if self.allowed > 0:
            return amount / self.allowed
        return 1.0 if amount > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class Standing:
    """An objective now: its budget, None when nothing was measured, and how fast that was used of late."""

    name: str
    objective: Objective
    budget: Budget | None
    burn_rate: float | None


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one incident took: `amount` of the budget of the window that ends with it; `lasted` so many seconds of it.

    Of these `known` were measured.
    """

    budget: Budget
    amount: float
    lasted: float
    known: float

    @property
    def before(self) -> float:
        """What the window had used without the incident."""
        return max(self.budget.used - self.amount, 0.0)


def budget(name: str, objective: Objective, window: Counted) -> Budget:
    """The error budget of a window with what was measured of it."""
    whole = objective.window.total_seconds() if objective.checks else window.all
    return Budget(name=name, objective=objective, allowed=objective.budget * whole, used=window.bad, known=window.known)


def taken(spent: Budget, incident: Counted, lasted: timedelta) -> Taken:
    """What the incident took of the budget of its window, of which it is a part: never less than nothing."""
    return Taken(
        budget=spent,
        amount=min(max(incident.bad, 0.0), max(spent.used, 0.0)),
        lasted=lasted.total_seconds(),
        known=incident.known,
    )


def burn_rate(objective: Objective, recent: Counted) -> float | None:
    """How many times faster than the objective allows the budget is used; None when nothing was measured."""
    return recent.bad / recent.all / objective.budget if recent.all > 0 else None


def amount(objective: Objective, value: float) -> str:
    """An amount of the budget in words: "43.2 min", "3,000 requests"."""
    return minutes(value) if objective.checks else requests(value)


def in_minutes(seconds: float) -> Decimal:
    """Seconds in minutes to the hundredth."""
    return (Decimal(str(seconds)) / 60).quantize(_HUNDREDTH, ROUND_HALF_UP)


def minutes(seconds: float) -> str:
    """Seconds in minutes to the hundredth, so that they can be held against one another; a moment is never nothing."""
    exact = in_minutes(seconds)
    return f"{exact.normalize():,f} min" if exact or not seconds else duration(seconds)


def requests(count: float) -> str:
    """A count of requests; below ten it has its fraction: a budget may be less than one."""
    if 0 < count < 0.01:
        return "less than 0.01 requests"
    said = number(count) if count < 10 else f"{round(count):,}"
    return f"{said} request" if said == "1" else f"{said} requests"


def percent(share: float) -> str:
    """A share to the tenth of a percent; what is more than nothing is never told as nothing."""
    if 0 < share < 0.0005:
        return "less than 0.1%"
    return f"{share * 100:,.1f}".removesuffix(".0") + "%"


def terms(one: Budget) -> str:
    """What the objective asks for and allows: "99.9% over 30 d allows 43.2 min"."""
    asked = f"{one.objective.objective} over {duration(one.objective.window)}"
    if one.objective.checks:
        return f"{asked} allows {minutes(one.allowed)} of downtime"
    return f"{asked} allows {amount(one.objective, one.allowed)} to fail"


def words(one: Taken) -> tuple[str, str]:
    """What the incident took, and what was left at its end, each as a clause that can be checked by itself."""
    objective, spent = one.budget.objective, one.budget
    took = f"{minutes(one.amount)} of downtime" if objective.checks else _failed(one.amount)
    first = f"it took {took}: {percent(spent.share(one.amount))} of the error budget of {spent.name} ({terms(spent)})"
    if one.known < 0.99 * one.lasted:
        first += f"; {minutes(one.known)} of its {minutes(one.lasted)} were measured"
    used = f"{amount(objective, spent.used)} ({percent(spent.share(spent.used))})"
    earlier = f", {amount(objective, one.before)} of that by what came earlier" if one.before > 0 else ""
    second = f"at its end {used} of the error budget of {spent.name} were used{earlier}; {_left(spent)}"
    if not spent.whole:
        second += f"; {duration(spent.known)} of these {duration(objective.window)} were measured"
    return first, second


def _failed(count: float) -> str:
    return requests(count).replace(" request", " failed request")


def _left(one: Budget) -> str:
    if one.left < 0:
        return f"that is {amount(one.objective, -one.left)} more than it allows"
    return f"{amount(one.objective, one.left)} ({percent(one.share(one.left))}) were left"
