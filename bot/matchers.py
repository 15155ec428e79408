"""Matchers of labels as Alertmanager spells them: `severity="critical"`, `instance=~"web-.*"` (pure).

The syntax is that of https://prometheus.io/docs/alerting/latest/configuration/#label-matchers: the classic one, and
names in quotes beside it. Regular expressions are RE2, so that none can stall the bot, and match the whole value.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from storage.records.silences import Matcher

NAME = "alertname"
"""The label under which the name of an alert is matched."""
LONGEST = 10_000
"""Characters of one expression; nobody types more, and each costs memory when it is compiled."""

_READ = 256  # texts whose matchers are remembered: those of the configuration are asked with each batch of alerts

Test = tuple[str, Callable[[str], bool]]
"""A label's name, and whether a value of it will do."""

_BARE_NAME = re.compile(r"""[^\s{}!=~,\\"'`]+""")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_OPERATOR = re.compile(r"\s*(=~|!~|!=|=)\s*")
_BARE_VALUE = re.compile(r"""(?:\\[^,]|[^,\\"])*\\?""")
_CLASSIC_ESCAPE = re.compile(r'\\([n"\\])')
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"'}
_PLAIN = r"[^\\.+*?()|\[\]{}^$\n]"
_ALTERNATIVES = re.compile(rf"\(?(?:\?:)?({_PLAIN}*(?:\|{_PLAIN}*)*)\)?")
_BEGINNING = re.compile(rf"{_PLAIN}+")
_AROUND = re.compile(rf"(\.\*)?({_PLAIN}*)(\.\*)?")


class BadMatcher(ValueError):
    """What was written is no matcher; one line that names it and the mend."""


@lru_cache(_READ)
def parse(text: str) -> tuple[Matcher, ...]:
    """Read matchers parted by commas, with or without braces around them; raises `BadMatcher`."""
    rest = text.strip()
    if len(text) > LONGEST:
        raise BadMatcher(f"a matcher of {len(text):,} characters is too long: at most {LONGEST:,}")
    if rest.startswith("{"):
        if not rest.endswith("}"):
            raise BadMatcher(f"{_said(text)} opens a brace and does not close it")
        rest = rest[1:-1].strip()
    found: list[Matcher] = []
    while rest:
        matcher, rest = _one(rest, text)
        found.append(matcher)
    return tuple(found)


def parse_all(texts: Iterable[str]) -> tuple[Matcher, ...]:
    """Read several texts of matchers as one list; raises `BadMatcher` for each that is wrong, or when none is there."""
    found = tuple(dict.fromkeys(matcher for text in texts for matcher in parse(text)))
    if not found:
        raise BadMatcher('at least one matcher is needed, like severity="critical"')
    return found


def selective(matchers: Sequence[Matcher]) -> bool:
    """False when every matcher also matches a missing label: such a list would match all alerts."""
    return any(not test("") for _, test in compiled(tuple(matchers)))


def spell(matcher: Matcher) -> str:
    """The matcher as `parse` reads it back: `severity="critical"`."""
    name = matcher.name if _BARE_NAME.fullmatch(matcher.name) else f'"{_escaped(matcher.name)}"'
    return f'{name}{operator(matcher)}"{_escaped(matcher.value)}"'


def operator(matcher: Matcher) -> str:
    """Its sign: `=`, `!=`, `=~` or `!~`."""
    return ("=" if matcher.is_equal else "!") + ("~" if matcher.is_regex else "" if matcher.is_equal else "=")


def checked(matcher: Matcher) -> Matcher:
    """The matcher, unless its name is empty or its expression cannot be compiled; raises `BadMatcher`."""
    if not matcher.name:
        raise BadMatcher("a matcher needs the name of a label")
    compiled((matcher,))
    return matcher


def matches(matchers: Sequence[Matcher], name: str, labels: Mapping[str, str]) -> bool:
    """Whether all matchers match an alert of that name with these other labels; a missing label is an empty one."""
    return hold(compiled(tuple(matchers)), name, labels)


def hold(tests: Iterable[Test], name: str, labels: Mapping[str, str]) -> bool:
    """The same for matchers that were compiled before."""
    for label, test in tests:  # noqa: SIM110 - asked millions of times, and a generator costs half again
        if not test(name if label == NAME else labels.get(label, "")):
            return False
    return True


@lru_cache(maxsize=512)
def compiled(matchers: tuple[Matcher, ...]) -> tuple[Test, ...]:
    """The matchers as tests of values, the quick ones first; raises `BadMatcher`."""
    ordered = sorted(matchers, key=lambda m: m.is_regex)
    return tuple((m.name, _value_test(m)) for m in ordered)


def values_of(matcher: Matcher) -> tuple[str, ...]:
    """The only values that it can match, when it names them; () when it does not, or matches a missing label too."""
    if not matcher.is_equal:
        return ()
    values = tuple(_alternatives(matcher.value) or ()) if matcher.is_regex else (matcher.value,)
    return () if "" in values else values


