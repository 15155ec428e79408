"""What is said of objectives (pure)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot.cards.card import Card, Code, Level, Table, Text
from bot.objectives.budget import Standing, amount, percent
from bot.phrasing import duration, listing, number, plural

_COLUMNS = ("Objective", "Target", "Of", "Error budget", "Left", "Burn rate", "Measured")
_NUMERIC = frozenset({"Error budget", "Left", "Burn rate"})


def overview(standing: Sequence[Standing], recent: timedelta) -> Card:
    """Every objective with what is left of its error budget."""
    if not standing:
        return Card(
            title="There are no service level objectives",
            body=("An objective says how much of the time checks must be up, or how many requests may fail.",),
            hint=(
                "Name one under ",
                Code("objectives"),
                " in manage.yml, like ",
                Code("shop: {objective: 99.9%, checks: [shop]}"),
                ".",
            ),
            data={"objectives": []},
        )
    spent = [one.name for one in standing if one.budget and one.budget.left < 0]
    unknown = [one.name for one in standing if one.budget is None]
    body: list[Text] = [f"Nothing was measured for {listing(unknown)}."] if unknown else []
    if spent:
        title = f"{plural(len(spent), 'error budget')} overspent: {listing(spent)}"
    else:
        title = f"{plural(len(standing), 'service level objective')}"
    return Card(
        title=title,
        level=Level.BAD if spent else Level.WARNING if unknown else Level.OK,
        body=tuple(body),
        table=Table(columns=_COLUMNS, rows=tuple(map(_row, standing)), numeric=_NUMERIC),
        footer="The error budget is what is missing to 100%. At a burn rate of 1x it lasts exactly its window; the burn"
        f" rate here is that of the last {duration(recent)}.",
        data={"objectives": [_data(one) for one in standing]},
    )


def _row(line: Standing) -> tuple[Text, ...]:
    name, one, budget, burning = line.name, line.objective, line.budget, line.burn_rate
    of = f"checks {listing(one.checks)}" if one.checks else f"{one.errors} of {one.total}"
    target = f"{one.objective} over {duration(one.window)}"
    rate = "no data" if burning is None else f"{number(burning)}x"
    if budget is None:
        return name, target, of, "no data", "no data", rate, "nothing"
    left = f"{amount(one, budget.left)} ({percent(budget.share(budget.left))})"
    if budget.left < 0:
        left = f"overspent by {amount(one, -budget.left)} ({percent(budget.share(-budget.left))})"
    measured = "all of it" if budget.whole else f"{duration(budget.known)} of it"
    return name, target, of, amount(one, budget.allowed), left, rate, measured


def _data(line: Standing) -> dict[str, Any]:
    one, budget = line.objective, line.budget
    return {
        "name": line.name,
        "objective": one.objective,
        "window_seconds": one.window.total_seconds(),
        "unit": "seconds" if one.checks else "requests",
        "burn_rate": line.burn_rate,
        "budget": budget and budget.allowed,
        "used": budget and budget.used,
        "left": budget and budget.left,
        "measured_seconds": budget.known if budget else 0.0,
    }
