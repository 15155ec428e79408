"""What docs/alertmanager.md shows can be used as it stands."""

import re
from pathlib import Path
from typing import Any

import yaml

from bot.config.manage import Manage

PAGE = (Path(__file__).parents[2] / "docs/alertmanager.md").read_text(encoding="utf-8")


def block(beginning: str) -> Any:
    """The YAML of the page that begins with this comment."""
    (found,) = re.findall(rf"```yaml\n# {re.escape(beginning)}.*?\n(.*?)```", PAGE, re.DOTALL)
    return yaml.safe_load(found)


def test_the_windows_and_inhibitions_of_the_page_are_read() -> None:
    manage = Manage.model_validate(block("manage.yml"))
    assert [window.name for window in manage.maintenance] == ["database", "first-sunday", "move"]
    assert [rule.equal for rule in manage.alerts.inhibit] == [("alertname", "service")]


def test_prometheus_is_told_of_the_token() -> None:
    (sender,) = block("prometheus.yml")["alerting"]["alertmanagers"]
    assert sender["authorization"]["type"] == "Bearer"
