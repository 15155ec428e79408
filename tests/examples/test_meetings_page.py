"""What docs/meetings.md shows can be used as it stands."""

import re
from pathlib import Path

from bot.app import parts
from bot.config.manage import load

PAGE = (Path(__file__).parents[2] / "docs/meetings.md").read_text(encoding="utf-8")
KEY = "/etc/do-manage/google.json"


def test_the_file_of_the_page_is_read(tmp_path: Path) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    key, file = tmp_path / "google.json", tmp_path / "manage.yml"
    key.write_text("{}")
    file.write_text(shown.replace(KEY, str(key)))
    found = parts()
    variables = {"CALDAV_PASSWORD": "password-of-the-tests", "GRAPH_SECRET": "secret-of-the-tests"}
    manage = load(file, checks={}, channels=found.channels, places=found.places, variables=variables)
    kinds = {name: given.type for name, given in manage.incidents.calendars.items()}
    assert kinds == {"team": "caldav", "workspace": "google", "office": "microsoft", "invitations": "mail"}
    assert set(kinds.values()) == set(found.calendars)
