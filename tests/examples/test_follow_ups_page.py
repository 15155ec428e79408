"""What docs/follow-ups.md shows can be used as it stands."""

import re
from pathlib import Path

from bot import registry
from bot.config.manage import load
from bot.ports import Tracker

PAGE = (Path(__file__).parents[2] / "docs/follow-ups.md").read_text(encoding="utf-8")
VARIABLES = dict.fromkeys(("GITHUB_TOKEN", "GITLAB_TOKEN", "JIRA_TOKEN", "LINEAR_API_KEY"), "token-of-the-tests")


def test_the_file_of_the_page_is_read_and_has_every_kind_of_tracker(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "manage.yml"
    file.write_text(shown)
    kinds = registry.collect(Tracker, registry.modules("bot.follow_ups.trackers"), lambda tracker: tracker.type)
    places = {("follow_ups", "trackers"): kinds}
    manage = load(file, checks={}, channels={}, places=places, variables=VARIABLES)
    assert {one.type for one in manage.follow_ups.trackers.values()} == set(kinds)
