"""Rules that are not in force: read from a file of their own, checked as manage.yml is."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.config.document import Document, read_file
from bot.config.errors import ConfigError, described
from bot.config.known_metrics import MetricKind, known
from bot.config.metrics import Metrics
from bot.config.rule_mistakes import AT, mistakes, unlisted
from bot.config.rules import RuleConfig


def rules_in(path: Path, metrics: Metrics, sources: Mapping[str, MetricKind]) -> dict[str, RuleConfig]:
    """The rules of a YAML file by name: under `alerts.rules` or `rules`, or at the top; a list or a mapping.

    Raises `ConfigError` with one line for each mistake, also when there is none with a condition in it.
    """
    document = _placed(read_file(path, os.environ))
    values, problems = unlisted(document)
    return _checked(document, values, [*document.problems, *problems], known(metrics, sources))


def rule_of(name: str, given: Mapping[str, Any], metrics: Metrics, sources: Mapping[str, MetricKind]) -> RuleConfig:
    """One rule out of what was typed, spelled as in a file. Raises `ConfigError`."""
    document = Document(file="", values={"alerts": {"rules": {name: dict(given)}}})
    return _checked(document, document.values, [], known(metrics, sources))[name]


def _checked(
    document: Document, values: Mapping[str, Any], problems: list[Any], metrics: frozenset[str]
) -> dict[str, RuleConfig]:
    given = values["alerts"]["rules"]
    problems += [document.problem(*wrong) for wrong in mistakes(values, metrics)]
    found = {}
    for name, rule in given.items() if isinstance(given, Mapping) else ():
        try:
            found[name] = RuleConfig.model_validate(rule)
        except ValidationError as error:
            for details in error.errors():
                said = described(details, RuleConfig)
                problems.append(document.problem((*AT, name, *details["loc"]), *said))
    if not problems and not any(rule.watches for rule in found.values()):
        problems.append(document.problem(AT, "no rule with a condition", "a rule like `slow: {condition: cpu > 80}`"))
    if problems:
        raise ConfigError(problems)
    return {name: rule for name, rule in found.items() if rule.watches}


def _placed(document: Document) -> Document:
    """The same document with its rules where manage.yml has them; lines go with them."""
    values: Any = document.values
    above: tuple[str, ...] = ()
    if isinstance(values.get("alerts"), Mapping) and "rules" in values["alerts"]:
        return document
    if isinstance(values.get("rules"), Mapping | list):
        values, above = values["rules"], ("rules",)
    placed = Document(file=document.file, values={"alerts": {"rules": values}}, problems=document.problems)
    for path, line in document.lines.items():
        if path[: len(above)] == above:
            placed.lines[(*AT, *path[len(above) :])] = line
    for path, secret in document.secrets.items():
        if path[: len(above)] == above:
            placed.secrets[(*AT, *path[len(above) :])] = secret
    return placed
