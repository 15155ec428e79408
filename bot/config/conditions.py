"""The language of conditions: what of CEL a rule may say, read and typed before anything runs (pure).

Conditions are CEL (github.com/google/cel-spec) over metrics and labels: numbers, text, `labels.NAME`, comparisons,
arithmetic, `&& || !`, `? :`, and the functions of `FUNCTIONS`. Lists, maps, macros, methods, regular expressions and
everything else that repeats work are not part of it, so that what a condition costs is bounded by its length.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from bot.config.errors import nearest
from bot.phrasing import cut

LONGEST = 500
DEEPEST = 20
FUNCTIONS = {"abs": 1, "min": 2, "max": 2}
"""What may be called, with the number of arguments; all of them numbers."""
DIVIDE = "divided"
"""What a division is called in the text for CEL, because CEL's own gives infinity for a division by zero."""

Type = Literal["a number", "text", "true or false"]
NUMBER, TEXT, TRUTH = "a number", "text", "true or false"

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d+\.\d+|\.\d+|\d+)(?:[eE][+-]?\d{1,3})?(?![\w.]))
    | (?P<text>"[^"\\\n]*"|'[^'\\\n]*')
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    | (?P<sign>&&|\|\||[=!<>]=|[-+*/()<>!?:,])
    )""",
    re.VERBOSE,
)
_REFUSED = {
    "[": "no lists: write alternatives with ||",
    "{": "no maps",
    "%": "no %: CEL has no remainder of fractions",
    "=": "== to compare",
    "&": "&& for and",
    "|": "|| for or",
}


class BadCondition(ValueError):
    """A condition that cannot be used. `found` is what is wrong with it, `allowed` what could stand there."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found}, allowed: {allowed}")
        self.found = found
        self.allowed = allowed


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`value` compared with `threshold`, both as texts for CEL; `limit` is the threshold where it is a plain number."""

    value: str
    operator: str
    threshold: str
    limit: float | None = None


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition that was read: its text, the text for CEL, and what it speaks of.

    In `cel` metrics are called m0, m1 … in the order of `metrics`, labels l0, l1 … in the order of `labels`.
    """

    text: str
    cel: str
    metrics: tuple[str, ...]
    labels: tuple[str, ...]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, kw_only=True)
class _Part:
    cel: str
    type: str
    depth: int = 0
    constant: float | None = None


