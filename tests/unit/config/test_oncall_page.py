"""What docs/oncall.md says can be written, can be."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config.manage import load
from bot.oncall import decide, feeds, outlook, reactions, subscriptions
from bot.oncall.calendars import LARGEST

PAGE = (Path(__file__).parents[3] / "docs/oncall.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("block", re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_each_example_is_taken(block: str, tmp_path: Path) -> None:
    file = tmp_path / "manage.yml"
    file.write_text(block)
    manage = load(file, checks={}, channels={}, variables={})
    assert manage.oncall.people or manage.oncall.schedules or manage.people


def test_the_spans_that_it_names_are_those_of_the_program() -> None:
    assert (timedelta(days=14), timedelta(days=7)) == (outlook.AHEAD, reactions.AGAIN)
    assert (timedelta(days=7), timedelta(days=90)) == (subscriptions.BEHIND, subscriptions.AHEAD)
    assert (timedelta(minutes=20), 2_000_000) == (feeds.PATIENCE, LARGEST)
    assert (reactions.read_calendars.spec, reactions.keep_in_step.spec) == ("@every 5m", "@every 15m")
    assert timedelta(days=366) == decide.LONGEST
