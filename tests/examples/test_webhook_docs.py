"""What docs/webhooks.md says to paste is what the program reads."""

import json
import re
from pathlib import Path

import pytest
import yaml

from bot.config.manage import load
from handlers.http.inbound.datadog import _KEYS
from handlers.http.webhooks import formats

PAGE = (Path(__file__).parents[2] / "docs/webhooks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
OURS = [block for block in BLOCKS if not {"receivers"} & set(yaml.safe_load(block))]


def test_the_template_for_datadog_has_exactly_what_is_read() -> None:
    [template] = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert set(json.loads(template)) | {"monitor_name"} == {*_KEYS, "tags"}


@pytest.mark.parametrize("block", OURS)
def test_each_example_is_a_manage_yml(block: str, tmp_path: Path) -> None:
    (tmp_path / "manage.yml").write_text(block, encoding="utf-8")
    variables = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), "https://secret.example/x")
    load(tmp_path / "manage.yml", checks={}, channels={}, variables=variables)


def test_every_format_is_on_the_page() -> None:
    assert [name for name in formats() if f"`/webhooks/{name}" not in PAGE] == []
