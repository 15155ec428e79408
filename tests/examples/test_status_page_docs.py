"""What docs/status-page.md shows can be used as it stands."""

import re
from pathlib import Path

from bot.app import parts
from bot.config.manage import load

PAGE = (Path(__file__).parents[2] / "docs/status-page.md").read_text(encoding="utf-8")


def test_the_file_of_the_page_is_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "manage.yml"
    file.write_text(shown)
    found = parts()
    variables = {"STATUSPAGE_TOKEN": "token-of-the-tests"}
    manage = load(file, checks=found.checks, channels={}, places=found.places, variables=variables)
    assert [one.checks for one in manage.statuspage.components] == [("api",), ("mail-relay",)]
    assert [window.title for window in manage.maintenance if window.public] == ["Move to new servers"]
    assert manage.statuspage.pages["public"].type == "statuspage"
