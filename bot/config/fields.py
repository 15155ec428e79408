"""The words of manage.yml that several sections share: names, lists, channels, users, emoji, whole numbers (pure)."""

import re
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from bot.matchers import BadMatcher, parse_all


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def numeric(value: Any) -> Any:
    """A check before numbers: pydantic reads true as 1, which nobody means."""
    if isinstance(value, bool):
        raise ValueError("a number")  # noqa: TRY004 - pydantic turns only ValueError into an error of the field
    return value


Name = Annotated[str, Field(min_length=1, max_length=100)]
Item = TypeVar("Item")
Listed = Annotated[tuple[Item, ...], BeforeValidator(_listed)]
Rounds = Annotated[int, Field(ge=1, le=100), BeforeValidator(numeric)]
Milliseconds = Annotated[float, Field(gt=0, allow_inf_nan=False), BeforeValidator(numeric)]


def _matching(pattern: str, allowed: str) -> AfterValidator:
    """A check that the whole text is of a form, said in words when it is not."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(allowed)
        return value

    return AfterValidator(check)


def _hashed(value: Any) -> Any:
    """A channel's name with its #; ids stay as they are."""
    bare = isinstance(value, str) and value[:1] != "#" and not re.fullmatch(r"[CG][A-Z0-9]{2,20}", value)
    return f"#{value}" if bare else value


Room = Annotated[
    str,
    _matching(
        r"[CG][A-Z0-9]{2,20}|#[a-z0-9_-]{1,80}",
        'a channel: "#name" in lower-case letters, digits, - and _ (in quotes), or its id',
    ),
    BeforeValidator(_hashed),
]
UserId = Annotated[str, _matching(r"[UW][A-Z0-9]{2,20}", 'a Slack user id like "U012AB3CD"')]
Member = Annotated[str, _matching(r"[UWS][A-Z0-9]{2,20}|\*", 'a Slack user id (U…), user group id (S…) or "*"')]
Emoji = Annotated[
    str,
    _matching(r"[\w+'-]+", 'the name of an emoji, like "eyes"'),
    BeforeValidator(lambda name: name.strip(":") if isinstance(name, str) else name),
]


def _readable(texts: tuple[str, ...]) -> tuple[str, ...]:
    try:
        parse_all(texts)
    except BadMatcher as wrong:
        raise ValueError(f'matchers like severity="critical" ({wrong})') from None
    return texts


Matchers = Annotated[Listed[str], AfterValidator(_readable)]
_CEL_WORDS = (
    "as|break|const|continue|else|false|for|function|if|import|in|let|loop|namespace|null|package|return|true|var|void"
    "|while"
)
MetricName = Annotated[
    str,
    Field(max_length=100),
    _matching(
        rf"(?!({_CEL_WORDS})\Z)[a-zA-Z_][a-zA-Z0-9_]*",
        'the name of a metric as conditions write it: letters, digits and _, like "error_rate"',
    ),
]
