"""The JSON of a request's body, or one line that says why it is none (pure)."""

import json
from typing import Any, NoReturn

from bot.ports import Refusal

_HINT = "Send one JSON document in UTF-8."


def parsed(body: bytes) -> Any:
    """Read the body; raises `Refusal`."""
    try:
        return json.loads(body, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        said = "the body is empty" if not body.strip() else f"malformed JSON at {where}: {error.msg.lower()}"
        raise Refusal(said, _HINT) from None
    except UnicodeError:
        raise Refusal("the body is not text in UTF-8", _HINT) from None
    except RecursionError:
        raise Refusal("the JSON is nested too deeply", _HINT) from None
    except ValueError as error:  # NaN, or a number of thousands of digits
        raise Refusal(f"malformed JSON: {error}", _HINT) from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
