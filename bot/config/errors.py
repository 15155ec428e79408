"""What is wrong with the configuration, one line for each mistake: where, what was found, what is allowed (pure)."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import ErrorDetails

from bot.phrasing import cut

KeyPath = tuple[str | int, ...]
_SECRET_NAME = re.compile(r"(token|secret|passw|pwd|dsn|credential|authorization|(^|_)key$|api_?key)", re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(?<=://)([^/@\s:]*):([^/@\s]+)@")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One mistake. `file` may be "" (the environment), `line` 0 (not known), `path` the key as it is nested."""

    file: str
    path: str
    found: str
    allowed: str
    line: int = 0

    def __str__(self) -> str:
        where = ":".join(part for part in (self.file, str(self.line or "")) if part)
        said = ": ".join(part for part in (where, self.path, f"found {self.found}, allowed: {self.allowed}") if part)
        return " ".join(said.split())


class ConfigError(Exception):
    """The configuration cannot be used; the text has one line for each problem, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def spelled(path: KeyPath) -> str:
    """The path of a key as people write it: ("checks", 2, "type") is "checks[2].type"."""
    said = ""
    for step in path:
        said += f"[{step}]" if isinstance(step, int) else f".{step}" if said else str(step)
    return said


def shown(value: Any, path: KeyPath = (), *, secret: bool = False) -> str:
    """What was found, short enough for one line; secrets are masked."""
    if value is None:
        return "nothing"
    if isinstance(value, SecretStr):
        return _masked_shown(value.get_secret_value())
    if isinstance(value, Mapping):
        return f"a mapping ({cut(', '.join(map(str, value)), 40)})" if value else "an empty mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"a list of {len(value)}"
    if secret or is_secret(path):
        return _masked_shown(str(value))
    said = without_password(str(value)) if isinstance(value, str) else str(value)
    return json.dumps(cut(said, 60), ensure_ascii=False) if isinstance(value, str) else cut(said, 60)


def _masked_shown(value: str) -> str:
    return mask(value) if value else '""'


def is_secret(path: KeyPath) -> bool:
    """True when the key's name says that its value is a secret."""
    return any(isinstance(step, str) and _SECRET_NAME.search(step) for step in path[-1:])


def mask(secret: str) -> str:
    """A secret as it may be shown: its last four characters when it is long, two when it is less so, else none."""
    visible = 4 if len(secret) >= 24 else 2 if len(secret) >= 16 else 0
    return f"••••{secret[len(secret) - visible :]}"


def without_password(text: str) -> str:
    """The text with the passwords of its addresses masked."""
    return _PASSWORD_IN_URL.sub(r"\1:••••@", text)


def nearest(word: str, known: Iterable[str]) -> str:
    """A suggestion for a mistyped word, as the end of a sentence; "" when nothing is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f' (did you mean "{found[0]}"?)' if found else ""


def one_of(word: Any, known: Iterable[str]) -> str:
    """What is allowed, out of a few words, with the nearest one suggested."""
    words = list(known)
    hint = nearest(word, words) if isinstance(word, str) else ""
    return f"{', '.join(words) or 'nothing here'}{hint}"


def described(error: ErrorDetails, model: type[BaseModel], *, secret: bool = False) -> tuple[str, str]:
    """What was found and what is allowed instead, in words, for one of pydantic's errors about `model`."""
    path: KeyPath = tuple(error["loc"])
    found = shown(error.get("input"), path, secret=secret)
    context = error.get("ctx", {})
    match error["type"]:
        case "extra_forbidden":
            return f'the unknown key "{path[-1]}"', one_of(str(path[-1]), keys_at(model, path[:-1]))
        case "missing":
            return "nothing", "a value, the key is required"
        case "literal_error" | "enum":
            words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            return found, one_of(error.get("input"), words)
        case "value_error":
            return found, str(context.get("error", error["msg"]))
        case _ if error.get("input") is None:
            return (
                found,
                f"{_plainly(error['msg'])} (leave the key out for its default; quote values that begin with #)",
            )
        case _:
            return found, _plainly(error["msg"])


def _plainly(message: str) -> str:
    said = re.sub(r"^Input should be (a valid )?|^Value error, ", "", message)
    replaced = {"dictionary": "a mapping", "string": "text", "tuple": "a list", "integer": "a whole number"}
    words = {**replaced, "number": "a number", "boolean": "true or false", "list": "a list"}
    said = words.get(said, said)
    said = re.sub(r"^(?:.*\binstance of .*)$", "a mapping", said)
    return re.sub(r"^(integer|number|tuple|boolean|string), unable to .*$", lambda m: words[m[1]], said)


def keys_at(model: Any, path: KeyPath) -> list[str]:
    """The keys that a mapping at `path` inside `model` may have."""
    for step in path:
        model = _inside(model, step)
    model = _unwrapped(model)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _inside(annotation: Any, step: str | int) -> Any:
    model = _unwrapped(annotation)
    if isinstance(model, type) and issubclass(model, BaseModel):
        named = {field.alias or name: field for name, field in model.model_fields.items()}
        field = named.get(str(step))
        return field.annotation if field else None
    arguments = get_args(model)
    if isinstance(step, int):
        return arguments[0] if arguments else None
    return arguments[-1] if arguments else None


def _unwrapped(annotation: Any) -> Any:
    """The annotation without None and metadata around it."""
    arguments = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is not None and len(arguments) >= 1 and type(None) in get_args(annotation):
        return _unwrapped(arguments[0])
    return _unwrapped(annotation.__origin__) if hasattr(annotation, "__metadata__") else annotation
