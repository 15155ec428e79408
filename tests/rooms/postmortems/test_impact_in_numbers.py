"""The impact in numbers, from manage.yml and what was measured to the section of the draft and its check."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cards.card import Card, Level
from bot.config.manage import load
from bot.health import service as health
from bot.incidents import service as incidents
from bot.invoke import invoke
from bot.metrics import service as metrics
from bot.objectives.commands import slo
from bot.observation import Observation
from bot.permissions import Caller
from bot.ports import Check, Ports
from bot.postmortems import check_commands, service
from storage.records.alerts import Severity
from storage.records.postmortems import Statement
from storage.records.samples import Sample
from tests.fakes.ports import T0
from tests.rooms.postmortems.conftest import LEAD, House
from tests.unit.config.plugins import NothingToSay

MANAGE = """
health:
  checks: [{name: shop, type: scripted}, {name: mail, type: scripted}]
metrics:
  pushed: [active_users, affected_users]
objectives:
  shop-available: {objective: 99.9%, window: 30d, checks: [shop, mail]}
  shop-requests: {objective: 99%, errors: failed_requests, total: requests, labels: {service: shop}}
  mail-available: {objective: 99.5%, checks: mail}
postmortems:
  impact:
    active_users: active_users
    cost: {currency: EUR, per_minute: 120}