def _value_test(matcher: Matcher) -> Callable[[str], bool]:
    if not matcher.is_regex:
        wanted = matcher.value
        return wanted.__eq__ if matcher.is_equal else wanted.__ne__
    test = _expression(matcher.value)
    return test if matcher.is_equal else lambda value: not test(value)


def _expression(pattern: str) -> Callable[[str], bool]:
    """Whether a whole value matches; what needs no engine (`a|b`, `web-.*`) does without, which is much quicker."""
    full = _re2(pattern)
    if (words := _alternatives(pattern)) is not None:
        return words.__contains__
    if around := _AROUND.fullmatch(pattern):
        before, literal, after = around.groups()
        return _literal_test(literal, open_before=bool(before), open_after=bool(after))
    prefix = _prefix(pattern)

    @lru_cache(maxsize=4096)
    def test(value: str) -> bool:
        return full(_encodable(value)) is not None

    return lambda value: value.startswith(prefix) and test(value)


def _prefix(pattern: str) -> str:
    """What every match begins with: most values are told apart by it, at a hundredth of the price."""
    found = _BEGINNING.match(pattern)
    if found is None or "|" in pattern:
        return ""
    optional = pattern[found.end() : found.end() + 1] in {"?", "*", "{"}
    return found[0][:-1] if optional else found[0]


def _literal_test(literal: str, *, open_before: bool, open_after: bool) -> Callable[[str], bool]:
    def test(value: str) -> bool:
        # the dot matches no line break, as in Alertmanager
        if open_before and open_after:
            return literal in value and "\n" not in value
        if open_before:
            return value.endswith(literal) and "\n" not in value
        return value.startswith(literal) and "\n" not in value

    return test


def _alternatives(pattern: str) -> frozenset[str] | None:
    """The values of `a`, `a|b` or `(a|b)`; None for any other expression."""
    bracketed = pattern.startswith("(")
    if bracketed != pattern.endswith(")"):
        return None
    found = _ALTERNATIVES.fullmatch(pattern)
    return frozenset(found[1].split("|")) if found else None


def _re2(pattern: str) -> Callable[[str], object]:
    import re2  # type: ignore[import-untyped] # it ships no types

    if len(pattern) > LONGEST:
        raise BadMatcher(f"a regular expression of {len(pattern):,} characters is too long: at most {LONGEST:,}")
    options = re2.Options()
    options.log_errors = False
    try:
        full: Callable[[str], object] = re2.compile(pattern, options).fullmatch
    except (re2.error, UnicodeError) as error:
        why = error.args[0] if error.args else error
        said = why.decode(errors="replace") if isinstance(why, bytes) else str(why)
        raise BadMatcher(f"{_said(pattern)} is no regular expression of RE2: {said}") from None
    return full


def _encodable(value: str) -> str:
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _one(rest: str, text: str) -> tuple[Matcher, str]:
    """The first matcher of `rest`, and what is left behind its comma."""
    quoted = _QUOTED.match(rest)
    bare = None if quoted else _BARE_NAME.match(rest)
    named = quoted or bare
    sign = _OPERATOR.match(rest, named.end()) if named else None
    if named is None or sign is None:
        raise BadMatcher(f'{_said(text)} is no matcher: write a label, one of = != =~ !~, and a value: severity="high"')
    name = _unquoted(quoted[1], text) if quoted else named[0]
    value, end = _value(rest, sign.end(), text, modern=quoted is not None)
    following = rest[end:].strip()
    if following and not following.startswith(","):
        raise BadMatcher(f"{_said(text)}: a comma must part matchers, found {_said(following)}")
    if following == ",":
        following = ""
    matcher = Matcher(name=name, value=value, is_regex="~" in sign[1], is_equal=sign[1].startswith("="))
    return checked(matcher), following[1:].strip()


def _value(rest: str, start: int, text: str, *, modern: bool) -> tuple[str, int]:
    if rest[start : start + 1] == '"':
        quoted = _QUOTED.match(rest, start)
        if quoted is None:
            raise BadMatcher(f"{_said(text)} opens a quote and does not close it")
        # a name in quotes is the new syntax, whose escapes are those of Go; the classic one keeps what it does not know
        return (_unquoted(quoted[1], text) if modern else _classic(quoted[1])), quoted.end()
    bare = _BARE_VALUE.match(rest, start)
    end = bare.end() if bare else start
    if rest[end : end + 1] == '"':
        raise BadMatcher(f'{_said(text)} has a quote inside a value: put all of it in quotes, and write \\" for one')
    return _classic(rest[start:end].strip()), end


def _classic(value: str) -> str:
    return _CLASSIC_ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], value)


def _unquoted(inner: str, text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        if found[5] is not None:
            if found[5] not in _LETTERS:
                raise BadMatcher(f"{_said(text)} has the unknown escape \\{found[5]}: write \\\\ to mean a \\ itself")
            return _LETTERS[found[5]]
        code = int(found[4], 8) if found[4] else int(found[1] or found[2] or found[3], 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise BadMatcher(f"{_said(text)} has an escape that is no character")
        return chr(code)

    return _ESCAPE.sub(meant, inner)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _said(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
