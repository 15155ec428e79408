"""What docs/incidents.md shows works as it is written."""

import re
from pathlib import Path

import pytest
import yaml

from bot import registry
from bot.command import Command, find, parse, words
from bot.config.manage import Manage

PAGE = (Path(__file__).parents[2] / "docs/incidents.md").read_text(encoding="utf-8")
COMMANDS = registry.collect(Command, registry.modules("bot.incidents"), lambda command: command.name)
TYPED = re.findall(r"`(?:/do manage )?((?:incidents?|declare) [^`…]+)`", PAGE)
"""Command lines that are written out in full."""


def test_the_configuration_is_taken() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)

    manage = Manage.model_validate(yaml.safe_load(block))

    assert manage.services["checkout"].owners == ("payments", "U0123ABCD", "S0456EFGH")
    assert "payments" in manage.oncall.schedules


@pytest.mark.parametrize("line", sorted(set(TYPED)))
def test_a_command_can_be_typed_as_it_stands_there(line: str) -> None:
    command, rest = find(words(" ".join(line.split())), COMMANDS)

    if rest:  # a name alone is only spoken of
        parse(command, rest)


def test_commands_are_shown() -> None:
    assert len(set(TYPED)) > 10