"""
MINUTE = timedelta(minutes=1)


async def probe(_options: NothingToSay, _ports: Ports) -> Observation:
    raise AssertionError("tests say what was seen")


SCRIPTED = Check(type="scripted", options=NothingToSay, probe=probe)


def configured(house: House, path: Path, text: str) -> None:
    """The house under that manage.yml."""
    file = path / "manage.yml"
    file.write_text(text)
    manage = load(file, checks={"scripted": SCRIPTED}, channels={}, variables={})
    house.ports = replace(house.ports, manage=manage)


async def seen(house: House, name: str, *, well: bool) -> None:
    """A check is looked at, and is as it is now."""

    async def probe(_options: NothingToSay, _ports: Ports) -> Observation:
        return Observation(ok=well, detail="looked at")

    await health.run_one(replace(house.ports, checks={"scripted": replace(SCRIPTED, probe=probe)}), name)


async def lived(house: House, *, measured: bool = True) -> None:
    """Nine minutes in which all is well, twelve in which the shop is down, and two in which the mail is beside it."""
    for minute in range(-10, 14):
        house.clock.time = T0 + minute * MINUTE
        await seen(house, "shop", well=not -1 <= minute < 11)
        await seen(house, "mail", well=not 4 <= minute < 6)
        if measured:
            failed = 250.0 if -1 <= minute < 11 else 0.0
            values = {"requests": 1000.0, "failed_requests": failed, "active_users": 4000.0 + minute}
            await metrics.take(
                house.ports,
                [
                    Sample(metric=name, at=house.clock(), value=value, labels={"service": "shop", "source": "push"})
                    for name, value in values.items()
                ],
            )
        if minute == 0:
            await incidents.declare(house.ports, title="Checkout is down", severity=Severity.HIGH, by="bot", alert=1)
    house.clock.time = T0 + 14 * MINUTE
    await incidents.resolve(house.ports, 1, by=LEAD, comment="rolled back")


async def drafted(house: House) -> list[Statement]:
    """The statements of the section on impact."""
    await house.settle()
    house.clock.forward(600)
    await house.settle()
    return list(next(s for s in (await house.postmortem()).sections if s.name == "impact").statements)


async def run(house: House, *argv: str) -> Card:
    commands = {one.name: one for one in (check_commands.check, check_commands.dry_run, slo)}
    return await invoke(argv, Caller(id=LEAD, via="slack"), house.ports, commands)


def texts(statements: list[Statement]) -> str:
    return "\n".join(statement.text for statement in statements)


class TestOnBothDatabases:
    @pytest.fixture
    def room_url(self, either_url: str) -> str:
        return either_url

    async def test_the_impact_of_a_resolved_incident_is_told_in_numbers_that_hold(
        self, house: House, tmp_path: Path
    ) -> None:
        configured(house, tmp_path, MANAGE)
        await lived(house)
        told = await drafted(house)
        assert texts(told).splitlines()[:11] == [
            "The impact lasted 15 min, from 2026-11-23 11:59 to 12:14 UTC.",
            "Check shop was degraded or down for 12 min.",
            "3,000 of 15,000 requests failed (20.0%), in 15 samples from 2026-11-23 11:59 to 12:13 UTC.",
            "Up to 4,013 users were active at one time, by 15 samples of 1 series of active_users.",
            "It cost 1,440 EUR by the rate in manage.yml: 12 min of downtime at 120 EUR per minute.",
            # the mail was down for two of these twelve minutes
            (
                "It took 12 min of downtime: 27.8% of the error budget of shop-available (99.9% over 30 d allows 43.2 min of"
                " downtime)."
            ),
            (
                "At its end 12 min (27.8%) of the error budget of shop-available were used; 31.2 min (72.2%) were left; 24 min"
                " of these 30 d were measured."
            ),
            (
                "It took 3,000 failed requests: 1,250% of the error budget of shop-requests (99% over 30 d allows 240 requests"
                " to fail)."
            ),
            (
                "At its end 3,000 requests (1,250%) of the error budget of shop-requests were used; that is 2,760 requests more than"
                " it allows; 24 min of these 30 d were measured."
            ),
            (
                "It took 2 min of downtime: 0.9% of the error budget of mail-available (99.5% over 30 d allows 216 min of"
                " downtime)."
            ),
            (
                "At its end 2 min (0.9%) of the error budget of mail-available were used; 214 min (99.1%) were left; 24 min of"
                " these 30 d were measured."
            ),
        ]
        assert [s.text for s in told if s.unverified] == []
        assert told[-1].text == "Nobody measured how many users were affected: does anybody know?"

        checked = await run(house, "postmortem", "check", "1")
        assert checked.level is Level.OK, checked.body
        for words, level in (("It cost 1,440 EUR.", Level.OK), ("It cost 1,540 EUR.", Level.BAD)):
            assert (await run(house, "postmortem", "check", "1", "--text", words)).level is level
        shown = str(await run(house, "postmortem", "dry-run", "1", "--section", "impact"))
        assert "27.8% of the error budget of shop-available" in shown

        card = await run(house, "slo")
        assert card.table is not None
        assert card.table.rows[0][3:5] == ("43.2 min", "31.2 min (72.2%)")
        assert card.table.rows[1][4] == "overspent by 2,760 requests (1,150%)"
        assert (card.level, card.title) == (Level.BAD, "1 error budget overspent: shop-requests")


async def test_what_was_not_measured_is_asked_for_and_never_taken_for_nothing(house: House, tmp_path: Path) -> None:
    unmeasured = MANAGE.replace("mail-available: {objective: 99.5%, checks: mail}", "").replace(
        "checks: [shop, mail]}", "checks: own}"
    )
    unmeasured = unmeasured.replace("checks: [{", "checks: [{name: own, type: scripted}, {")
    configured(house, tmp_path, unmeasured)
    await lived(house, measured=False)
    told = await drafted(house)
    assert "error budget" not in texts(told[:-1])
    assert "0 of" not in texts(told)
    assert told[-1].text == (
        "Nobody measured how many requests failed, how many users were affected and how much of the error budget it"
        " took: does anybody know?"
    )
    card = await run(house, "slo")
    assert card.level is Level.WARNING
    assert card.body == ("Nothing was measured for shop-available and shop-requests.",)


async def test_figures_of_samples_are_left_out_once_these_are_folded(house: House, tmp_path: Path) -> None:
    configured(house, tmp_path, MANAGE)
    await lived(house)
    house.clock.forward(timedelta(days=31).total_seconds())
    await metrics.fold(house.ports)
    words = " ".join(one.words for one in (await service.pack_of(house.ports, 1)).computed)
    assert "requests" not in words
    assert "users" not in words
    assert "it took 12 min of downtime: 27.8% of the error budget of shop-available" in words


async def test_an_incident_longer_than_the_window_takes_what_lies_in_it(house: House, tmp_path: Path) -> None:
    configured(house, tmp_path, MANAGE.replace("window: 30d, checks", "window: 1d, checks"))
    for minute in (-3, -2, -1, 0):
        house.clock.time = T0 + minute * MINUTE
        await seen(house, "shop", well=minute < -1)
        await seen(house, "mail", well=True)
    await incidents.declare(house.ports, title="Checkout is down", severity=Severity.HIGH, by="bot", alert=1)
    for hour in range(1, 49):
        house.clock.time = T0 + hour * 60 * MINUTE
        await seen(house, "shop", well=False)
        await seen(house, "mail", well=True)
    await incidents.resolve(house.ports, 1, by=LEAD, comment="rolled back")
    words = [one.words for one in (await service.pack_of(house.ports, 1)).computed]
    assert any(w.startswith("it took 1,440 min of downtime: 100,000% of the error budget of shop-ava") for w in words)


async def test_without_objectives_the_command_says_how_to_name_one(house: House) -> None:
    card = await run(house, "slo")
    assert card.level is Level.INFO
    assert "objectives" in str(card.hint)
