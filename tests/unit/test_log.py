"""Log lines: one form for all libraries, and no secret in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import structlog
from pydantic import SecretStr

from bot import log
from bot.channels.webhook import WebhookOptions
from bot.config.manage import ChannelConfig, Manage
from bot.config.settings import Settings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where log lines go; afterwards logging is as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in log.LOUD_LIBRARIES}
    with io.StringIO() as out:
        yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def said(stream: io.StringIO, form: Literal["console", "json"], *secrets: str, **values: Any) -> str:
    log.configure(form, secrets=secrets, stream=stream)
    structlog.get_logger("bot.test").info("tried", **values)
    return stream.getvalue()


def test_json_lines_hold_level_logger_time_and_values(stream: io.StringIO) -> None:
    line = json.loads(said(stream, "json", alert=7, who="bot"))
    assert {"event": "tried", "level": "info", "logger": "bot.test", "alert": 7, "who": "bot"}.items() <= line.items()
    assert line["timestamp"].endswith("Z")


def test_console_lines_are_plain_without_a_terminal(stream: io.StringIO) -> None:
    line = said(stream, "console", alert=7)
    assert "tried" in line
    assert "alert=7" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize(
    ("values", "secret"),
    [
        ({"token": "abcdef"}, "abcdef"),
        ({"headers": {"Authorization": "Basic abcdef"}}, "abcdef"),
        ({"passwords": ["abcdef", "ghijkl"]}, "ghijkl"),
        ({"error": "postgresql://bot:abcdef@db/bot is away"}, "abcdef"),
        ({"error": "sent Bearer abcdefghijkl"}, "abcdefghijkl"),
        ({"error": "refused xoxb-1-2-abcdefgh"}, "abcdefgh"),
        ({"settings": Settings(manage_token=SecretStr("abcdef"))}, "abcdef"),
        ({"argv": ("--api-key=abcdefgh",)}, "abcdefgh"),
    ],
    ids=["key", "nested", "list", "address", "bearer", "slack", "settings", "option"],
)
def test_a_secret_does_not_get_into_a_line(
    stream: io.StringIO, form: Literal["console", "json"], values: dict[str, Any], secret: str
) -> None:
    assert secret not in said(stream, form, **values)


def test_a_setting_is_masked_wherever_it_stands(stream: io.StringIO) -> None:
    assert said(stream, "json", "plain words", text="they are plain words, and yet").count("plain words") == 0


def test_all_secret_settings_are_masked() -> None:
    settings = Settings(openai_api_key=SecretStr("one-secret"), manage_token=SecretStr("another-secret"))
    assert set(log.secrets_of(settings)) == {"one-secret", "another-secret"}


def test_secrets_inside_sections_lists_and_mappings_are_masked() -> None:
    hook = ChannelConfig(
        type="webhook", options=WebhookOptions(url="http://127.0.0.1", secret=SecretStr("deep-secret"))
    )
    manage = Manage(notifications={"hook": hook})
    assert log.secrets_of(Settings(), manage) == ["deep-secret"]


def test_numbers_stay_whatever_they_are_called(stream: io.StringIO) -> None:
    assert json.loads(said(stream, "json", tokens=1200))["tokens"] == 1200


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_secret_in_a_trace_is_masked(stream: io.StringIO, form: Literal["console", "json"]) -> None:
    log.configure(form, stream=stream)
    fault = ValueError("cannot reach postgresql://bot:abcdef@db/bot")
    logging.getLogger("library").error("failed", exc_info=fault)
    assert "ValueError" in stream.getvalue()
    assert "abcdef" not in stream.getvalue()


def test_nothing_in_a_value_can_steer_a_terminal(stream: io.StringIO) -> None:
    assert "\x1b" not in said(stream, "console", text="\x1b[2Jgone\x9b2J\u202e")


def test_an_endless_value_is_cut(stream: io.StringIO) -> None:
    line = said(stream, "json", text="a-" * 1_000_000)
    assert len(line) < log.LONGEST + 500
    assert "more" in line


@pytest.mark.parametrize("form", ["console", "json"])
def test_libraries_speak_in_the_same_form(stream: io.StringIO, form: Literal["console", "json"]) -> None:
    log.configure(form, stream=stream)
    logging.getLogger("slack_sdk").warning("closed after %d s", 3)
    assert "closed after 3 s" in stream.getvalue()
    assert (stream.getvalue()[0] == "{") == (form == "json")


@pytest.mark.parametrize("name", ["slack_bolt.AsyncApp", "apscheduler.scheduler", "sqlalchemy.engine.Engine", "httpx"])
def test_what_libraries_tell_by_the_way_is_left_out(stream: io.StringIO, name: str) -> None:
    log.configure("json", stream=stream)
    logger = logging.getLogger(name)
    logger.setLevel(logging.DEBUG)  # as Bolt does with its own
    logger.info("a new session has been established")
    logger.setLevel(logging.NOTSET)
    assert stream.getvalue() == ""


def test_a_higher_level_leaves_information_out(stream: io.StringIO) -> None:
    log.configure("json", stream=stream, level=logging.WARNING)
    structlog.get_logger("bot.test").info("by the way")
    assert stream.getvalue() == ""


def test_configuring_again_does_not_say_everything_twice(stream: io.StringIO) -> None:
    log.configure("json", stream=stream)
    assert said(stream, "json").count("\n") == 1
