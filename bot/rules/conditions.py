"""Conditions as CEL runs them: compiled once for each text, evaluated on the values of one label set."""

import logging
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bot.config.conditions import DIVIDE, Comparison, Condition, read
from bot.rules.decide import Broken, Judge, Verdict

_FUNCTIONS: Mapping[str, Callable[..., float]] = {DIVIDE: operator.truediv, "abs": abs, "min": min, "max": max}
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A condition ready to run."""

    condition: Condition
    run: Any
    functions: Mapping[str, Callable[..., float]]
    sides: tuple[tuple[Any, Comparison, Any], ...]

    def __call__(self, values: Mapping[str, float], labels: Mapping[str, str]) -> Verdict:
        """Evaluate on the metrics' values; a label that is not there is "". Raises `Broken`, never guesses."""
        given: dict[str, Any] = {f"m{i}": float(values[name]) for i, name in enumerate(self.condition.metrics)}
        given |= {f"l{i}": labels.get(name, "") for i, name in enumerate(self.condition.labels)}
        context = self._context(given)
        try:
            holds = self.run.execute(context)
        except Exception as error:
            raise Broken(_plainly(error)) from error
        if holds is not True and holds is not False:
            raise Broken(f"the result is {holds!r}, not true or false")
        value, threshold = self._decided(context)
        return Verdict(holds=holds, value=value, threshold=threshold)

    def _context(self, given: dict[str, Any]) -> Any:
        if not self.functions:
            return given
        import cel

        context = cel.Context(variables=given)
        for name, function in self.functions.items():
            context.add_function(name, function)
        return context

    def _decided(self, context: Any) -> tuple[float | None, float | None]:
        """Of the first comparison that holds, else of the first that could be made."""
        first: tuple[float | None, float | None] = (None, None)
        for value_of, comparison, threshold_of in self.sides:
            try:
                value = value_of.execute(context)
                threshold = threshold_of.execute(context) if comparison.limit is None else comparison.limit
            except Exception:  # noqa: BLE001, S112 - a side that a guard kept from being evaluated decides nothing
                continue
            if _HOLDS[comparison.operator](value, threshold):
                return value, threshold
            if first == (None, None):
                first = (value, threshold)
        return first


@lru_cache(maxsize=4096)
def compiled(text: str) -> Compiled:
    """The condition, compiled once in a process; raises `bot.config.conditions.BadCondition`."""
    import cel  # 230 ms, which only those who have rules should wait for

    logging.getLogger("cel").setLevel(logging.ERROR)  # a division by zero is told on the rule, not in the log
    condition = read(text)
    sides = tuple((cel.compile(c.value), c, cel.compile(c.threshold)) for c in condition.comparisons)
    functions = {name: function for name, function in _FUNCTIONS.items() if f"{name}(" in condition.cel}
    return Compiled(condition=condition, run=cel.compile(condition.cel), functions=functions, sides=sides)


def judging(condition: str, clear: str = "") -> Judge:
    """The judge of a rule: its condition, and when one that fires is over; raises `BadCondition`."""
    holds, over = compiled(condition), compiled(clear) if clear else None

    def judge(values: Mapping[str, float], labels: Mapping[str, str]) -> Verdict:
        verdict = holds(values, labels)
        cleared = not verdict.holds if over is None else over(values, labels).holds
        return replace(verdict, cleared=cleared)

    return judge


def _plainly(error: Exception) -> str:
    said = str(error)
    return "division by zero" if "division by zero" in said else said.splitlines()[0][:200] or type(error).__name__