def read(text: str, known: Callable[[str], bool] | None = None, names: Iterable[str] = ()) -> Condition:
    """Read a condition; raises `BadCondition`, which says what was found and what is allowed.

    `known` says whether a metric exists (None: all do), `names` are proposed for one that does not.
    """
    if len(text) > LONGEST:
        raise BadCondition(f"{len(text)} characters", f"at most {LONGEST}")
    reader = _Reader(_tokens(text), known or (lambda _: True), names)
    part = reader.choice(0)
    if reader.word:
        raise reader.unexpected("an operator like >, && or +, or the end")
    if part.type != TRUTH:
        raise BadCondition(f'"{cut(text, 60)}", which is {part.type}', "true or false, like `error_rate > 0.05`")
    if not reader.metrics:
        raise BadCondition(f'"{cut(text, 60)}", which names no metric', "a comparison with a metric in it")
    return Condition(
        text=text,
        cel=part.cel,
        metrics=tuple(reader.metrics),
        labels=tuple(reader.labels),
        comparisons=tuple(reader.comparisons),
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            rest = text[at:].strip()
            sign = rest[0]
            raise BadCondition(f'"{cut(rest, 20)}"', _REFUSED.get(sign, "metrics, numbers, text in quotes, operators"))
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    if not found:
        raise BadCondition("nothing", "a comparison, like `error_rate > 0.05`")
    return found


class _Reader:
    """Reads tokens by recursive descent, with CEL's precedence."""

    def __init__(self, tokens: list[tuple[str, str]], known: Callable[[str], bool], names: Iterable[str]) -> None:
        self.tokens = tokens
        self.at = 0
        self.known = known
        self.names = names
        self.metrics: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.comparisons: list[Comparison] = []

    @property
    def word(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    @property
    def kind(self) -> str:
        return self.tokens[self.at][0] if self.at < len(self.tokens) else "end"

    def next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1][1]

    def sign(self, *signs: str) -> bool:
        return self.kind == "sign" and self.word in signs

    def unexpected(self, allowed: str) -> BadCondition:
        return BadCondition(f'"{cut(self.word, 40)}"' if self.word else "the end", allowed)

    def choice(self, depth: int) -> _Part:
        if depth > DEEPEST:
            raise BadCondition(f"more than {DEEPEST} levels of nesting", "fewer parentheses")
        part = self.chain(
            depth, ("||",), TRUTH, lambda: self.chain(depth, ("&&",), TRUTH, lambda: self.relation(depth))
        )
        if not self.sign("?"):
            return part
        self.next()
        self.expect(part, TRUTH, "?")
        yes = self.choice(depth + 1)
        if not self.sign(":"):
            raise self.unexpected(":")
        self.next()
        no = self.choice(depth + 1)
        self.expect(no, yes.type, ":")
        return _Part(cel=f"({part.cel} ? {yes.cel} : {no.cel})", type=yes.type, depth=_deeper(part, yes, no))

    def chain(self, depth: int, signs: tuple[str, ...], type_: str, inner: Callable[[], _Part]) -> _Part:
        part = inner()
        while self.sign(*signs):
            sign = self.next()
            self.expect(part, type_, sign)
            right = inner()
            self.expect(right, type_, sign)
            part = self.joined(part, sign, right)
        if part.depth + depth > 2 * DEEPEST:
            raise BadCondition(f"more than {DEEPEST} divisions in a row", "fewer")
        return part

    def joined(self, left: _Part, sign: str, right: _Part) -> _Part:
        type_, depth = left.type, max(left.depth, right.depth)
        if sign == "/":
            return _Part(cel=f"{DIVIDE}({left.cel}, {right.cel})", type=type_, depth=_deeper(left, right))
        # what stands left of a sign is bound as tightly already; what stands right of - must stay together
        return _Part(cel=f"{left.cel} {sign} {right.cel}", type=type_, depth=depth)

    def relation(self, depth: int) -> _Part:
        left = self.sum(depth)
        if not self.sign("<", "<=", ">", ">=", "==", "!="):
            return left
        sign = self.next()
        right = self.sum(depth)
        if left.type == TRUTH or (left.type == TEXT and sign not in ("==", "!=")):
            raise BadCondition(f"{left.type} before {sign}", f"a number before {sign}")
        self.expect(right, left.type, sign)
        if self.sign("<", "<=", ">", ">=", "==", "!="):
            raise BadCondition(f'a second comparison "{self.word}" in a row', "a && between two comparisons")
        if left.type == NUMBER:
            self.comparisons.append(_comparison(left, sign, right))
        return _Part(cel=f"({left.cel} {sign} {right.cel})", type=TRUTH, depth=_deeper(left, right))

    def sum(self, depth: int) -> _Part:
        return self.chain(depth, ("+", "-"), NUMBER, lambda: self.product(depth))

    def product(self, depth: int) -> _Part:
        return self.chain(depth, ("*", "/"), NUMBER, lambda: self.unary(depth))

    def unary(self, depth: int) -> _Part:
        if depth > DEEPEST:
            raise BadCondition(f"more than {DEEPEST} levels of nesting", "fewer signs in a row")
        if not self.sign("-", "!"):
            return self.primary(depth)
        sign = self.next()
        part = self.unary(depth + 1)
        self.expect(part, NUMBER if sign == "-" else TRUTH, sign)
        constant = -part.constant if part.constant is not None else None
        return _Part(cel=f"({sign}{part.cel})", type=part.type, depth=part.depth + 1, constant=constant)

    def primary(self, depth: int) -> _Part:
        match self.kind:
            case "number":
                return self.number(self.next())
            case "text":
                return _Part(cel=self.next(), type=TEXT)
            case "name":
                return self.named(self.next(), depth)
        if not self.sign("("):
            raise self.unexpected("a metric, a number or (")
        self.next()
        part = self.choice(depth + 1)
        self.close()
        return _Part(cel=f"({part.cel})", type=part.type, depth=part.depth + 1, constant=part.constant)

    def number(self, word: str) -> _Part:
        value = float(word)
        if value == float("inf"):
            raise BadCondition(word, "a number below 1.8e308")
        return _Part(cel=repr(value), type=NUMBER, constant=value)

    def named(self, name: str, depth: int) -> _Part:
        if name in ("true", "false"):
            return _Part(cel=name, type=TRUTH)
        if self.sign("("):
            return self.call(name, depth)
        if name.startswith("labels."):
            return _Part(cel=self.labels.setdefault(name[len("labels.") :], f"l{len(self.labels)}"), type=TEXT)
        if not self.known(name):
            hint = nearest(name, self.names)
            raise BadCondition(f'the unknown metric "{cut(name, 60)}"', f"a metric that is collected or pushed{hint}")
        return _Part(cel=self.metrics.setdefault(name, f"m{len(self.metrics)}"), type=NUMBER)

    def call(self, name: str, depth: int) -> _Part:
        if name not in FUNCTIONS:
            raise BadCondition(f'the unknown function "{cut(name, 60)}"', ", ".join(sorted(FUNCTIONS)))
        self.next()
        parts = [self.choice(depth + 1)]
        while self.sign(","):
            self.next()
            parts.append(self.choice(depth + 1))
        self.close()
        if len(parts) != FUNCTIONS[name]:
            raise BadCondition(f"{name} of {len(parts)}", f"{name} of {FUNCTIONS[name]}")
        for part in parts:
            self.expect(part, NUMBER, name)
        return _Part(cel=f"{name}({', '.join(part.cel for part in parts)})", type=NUMBER, depth=_deeper(*parts))

    def close(self) -> None:
        if not self.sign(")"):
            raise self.unexpected(")")
        self.next()

    def expect(self, part: _Part, type_: str, sign: str) -> None:
        if part.type != type_:
            raise BadCondition(f"{part.type} beside {sign}", f"{type_} there")


def _deeper(*parts: _Part) -> int:
    return 1 + max(part.depth for part in parts)


_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def _comparison(left: _Part, sign: str, right: _Part) -> Comparison:
    """The measured side first: `0.05 < error_rate` is `error_rate > 0.05`."""
    if left.constant is not None and right.constant is None:
        left, sign, right = right, _TURNED[sign], left
    return Comparison(value=left.cel, operator=sign, threshold=right.cel, limit=right.constant)
