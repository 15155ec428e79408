"""A YAML file as plain values with the line of each key, and every mistake that YAML itself allows (pure).

Reads the node tree of PyYAML's safe loader, because the loader's values no longer know where they stood, and keep the
last of two equal keys without a word.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.config.errors import KeyPath, Problem, mask, spelled

MOST_CHARACTERS = 1_000_000
MOST_VALUES = 50_000
DEEPEST = 30
_VARIABLE = re.compile(r"\$(\$?)\{([^{}]*)\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Document:
    """What a file says. `lines` has the line of each key's path; `secrets` are values filled from the environment."""

    file: str
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[KeyPath, int] = field(default_factory=dict)
    secrets: dict[KeyPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: int = 0

    def line(self, path: KeyPath) -> int:
        """The line of the key, or of the nearest one around it; 0 when the file says nothing of it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)

    def problem(self, path: KeyPath, found: str, allowed: str, line: int = 0) -> Problem:
        """A mistake at `path`; what came from the environment there is masked, however the mistake tells of it."""
        at = line or self.line(path)
        # A single value that stands for a list is told of as that list's first item.
        whole = next((path[:end] for end in range(len(path), 0, -1) if path[:end] in self.secrets), path)
        if whole in self.secrets:
            found = mask(self.secrets[whole])
        for place, value in self.secrets.items():
            if value and place[: len(whole)] == whole:
                allowed = allowed.replace(value, mask(value))
        return Problem(file=self.file, line=at, path=spelled(path), found=found, allowed=allowed)


def read_file(path: Path, environment: Mapping[str, str]) -> Document:
    """Read a YAML file; that it cannot be read is a problem of the document like any other."""
    name = str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        found, allowed = "bytes that are not text", "text in UTF-8"
    except OSError as error:
        found, allowed = (error.strerror or "an unreadable file").lower(), "a readable file (MANAGE_CONFIG names it)"
    else:
        return read(text, name, environment)
    document = Document(file=name)
    document.problems.append(document.problem((), found, allowed))
    return document


def read(text: str, file: str, environment: Mapping[str, str]) -> Document:
    """Read YAML, with ${NAME} filled from `environment`; mistakes are in the document's `problems`."""
    document = Document(file=file)
    if len(text) > MOST_CHARACTERS:
        document.problems.append(document.problem((), f"{len(text):,} characters", f"at most {MOST_CHARACTERS:,}"))
        return document
    loader: Any = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is not None:
            _read_top(document, node, loader, environment)
    except yaml.YAMLError as error:
        document.problems.append(_syntax(document, error))
    except RecursionError:
        document.problems.append(document.problem((), "values nested too deeply", f"at most {DEEPEST} levels"))
    finally:
        if loader is not None:
            loader.dispose()
    return document


def _read_top(document: Document, node: Any, loader: Any, environment: Mapping[str, str]) -> None:
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null"):
        return
    if not isinstance(node, yaml.MappingNode):
        found = "a list" if isinstance(node, yaml.SequenceNode) else f'"{str(node.value)[:40]}"'
        document.problems.append(document.problem((), found, "keys with values, like health:", _line(node)))
        return
    document.values = _value(document, node, (), loader, environment)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _syntax(document: Document, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if "\\t" in str(said):
        said = "a tab where only spaces may indent"
    return document.problem((), f"broken YAML ({said})", "valid YAML", (mark.line + 1) if mark else 0)


def _value(document: Document, node: Any, path: KeyPath, loader: Any, environment: Mapping[str, str]) -> Any:
    document.seen += 1
    document.lines.setdefault(path, _line(node))
    # aliases can make a small file huge, or endless
    if document.seen > MOST_VALUES or len(path) > DEEPEST:
        if document.seen <= MOST_VALUES + 1 or len(path) > DEEPEST:
            found = f"more than {MOST_VALUES:,} values" if document.seen > MOST_VALUES else "values nested too deeply"
            document.problems.append(document.problem(path, found, "a smaller file, without recursive aliases"))
            document.seen = MOST_VALUES + 2
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(document, node, path, loader, environment)
    if isinstance(node, yaml.SequenceNode):
        return [_value(document, item, (*path, index), loader, environment) for index, item in enumerate(node.value)]
    value = _scalar(document, node, path, loader)
    return _filled(document, value, path, environment) if isinstance(value, str) else value


def _mapping(
    document: Document, node: Any, path: KeyPath, loader: Any, environment: Mapping[str, str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = _line(key_node)
        if not isinstance(key_node, yaml.ScalarNode):
            document.problems.append(document.problem(path, "a key that is not a word", "words as keys", line))
            continue
        key = str(key_node.value)
        here = (*path, key)
        if key in values:
            first = document.lines[here]
            allowed = f"each key once (it stands in line {first} already)"
            document.problems.append(document.problem(here, f'the key "{key}" a second time', allowed, line))
            continue
        document.lines[here] = line
        values[key] = _value(document, value_node, here, loader, environment)
    return values


def _scalar(document: Document, node: Any, path: KeyPath, loader: Any) -> Any:
    if node.tag.endswith((":int", ":float")) and ":" in node.value:
        return node.value  # YAML 1.1 reads 10:30 as the number 630; here it is a time of day
    try:
        return loader.construct_object(node)
    except (yaml.YAMLError, ValueError, ArithmeticError, TypeError, AttributeError, LookupError):
        # with a tag in front (!!bool x) PyYAML's constructors trip over values that they would never be given without
        tag = node.tag.rpartition(":")[2]
        found = f'"{str(node.value)[:40]}" as {tag}'
        document.problems.append(document.problem(path, found, "plain values: text, numbers, true, false, dates"))
        return None


def _filled(document: Document, text: str, path: KeyPath, environment: Mapping[str, str]) -> str:
    """The text with each ${NAME} replaced; $${NAME} stays as ${NAME}."""
    from_environment = False

    def fill(match: re.Match[str]) -> str:
        escaped, name = match.groups()
        if escaped:
            return match[0][1:]
        if not _NAME.fullmatch(name):
            document.problems.append(
                document.problem(path, match[0], "${NAME}, or $${...} for the characters themselves")
            )
        elif not environment.get(name):
            allowed = f"a variable that is set: add {name} to the environment or to .env"
            document.problems.append(document.problem(path, match[0], allowed))
        nonlocal from_environment
        from_environment = True
        return environment.get(name, "")

    filled = _VARIABLE.sub(fill, text)
    if from_environment:
        document.secrets[path] = filled
    return filled
