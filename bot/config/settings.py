"""The settings of the environment and of a .env file, typed and checked."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bot.config.errors import ConfigError, Problem, described, shown

DOTENV = Path(".env")
MANAGE_YML = Path("manage.yml")


class Settings(BaseModel):
    """Every setting of the environment, where the names are in capitals.

    It reads nothing by itself, so that tests give their own; `read_settings` reads the environment.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    slack_bot_token: SecretStr | None = Field(
        default=None, description="Bot token of the Slack app (`xoxb-…`). Without it the sandbox workspace opens."
    )
    slack_app_token: SecretStr | None = Field(
        default=None, description="App-level token (`xapp-…`, scope `connections:write`): Socket Mode."
    )
    slack_signing_secret: SecretStr | None = Field(
        default=None, description="Signing secret of the Slack app: requests over HTTP are checked with it."
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/", description="Address of Slack's Web API; ends in `/api/`."
    )
    slack_command: str = Field(default="/do", description="The slash command, as in the app's manifest.")
    database_url: str = Field(
        default="sqlite:///data/do-manage.db", description="`sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`."
    )
    openai_api_key: SecretStr | None = Field(
        default=None, description="Key of an OpenAI-compatible API, for drafts and the assistant."
    )
    openai_base_url: str | None = Field(
        default=None, description="Address of an OpenAI-compatible API other than OpenAI's."
    )
    openai_model: str = Field(
        default="gpt-5-mini", min_length=1, description="Model that writes drafts and answers questions."
    )
    manage_config: Path | None = Field(
        default=None, description="Path of `manage.yml`; without it `./manage.yml` is read when it is there."
    )
    manage_token: SecretStr | None = Field(
        default=None, description="Bearer token that `/api` and `/webhooks` ask for; needed to listen beyond loopback."
    )
    public_url: str = Field(
        default="",
        description="Address under which others reach the bot's HTTP door, like `https://bot.example.com`: Twilio "
        "calls it back, links in mails lead to it.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes any free one.")
    log_format: Literal["console", "json"] = Field(default="console", description="How log lines look.")

    @property
    def uses_slack(self) -> bool:
        """True when there is a real workspace to talk to (or one that `SLACK_API_URL` names)."""
        return self.slack_bot_token is not None

    @field_validator("slack_bot_token")
    @classmethod
    def _bot_token(cls, token: SecretStr | None) -> SecretStr | None:
        return _prefixed(
            token, ("xoxb-", "xoxe.xoxb-"), "a bot token: xoxb-… (OAuth & Permissions page of the Slack app)"
        )

    @field_validator("slack_app_token")
    @classmethod
    def _app_token(cls, token: SecretStr | None) -> SecretStr | None:
        return _prefixed(token, ("xapp-",), "an app-level token: xapp-… (Basic Information page of the Slack app)")

    @field_validator("slack_signing_secret", "manage_token", "openai_api_key")
    @classmethod
    def _one_word(cls, secret: SecretStr | None) -> SecretStr | None:
        return _prefixed(secret, ("",), "one word without spaces")

    @field_validator("slack_api_url")
    @classmethod
    def _api_url(cls, url: str) -> str:
        ended = url if url.endswith("/") else f"{url}/"
        if not _is_http(url) or not ended.endswith("/api/"):
            raise ValueError("an http(s) address that ends in /api/, like https://slack.com/api/")
        return ended

    @field_validator("public_url")
    @classmethod
    def _public(cls, url: str) -> str:
        if url and (not _is_http(url) or urlsplit(url).query or urlsplit(url).fragment or "@" in url):
            raise ValueError("an http(s) address alone, like https://bot.example.com")
        return url.rstrip("/")

    @field_validator("openai_base_url")
    @classmethod
    def _base_url(cls, url: str | None) -> str | None:
        if url is not None and not _is_http(url):
            raise ValueError("an http(s) address, like https://api.openai.com/v1")
        return url

    @field_validator("slack_command")
    @classmethod
    def _command(cls, command: str) -> str:
        if not re.fullmatch(r"/[a-z0-9_-]{1,31}", command):
            raise ValueError('a slash and lower-case letters, digits, - or _, like "/do"')
        return command

    @field_validator("database_url")
    @classmethod
    def _database(cls, url: str) -> str:
        scheme = url.partition(":")[0].partition("+")[0]
        if scheme not in {"sqlite", "postgresql", "postgres"} or ":" not in url:
            raise ValueError("sqlite:///PATH or postgresql://USER:PASSWORD@HOST/NAME")
        return url

    @field_validator("manage_config")
    @classmethod
    def _config_exists(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("the path of an existing file (leave it out to run on the defaults)")
        return path

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        """Settings that need each other; the message names the one to set."""
        if self.slack_app_token and not self.slack_bot_token:
            raise _unfit("SLACK_BOT_TOKEN", "nothing beside SLACK_APP_TOKEN", "the app's bot token, xoxb-…")
        if self.slack_bot_token and not (self.slack_app_token or self.slack_signing_secret):
            allowed = "xapp-… for Socket Mode, or SLACK_SIGNING_SECRET for HTTP"
            raise _unfit("SLACK_APP_TOKEN", "nothing beside SLACK_BOT_TOKEN", allowed)
        if not self.manage_token and not _is_loopback(self.host):
            allowed = "127.0.0.1, or MANAGE_TOKEN set to listen beyond this machine"
            raise _unfit("HOST", f"{shown(self.host)} without MANAGE_TOKEN", allowed)
        return self


def _unfit(name: str, found: str, allowed: str) -> PydanticCustomError:
    return PydanticCustomError("unfit", "{name}", {"name": name, "found": found, "allowed": allowed})


def _prefixed(token: SecretStr | None, prefixes: tuple[str, ...], allowed: str) -> SecretStr | None:
    value = token.get_secret_value() if token else None
    if value is not None and (not value.startswith(prefixes) or not re.fullmatch(r"[!-~]+", value)):
        raise ValueError(allowed)
    return token


def _is_http(url: str) -> bool:
    try:
        split = urlsplit(url)
    except ValueError:
        return False
    return split.scheme in {"http", "https"} and bool(split.hostname) and not re.search(r"\s", url)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def environment(dotenv: Path | None = DOTENV) -> dict[str, str]:
    """The variables of the process over those of the .env file; empty ones count as not set."""
    found: Mapping[str, str | None] = dotenv_values(dotenv, interpolate=False) if dotenv and dotenv.is_file() else {}
    return {name: value for name, value in {**found, **os.environ}.items() if value}


def read_settings(variables: Mapping[str, str] | None = None) -> Settings:
    """The settings of `variables` (default: `environment()`). Raises `ConfigError`, one line for each wrong one."""
    given = environment() if variables is None else variables
    known = {name: given[name.upper()].strip() for name in Settings.model_fields if given.get(name.upper())}
    if "manage_config" not in known and variables is None and MANAGE_YML.is_file():
        known["manage_config"] = str(MANAGE_YML)
    try:
        return Settings.model_validate(known)
    except ValidationError as error:
        raise ConfigError(_problem(details, known) for details in error.errors()) from None


def _problem(details: Any, given: Mapping[str, str]) -> Problem:
    if not details["loc"]:
        context = details["ctx"]
        return Problem(file="", path=context["name"], found=context["found"], allowed=context["allowed"])
    key = str(details["loc"][0])
    secret = Settings.model_fields[key].annotation == SecretStr | None
    _, allowed = described(details, Settings)
    return Problem(file="", path=key.upper(), found=shown(given.get(key), (key,), secret=secret), allowed=allowed)
