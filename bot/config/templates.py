"""Templates of summaries and descriptions: `{{ value }}` and a few more names, replaced and nothing else (pure)."""

import re
from collections.abc import Mapping

from bot.config.errors import nearest

NAMES = ("value", "threshold", "severity", "rule")
"""What may stand in a template, beside `labels.NAME`."""
_PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_LABEL = re.compile(r"labels\.[A-Za-z_][A-Za-z0-9_]*")


class BadTemplate(ValueError):
    """A template that cannot be used; `found` is the mistake, `allowed` what could stand there."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found}, allowed: {allowed}")
        self.found = found
        self.allowed = allowed


def check(template: str) -> None:
    """Raise `BadTemplate` for a name that nothing is known of, and for braces that are not closed."""
    for place in _PLACE.findall(template):
        name = place.strip().lstrip("$.")
        if name not in NAMES and not _LABEL.fullmatch(name):
            hint = nearest(name, [*NAMES, "labels.service"])
            raise BadTemplate(f'"{{{{ {name} }}}}"', f"{', '.join(NAMES)} or labels.NAME{hint}")
    if "{{" in _PLACE.sub("", template):
        raise BadTemplate('"{{" without "}}"', 'names between "{{" and "}}", like {{ value }}')


def render(template: str, values: Mapping[str, str], labels: Mapping[str, str]) -> str:
    """The template with its names replaced; a label that is not there is "". What is put in is never read again."""

    def filled(place: re.Match[str]) -> str:
        name = place[1].strip().lstrip("$.")
        return labels.get(name.removeprefix("labels."), "") if name.startswith("labels.") else values.get(name, "")

    return " ".join(_PLACE.sub(filled, template).split())
