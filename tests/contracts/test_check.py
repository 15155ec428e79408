"""What every kind of health check promises, the built-in ones and those of installed plug-ins.

A new kind needs one entry in `AIMED`: options that aim it at a port of this machine.
"""

import asyncio
import logging
import sqlite3
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from bot import registry
from bot.config.manage import load
from bot.config.settings import Settings
from bot.health import service
from bot.health.decide import Limits
from bot.health.failures import secrets_in
from bot.ports import ChatError, Check
from storage.unit_of_work import Store
from tests.contracts.aimed import NO_ENTRY, NO_SUCH_PROTOCOL, SHORT, a_server
from tests.fakes.ports import make_ports
from tests.servers.process import free_port

SECRET = "sk-vErY-SeCrEt-0815"

KINDS = registry.collect(Check, [*registry.modules("bot.health.checks"), *registry.plugins()], lambda check: check.type)
AIMED = {
    "http": lambda port: {"url": f"http://u:{SECRET}@127.0.0.1:{port}/", "headers": {"X-Key": SECRET}},
    "openai": lambda port: {"api_key": SECRET, "base_url": f"http://127.0.0.1:{port}"},
    "postgres": lambda port: {"url": f"postgresql://u:{SECRET}@127.0.0.1:{port}/x"},
    "redis": lambda port: {"url": f"redis://u:{SECRET}@127.0.0.1:{port}/0"},
    "s3": lambda port: {
        "bucket": "b",
        "region": "us-east-1",
        "endpoint_url": f"http://127.0.0.1:{port}",
        "access_key_id": "AKIDTEST",
        "secret_access_key": SECRET,
    },
    "sendgrid": lambda port: {"api_key": SECRET, "base_url": f"http://127.0.0.1:{port}"},
    "slack": lambda _port: {},
    "store": lambda _port: {},
    "stripe": lambda port: {"api_key": SECRET, "base_url": f"http://127.0.0.1:{port}"},
    "tls": lambda port: {"host": "127.0.0.1", "port": port},
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_networked_kind = pytest.mark.parametrize(
    "kind", [kind for name, kind in KINDS.items() if name not in {"slack", "store"}], ids=lambda kind: kind.type
)


class BrokenSlack:
    """Slack that refuses, or never answers when it is silent."""

    def __init__(self, *, silent):
        self.silent = silent

    async def probe(self):
        if self.silent:
            await asyncio.Event().wait()
        raise ChatError("invalid_auth", "Slack refused the token")


@pytest.fixture
async def store(sqlite_url):
    opened = await Store.open(sqlite_url)
    yield opened
    await opened.close()


async def seen(kind, port, *, store=None, silent=False, within=timedelta(seconds=20)):
    """What a probe of the kind sees that is aimed at the port, as the service runs it."""
    assert kind.type in AIMED, f"tell AIMED how to aim {kind.type} at a port"
    options = kind.options.model_validate(AIMED[kind.type](port))
    async with httpx.AsyncClient(trust_env=False) as http:
        settings = Settings(openai_api_key=SecretStr(SECRET))
        ports = make_ports(store, chat=BrokenSlack(silent=silent), settings=settings, http=http, checks=[kind])
        one = service.Watched(
            name="it", check=kind, options=options, timeout=within, limits=Limits(degraded_ms=kind.degraded_ms)
        )
        return await service.probe(one, ports)


@every_kind
def test_a_kind_documents_its_options(kind):
    assert kind.options.__doc__
    assert [name for name, field in kind.options.model_fields.items() if not field.description] == []


@every_kind
def test_a_kind_is_configured_through_manage_yml(kind):
    listed = [{"name": "it", "type": kind.type, "options": AIMED[kind.type](1)}]

    manage = load(None, checks=KINDS, channels={}, base={"health": {"checks": listed}})

    assert isinstance(manage.health.checks[0].options, kind.options)


@every_kind
def test_a_kind_refuses_options_that_it_does_not_know(kind):
    with pytest.raises(ValueError, match="Extra inputs are not permitted"):
        kind.options.model_validate(AIMED[kind.type](1) | {"no_such_option": 1})


@every_kind
def test_a_kind_has_a_threshold(kind):
    assert kind.degraded_ms > 0


@every_kind
def test_a_secret_in_the_options_is_known_as_one(kind):
    options = kind.options.model_validate(AIMED[kind.type](1))

    assert (SECRET in set(secrets_in(options))) == (SECRET in str(AIMED[kind.type](1)))


@every_networked_kind
async def test_a_closed_port_is_explained(kind):
    port = free_port()

    observation = await seen(kind, port)

    assert (observation.ok, observation.detail) == (False, f"connection refused by 127.0.0.1:{port}")


@every_networked_kind
@NO_SUCH_PROTOCOL
async def test_a_server_that_speaks_something_else_is_explained(kind, answer):
    async with a_server(answer) as port:
        observation = await seen(kind, port)

    assert not observation.ok
    assert f"127.0.0.1:{port}" in observation.detail
    assert "\n" not in observation.detail


@every_networked_kind
async def test_a_silent_server_ends_at_the_timeout(kind):
    async with a_server(None) as port:
        observation = await seen(kind, port, within=SHORT)

    assert (observation.ok, observation.detail) == (False, "no answer within 300 ms")


async def test_a_silent_slack_ends_at_the_timeout():
    observation = await seen(KINDS["slack"], 0, silent=True, within=SHORT)

    assert (observation.ok, observation.detail) == (False, "no answer within 300 ms")


async def test_a_slack_that_refuses_is_explained():
    assert (await seen(KINDS["slack"], 0)).detail == "Slack refused the token"


async def test_a_locked_store_is_given_up(store, tmp_path):
    other = sqlite3.connect(tmp_path / "bot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        observation = await seen(KINDS["store"], 0, store=store, within=SHORT)
    finally:
        other.rollback()
        other.close()

    assert (observation.ok, observation.detail) == (False, "no answer within 300 ms")


async def test_a_store_that_is_broken_is_explained(store, tmp_path):
    await store.close()
    for file in tmp_path.glob("bot.db*"):
        file.write_bytes(b"this is no database" * 100)

    observation = await seen(KINDS["store"], 0, store=store)

    assert not observation.ok
    assert "is not a SQLite database" in observation.detail


@every_networked_kind
@NO_ENTRY
async def test_a_secret_is_told_nowhere(kind, answer, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        async with a_server(answer) as port:
            observation = await seen(kind, port)

    printed = capfd.readouterr()
    assert SECRET not in f"{observation}{caplog.text}{printed.out}{printed.err}"


@every_kind
async def test_a_secret_in_an_error_is_masked(kind):
    async def leaks(options, _ports):
        raise RuntimeError(f"cannot use {' '.join(secrets_in(options))} with {SECRET}")

    options = kind.options.model_validate(AIMED[kind.type](1))
    leaky = Check(type=kind.type, options=kind.options, probe=leaks)
    one = service.Watched(
        name="it", check=leaky, options=options, timeout=SHORT, limits=Limits(degraded_ms=kind.degraded_ms)
    )
    settings = Settings(openai_api_key=SecretStr(SECRET))

    observation = await service.probe(one, make_ports(None, settings=settings, checks=[leaky]))

    assert "cannot use" in observation.detail
    assert SECRET not in observation.detail
