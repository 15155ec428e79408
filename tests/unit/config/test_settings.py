from pathlib import Path

import pytest

from bot.config.errors import ConfigError
from bot.config.settings import Settings, environment, read_settings

BOT, APP = "xoxb-1234567890-abcdefghij", "xapp-1-A1-1234567890"


def refusal(**variables):
    with pytest.raises(ConfigError) as caught:
        read_settings(variables)
    return str(caught.value)


def test_nothing_has_to_be_set():
    assert read_settings({}) == Settings()


def test_the_defaults_listen_on_loopback_with_a_sqlite_file():
    settings = Settings()

    assert (settings.host, settings.port, settings.slack_command) == ("127.0.0.1", 8080, "/do")
    assert settings.database_url.startswith("sqlite:///data/")
    assert not settings.uses_slack


def test_variables_are_read_by_their_names_in_capitals():
    settings = read_settings({"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP, "PORT": "9000", "LOG_FORMAT": "json"})

    assert settings.slack_bot_token is not None
    assert settings.slack_bot_token.get_secret_value() == BOT
    assert (settings.port, settings.log_format, settings.uses_slack) == (9000, "json", True)


def test_the_address_of_slack_gets_its_last_slash():
    assert read_settings({"SLACK_API_URL": "http://127.0.0.1:1/api"}).slack_api_url == "http://127.0.0.1:1/api/"


def test_an_empty_variable_is_not_set():
    assert read_settings({"SLACK_BOT_TOKEN": "", "PORT": ""}) == Settings()


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"PORT": "http"}, 'PORT: found "http", allowed: a whole number'),
        ({"PORT": "70000"}, 'PORT: found "70000", allowed: less than or equal to 65535'),
        ({"LOG_FORMAT": "jsn"}, 'LOG_FORMAT: found "jsn", allowed: console, json (did you mean "json"?)'),
        (
            {"SLACK_COMMAND": "do"},
            'SLACK_COMMAND: found "do", allowed: a slash and lower-case letters, digits, - or _, like "/do"',
        ),
        (
            {"SLACK_API_URL": "https://slack.com/"},
            (
                'SLACK_API_URL: found "https://slack.com/", allowed: an http(s) address that ends in /api/, '
                "like https://slack.com/api/"
            ),
        ),
        (
            {"DATABASE_URL": "mysql://me:hunter2@db/x"},
            'DATABASE_URL: found "mysql://me:••••@db/x", allowed: sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME',
        ),
        (
            {"HOST": "0.0.0.0"},
            'HOST: found "0.0.0.0" without MANAGE_TOKEN, allowed: 127.0.0.1, or MANAGE_TOKEN set to listen beyond this machine',
        ),
        (
            {"SLACK_BOT_TOKEN": BOT},
            (
                "SLACK_APP_TOKEN: found nothing beside SLACK_BOT_TOKEN, allowed: xapp-… for Socket Mode, "
                "or SLACK_SIGNING_SECRET for HTTP"
            ),
        ),
        (
            {"SLACK_APP_TOKEN": APP},
            "SLACK_BOT_TOKEN: found nothing beside SLACK_APP_TOKEN, allowed: the app's bot token, xoxb-…",
        ),
        (
            {"MANAGE_CONFIG": "/nowhere/manage.yml"},
            (
                'MANAGE_CONFIG: found "/nowhere/manage.yml", allowed: the path of an existing file '
                "(leave it out to run on the defaults)"
            ),
        ),
    ],
)
def test_a_wrong_setting_is_one_line_with_its_mend(variables, line):
    assert refusal(**variables) == line


def test_a_wrong_token_is_not_shown():
    said = refusal(SLACK_BOT_TOKEN="xoxp-1234567890-secretsecret")

    assert "secretsecret" not in said
    assert said.startswith("SLACK_BOT_TOKEN: found ••••cret, allowed: a bot token: xoxb-…")


def test_every_wrong_setting_is_told():
    assert len(refusal(PORT="x", LOG_FORMAT="y", DATABASE_URL="z").splitlines()) == 3


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_loopback_needs_no_token(host):
    assert read_settings({"HOST": host}).host == host


def test_beyond_loopback_a_token_is_enough():
    assert read_settings({"HOST": "0.0.0.0", "MANAGE_TOKEN": "s3cret"}).host == "0.0.0.0"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".env").write_text("PORT=1\nHOST='127.0.0.2' # ours\nLOG_FORMAT=\n")
    monkeypatch.setenv("PORT", "2")

    found = environment(tmp_path / ".env")

    assert (found["PORT"], found["HOST"], "LOG_FORMAT" in found) == ("2", "127.0.0.2", False)


def test_manage_yml_beside_the_program_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MANAGE_CONFIG", raising=False)
    (tmp_path / "manage.yml").write_text("")

    assert read_settings().manage_config == Path("manage.yml")


def test_secrets_do_not_show_in_a_log():
    assert BOT not in repr(read_settings({"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP}))
