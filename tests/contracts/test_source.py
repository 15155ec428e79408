"""What every kind of metric source promises, the built-in ones and those of installed plug-ins.

A new kind needs one entry in `AIMED`: options that aim it at a port of this machine; and none when it stays at home.
"""

import logging
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from bot import registry
from bot.config.known_metrics import WELL_KNOWN, known, known_in
from bot.config.manage import load
from bot.health.failures import secrets_in
from bot.metrics import service
from bot.ports import Source, Unread
from storage.unit_of_work import Store
from tests.contracts.aimed import NO_ENTRY, NO_SUCH_PROTOCOL, SHORT, a_server
from tests.fakes.ports import make_ports
from tests.servers.process import free_port

SECRET = "vErY-SeCrEt-0815"

KINDS = registry.collect(Source, [*registry.modules("bot.metrics.sources"), *registry.plugins()], lambda one: one.type)
AIMED = {
    "host": lambda _port: {},
    "postgres": lambda port: {"url": f"postgresql://u:{SECRET}@127.0.0.1:{port}/x"},
    "prometheus": lambda port: {
        "url": f"http://127.0.0.1:{port}",
        "token": SECRET,
        "queries": {"error_rate": "vector(1)", "orders": "vector(2)"},
    },
    "redis": lambda port: {"url": f"redis://u:{SECRET}@127.0.0.1:{port}/0"},
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_networked_kind = pytest.mark.parametrize(
    "kind", [kind for name, kind in KINDS.items() if name != "host"], ids=lambda kind: kind.type
)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def options_of(kind, port=1):
    assert kind.type in AIMED, f"tell AIMED how to aim {kind.type} at a port"
    return AIMED[kind.type](port)


def manage_of(kind, port=1):
    listed = [{"name": "it", "type": kind.type, "options": options_of(kind, port)}]
    return load(None, checks={}, channels={}, sources=KINDS, base={"metrics": {"sources": listed}})


async def read(kind, port=1, within=timedelta(seconds=20)):
    """What a reading of the kind gives that is aimed at the port, as the service runs it: why it failed, and samples."""
    async with httpx.AsyncClient(trust_env=False) as http:
        ports = make_ports(None, manage=manage_of(kind, port), sources=[kind], http=http)
        state, found = await service.read(service.configured(ports)["it"], ports, within)
        return state.failure, found


@every_kind
def test_a_kind_documents_its_options(kind):
    assert kind.options.__doc__
    assert [name for name, field in kind.options.model_fields.items() if not field.description] == []


@every_kind
def test_a_kind_refuses_options_that_it_does_not_know(kind):
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        kind.options.model_validate(options_of(kind) | {"no_such_option": 1})


@every_kind
def test_a_kind_names_what_it_gives_so_that_conditions_can(kind):
    manage = manage_of(kind)
    given = kind.metrics(manage.metrics.sources[0].options)
    plain = {"metrics": {"sources": [{"type": kind.type, "options": manage.metrics.sources[0].options}]}}

    assert given
    assert given <= known(manage.metrics, KINDS) == known_in(plain, KINDS)


@every_kind
def test_what_a_kind_gives_is_a_name_that_conditions_can_spell(kind):
    options = kind.options.model_validate(options_of(kind))

    assert [name for name in kind.metrics(options) if not name.isidentifier()] == []


@pytest.mark.parametrize("name", ["host", "postgres", "redis"])
def test_what_a_built_in_kind_gives_has_a_unit_and_a_meaning(name):
    kind = KINDS[name]

    assert kind.metrics(kind.options.model_validate(options_of(kind))) == {
        one.name for one in WELL_KNOWN.values() if one.source == name
    }


@every_networked_kind
async def test_a_closed_port_is_told_and_gives_nothing(kind):
    port = free_port()

    assert await read(kind, port) == (f"connection refused by 127.0.0.1:{port}", [])


@every_networked_kind
@NO_SUCH_PROTOCOL
async def test_a_server_that_speaks_something_else_is_told_and_gives_nothing(kind, answer):
    async with a_server(answer) as port:
        said, found = await read(kind, port)

    assert f"127.0.0.1:{port}" in said
    assert "\n" not in said
    assert found == []


@every_networked_kind
async def test_a_silent_server_ends_at_the_limit(kind):
    async with a_server(None) as port:
        assert await read(kind, port, SHORT) == ("no answer within 300 ms", [])


@every_networked_kind
@NO_ENTRY
async def test_a_secret_is_told_nowhere(kind, answer, caplog, capfd):
    with caplog.at_level(logging.DEBUG):
        async with a_server(answer) as port:
            said, found = await read(kind, port)

    printed = capfd.readouterr()
    assert SECRET not in f"{said}{found}{caplog.text}{printed.out}{printed.err}"


@every_networked_kind
@pytest.mark.parametrize("failure", [RuntimeError, Unread])
async def test_a_secret_in_an_error_is_masked(kind, failure):
    async def leaks(options, _ports):
        raise failure(f"cannot use {' '.join(secrets_in(options))}")

    leaky = Source(type=kind.type, options=kind.options, read=leaks, metrics=kind.metrics)

    said, _ = await read(leaky)

    assert "cannot use" in said
    assert SECRET not in said


async def test_the_host_is_read_by_itself(sqlite_url):
    store = await Store.open(sqlite_url)
    try:
        ports = make_ports(store, sources=KINDS.values())
        assert list(service.configured(ports)) == ["host"]
        await service.collect(ports)
        seen = await service.overview(ports)
    finally:
        await store.close()

    assert {one.labels["source"] for one in seen.newest} == {"host"}
    assert {one.metric for one in seen.newest} <= KINDS["host"].metrics(None)
    assert "cpu" in seen.missing["host"]  # it takes two readings
