"""The `health` command, through the one road of every command."""

import json

import pytest
from structlog.testing import capture_logs

from bot import registry
from bot.cards.card import Level
from bot.cards.json import to_json
from bot.command import Command
from bot.config.manage import load
from bot.health import commands, service
from bot.invoke import invoke
from bot.permissions import Caller
from bot.ports import Check
from tests.fakes.ports import make_ports
from tests.rooms.health.conftest import REFUSED

COMMANDS = registry.collect(Command, [commands], lambda command: command.name)


async def ask(ports, *argv, progress=None):
    return await invoke(["health", *argv], Caller(id="shell:root", via="shell"), ports, COMMANDS, progress=progress)


async def test_health_tells_every_check(room):
    card = await ask(room("db", "web").ports)

    assert (card.level, [row[0] for row in card.table.rows]) == (Level.OK, ["db", "web"])


async def test_something_down_is_bad_news_with_exit_code_1(room):
    health = room("db", "web")
    health.kinds["db"].says = REFUSED

    assert (await ask(health.ports)).level.exit_code == 1


async def test_something_degraded_is_a_warning(room):
    health = room("web", degraded_ms=1)

    assert (await ask(health.ports)).level is Level.WARNING


async def test_one_check_is_told_with_its_last_hour(room):
    health = room("web")
    for _ in range(3):
        await service.run_round(health.ports)

    fields = {field.label: field.value for field in (await ask(health.ports, "web")).fields}

    assert fields["Last 1 h"] == "up in 100 % of 3 rounds; latency p50 4 ms, p95 4 ms"


async def test_one_check_runs_alone(room):
    health = room("db", "web")
    await ask(health.ports, "web")

    assert health.kinds["db"].asked == 0


@pytest.mark.parametrize(("rounds", "words", "told"), [(0, [], 1), (1, [], 0), (1, ["--fresh"], 1)])
async def test_probes_that_are_waited_for_are_announced(room, rounds, words, told):
    health, seen = room("db", "web"), []

    async def progress(card):
        seen.append(card.title)

    for _ in range(rounds):
        await service.run_round(health.ports)
    await ask(health.ports, *words, progress=progress)

    assert seen == ["Running 2 checks …"] * told


async def test_a_check_that_is_not_there_is_wrong_usage_with_the_nearest_name(room):
    card = await ask(room("database", "web").ports, "databse")

    assert (card.level, card.body, card.hint) == (
        Level.USAGE,
        ("there is no check `databse`",),
        "Checks are: database.",
    )


async def test_health_works_without_any_configuration(store):
    kinds = registry.collect(Check, registry.modules("bot.health.checks"), lambda check: check.type)

    card = await ask(make_ports(store, checks=kinds, manage=load(None, checks=kinds, channels={})))

    said = json.loads(json.dumps(to_json(card)))
    assert [check["name"] for check in said["checks"]] == ["store"]


@pytest.mark.parametrize("names", [(), ("web",)])
async def test_asking_writes_nothing_but_the_audit_line(room, names):
    health = room("web")
    with capture_logs():
        await ask(health.ports, *names)

    assert (await health.states(), await health.facts()) == ({}, [])
