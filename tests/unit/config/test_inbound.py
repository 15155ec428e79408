"""What manage.yml may say of webhooks and heartbeats, and how a mistake is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.errors import ConfigError
from bot.config.inbound import PATH, steps
from bot.config.manage import Manage, load
from bot.config.masked import masked
from bot.config.settings import Settings


def read(tmp_path: Path, text: str) -> Manage:
    (tmp_path / "manage.yml").write_text(text, encoding="utf-8")
    return load(tmp_path / "manage.yml", checks={}, channels={}, variables={})


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("name", ("name",)),
        ("items.0.host name", ("items", "0", "host name")),
        ("host?", ("host",)),
        ("/tags/host.name", ("tags", "host.name")),
        ("/a~1b/c~0d", ("a/b", "c~d")),
    ],
)
def test_a_path_is_dotted_or_a_json_pointer(path: str, keys: tuple[str, ...]) -> None:
    assert steps(path) == keys


@pytest.mark.parametrize("path", ["", "?", ".", "a..b", "a.", " a", "/", "/a//b", "/a~2", ".".join("a" * 21)])
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="keys with dots"):
        steps(path)


@given(keys=st.lists(st.text(min_size=1), min_size=1, max_size=20))
def test_every_key_can_be_spelled_as_a_pointer(keys: list[str]) -> None:
    pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
    assert steps(f"{pointer}?") == tuple(keys)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('webhooks: {generic: {x: {name: "a..b"}}}', f'webhooks.generic.x.name: found "a..b", allowed: {PATH}'),
        ("webhooks: {generic: {x: {nam: a}}}", 'found the unknown key "nam"'),
        ("webhooks: {generic: {x: {severities: {bad: worst}}}}", "webhooks.generic.x.severities.bad"),
        ("webhooks: {cloudwatch: {topics: [alarms]}}", "the ARN of a topic"),
        ("webhooks: {sentry: {secret: ''}}", "webhooks.sentry.secret"),
        ("webhooks: {generic: {x: {policy: nobody}}}", 'webhooks.generic.x.policy: found "nobody"'),
        ("heartbeats: [{name: x, every: 5m, policy: nobody}]", 'heartbeats[0].policy: found "nobody"'),
        ("heartbeats: [{name: x}]", "heartbeats[0].every: found nothing, allowed: a value, the key is required"),
        ("heartbeats: [{name: x, every: 0s}]", "heartbeats[0].every"),
        ("heartbeats: [{name: 'x y', every: 5m}]", "heartbeats[0].name"),
        ("heartbeats: [{name: x, every: 5m}, {name: x, every: 5m}]", "x is there twice"),
        ("heartbeats_out: {url: 'ftp://x'}", "an http(s) address"),
    ],
)
def test_a_mistake_is_one_line_with_its_mend(tmp_path: Path, text: str, line: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        read(tmp_path, text)
    assert line in str(wrong.value)
    assert "\n" not in str(wrong.value)


def test_secrets_are_masked(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "webhooks: {sentry: {secret: hush-hush}, pagerduty: {secret: hush-hush, routing_key: hush-hush}, "
        "generic: {x: {secret: hush-hush}}}\nheartbeats_out: {url: 'https://watch.example/hush-hush'}",
    )
    assert "hush-hush" not in str(masked(config, Settings()))
