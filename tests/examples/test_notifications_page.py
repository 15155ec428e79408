"""The examples of docs/notifications.md are read as they stand, and no secret of theirs is shown."""

import re
from pathlib import Path

import pytest
import yaml

from bot import registry
from bot.config.manage import load
from bot.config.masked import masked
from bot.config.settings import Settings
from bot.ports import Channel

PAGE = (Path(__file__).parents[2] / "docs/notifications.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
KINDS = registry.collect(Channel, registry.modules("bot.channels"), lambda channel: channel.type)
VALUES = {
    "PAGERDUTY_ROUTING_KEY": "R0SECRETSECRETSECRETSECRETSECRET",
    "PAGERDUTY_DATABASE_KEY": "R1SECRETSECRETSECRETSECRETSECRET",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "SECRET-twilio-auth-token",
    "SMTP_USERNAME": "alerts",
    "SMTP_PASSWORD": "SECRET-smtp",
    "WEBHOOK_SECRET": "SECRET-webhook",
}


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_an_example_is_read_and_its_secrets_are_masked(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "manage.yml"
    file.write_text(example, encoding="utf-8")
    manage = load(file, checks={}, channels=KINDS)
    assert manage.notifications or manage.people
    shown = str(masked(manage, Settings()))
    assert [name for name, value in VALUES.items() if "SECRET" in value and value in shown] == []


def test_every_kind_of_channel_is_on_the_page() -> None:
    shown = {config["type"] for text in EXAMPLES for config in yaml.safe_load(text).get("notifications", {}).values()}
    assert {"slack"} | shown == set(KINDS)
