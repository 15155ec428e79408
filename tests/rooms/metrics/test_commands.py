"""The commands `metrics` and `metrics show`, through the one road of every command."""

import json

from bot import registry
from bot.cards.card import Level
from bot.cards.json import to_json
from bot.command import Command
from bot.invoke import invoke
from bot.metrics import commands, service
from bot.permissions import Caller

COMMANDS = registry.collect(Command, [commands], lambda command: command.name)


async def ask(room, *argv):
    return await invoke(["metrics", *argv], Caller(id="shell:root", via="shell"), room.ports, COMMANDS)


async def test_what_is_measured_is_listed(room):
    one = room("db")
    one.kinds["db"].says = {"queue_length": 3}
    await service.collect(one.ports)

    card = await ask(one)

    assert (card.title, card.level) == ("1 series of 1 metric", Level.OK)
    assert [(line["metric"], line["value"], line["absent"]) for line in to_json(card)["metrics"]] == [
        ("queue_length", 3, False)
    ]


async def test_a_source_that_never_gave_its_metric_is_absent_with_the_reason(room):
    one = room("db")
    one.kinds["db"].says = OSError("gone")
    await service.collect(one.ports)

    card = await ask(one)

    assert card.level is Level.WARNING
    assert "gone" in card.body[0]
    assert card.table.rows[0][2:] == ("absent", "never")


async def test_a_series_that_fell_silent_is_absent(room):
    one = room("db")
    one.kinds["db"].says = {"queue_length": 3}
    await service.collect(one.ports)
    one.clock.forward(600)

    assert [line["absent"] for line in to_json(await ask(one, "--absent"))["metrics"]] == [True]


async def test_nothing_absent_is_said(room):
    one = room("db")
    one.kinds["db"].says = {"queue_length": 3}
    await service.collect(one.ports)

    assert (await ask(one, "--absent")).title == "Nothing is absent"


async def test_one_source_is_listed_alone(room):
    both = room("db", "web")
    for kind in both.kinds.values():
        kind.says = {"queue_length": 3}
    await service.collect(both.ports)

    assert len((await ask(both, "--source", "web")).table.rows) == 1


async def test_an_unknown_source_is_refused_with_those_there_are(room):
    card = await ask(room("db"), "--source", "dv")

    assert (card.level, card.hint) == (Level.USAGE, "Sources are: db.")


async def test_one_metric_is_shown_with_its_past(room):
    one = room("db")
    for value in (1, 2, 6):
        one.kinds["db"].says = {"queue_length": value}
        await service.collect(one.ports)
        one.clock.forward(60)

    card = await ask(one, "show", "queue_length", "--since", "1h")

    assert card.table.rows[0][1] == "6"
    assert card.table.rows[0][3:6] == ("1", "3", "6")
    assert json.dumps(to_json(card))


async def test_hours_of_which_the_aggregate_is_left_are_shown_alike(room):
    one = room("db", keep="1d")
    one.kinds["db"].says = {"queue_length": 4}
    await service.collect(one.ports)
    one.clock.forward(3 * 86_400)
    await service.fold(one.ports)

    assert (await ask(one, "show", "queue_length", "--since", "7d")).table.rows[0][4] == "4"


async def test_a_known_metric_that_nobody_measures_is_absent(room):
    assert (await ask(room(), "show", "error_rate")).title == "error_rate was not measured in the last 1 d"


async def test_an_unknown_metric_is_refused_with_near_ones(room):
    card = await ask(room(), "show", "eror_rate")

    assert (card.level, card.hint) == (Level.USAGE, "Did you mean error_rate?")


async def test_a_span_that_is_none_is_refused(room):
    assert (await ask(room(), "show", "cpu", "--since", "soon")).level is Level.USAGE
    assert (await ask(room(), "show", "cpu", "--since", "0")).level is Level.USAGE


async def test_a_page_beyond_the_last_is_refused(room):
    one = room("db")
    await service.collect(one.ports)

    assert (await ask(one, "--page", "7")).body == ("there is no page 7",)
