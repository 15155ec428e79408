"""Incidents that are one, that were not over, and alerts that belong to what is open already."""

import asyncio
from typing import Any

import pytest

from bot.events import AlertJoinedIncident, IncidentDeclared, IncidentParted, IncidentReopened, RoleAssigned
from bot.incidents import service
from bot.report import Report
from storage.records.alerts import Severity
from storage.records.incidents import IncidentStatus
from tests.fakes.ports import T0
from tests.rooms.alerts.world import LEAD, MANAGE, SECOND, World

SERVICES = {"services": {"checkout": {"components": ["Shop"]}}}
PAGE = {
    "health": {"checks": []},
    "statuspage": {"components": [{"name": "Shop", "checks": ["shop"]}, {"name": "API", "checks": ["api"]}]},
}


@pytest.fixture
def config() -> dict[str, Any]:
    return MANAGE | SERVICES | PAGE


async def fires(world: World, name: str, **labels: str) -> None:
    """A source tells that something is grave, and all that follows at once happens."""
    report = Report(
        name=name,
        labels=labels,
        summary=f"{name} fires",
        severity=Severity.HIGH,
        source="test",
        started_at=world.clock(),
    )
    await world.ports.report([report])
    await world.settle()


class TestRelatedAlerts:
    async def test_are_one_incident(self, world: World) -> None:
        await fires(world, "latency", service="checkout")
        await fires(world, "errors", service="checkout")

        assert (await world.incident()).alert_ids == (1, 2)
        assert (await world.incident()).labels == {"service": "checkout"}
        assert (await world.alert(2)).incident_id == 1
        assert len(await world.facts("incident:1", AlertJoinedIncident)) == 1
        assert (await world.run("incidents")).data["total"] == 1

    @pytest.mark.parametrize("few", [1, 2])
    async def test_are_read_in_the_loop_or_beside_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch, few: int
    ) -> None:
        monkeypatch.setattr(service, "FEW", few)
        await fires(world, "latency", service="checkout")
        await fires(world, "errors", service="checkout")

        assert [alert.id for alert in (await service.view(world.ports, 1)).alerts] == [1, 2]

    async def test_of_another_service_are_another_incident(self, world: World) -> None:
        await fires(world, "latency", service="checkout")
        await fires(world, "latency", service="search")

        assert (await world.incident(2)).alert_ids == (2,)

    async def test_that_come_at_the_same_moment_are_one_incident_too(self, world: World) -> None:
        reports = [
            Report(name=f"r{n}", labels={"service": "checkout"}, summary="x", severity=Severity.LOW, source="test")
            for n in range(6)
        ]
        await world.ports.report(reports)
        await world.settle()
        await asyncio.gather(
            *(
                service.declare(world.ports, title="x", severity=Severity.HIGH, by="bot", alert=number)
                for number in range(1, 7)
            )
        )
        await world.settle()

        assert set((await world.incident()).alert_ids) == {1, 2, 3, 4, 5, 6}
        assert (await world.run("incidents")).data["total"] == 1

    @pytest.mark.parametrize("apart", ["--private", "--test"])
    async def test_do_not_join_what_is_private_or_a_test(self, world: World, apart: str) -> None:
        await fires(world, "latency", service="checkout")
        await world.run("incident", "resolve", "1")
        await world.run("incident", "declare", "Drill", "--alert=1", apart)
        await fires(world, "errors", service="checkout")

        assert (await world.incident(2)).alert_ids == (1,)
        assert (await world.incident(3)).alert_ids == (2,)
        assert (await world.alert(1)).incident_id == 1

    async def test_affect_what_their_service_has_on_the_status_page(self, world: World) -> None:
        await fires(world, "latency", service="checkout")

        assert (await world.incident()).components == ("Shop",)

    async def test_of_a_check_affect_what_it_tells_of(self, world: World) -> None:
        await world.check("down")
        await fires(world, "latency", check="api")

        assert (await world.incident()).components == ("Shop",)
        assert (await world.incident(2)).components == ("API",)


class TestMerging:
    @pytest.fixture
    async def two(self, world: World) -> World:
        """Incident 1 of an alert, and incident 2, which a person declared for another alert and leads."""
        await fires(world, "latency", service="checkout")
        await fires(world, "errors", service="search")
        await world.run("incident", "role", "2")
        return world

    async def test_ends_the_duplicate_and_moves_what_belongs_to_it(self, two: World) -> None:
        card = await two.run("incident", "merge", "2", "--into", "1")

        one, other = await two.incident(1), await two.incident(2)
        assert card.title == "Incident #2 was merged into #1"
        assert (other.status, other.merged_into, other.resolved_by) == (IncidentStatus.RESOLVED, 1, LEAD)
        assert (one.alert_ids, dict(one.roles)) == ((1, 2), {"commander": LEAD})
        assert (await two.alert(2)).incident_id == 1
        assert len(await two.facts("incident:1", RoleAssigned)) == 1

    async def test_makes_one_timeline_of_both(self, two: World) -> None:
        await two.run("incident", "note", "2", "--text", "the certificate expired")
        await two.run("incident", "merge", "2", "--into", "1")

        said = [line["said"] for line in (await two.run("incident", "timeline", "1")).data["timeline"]]
        for expected in (
            "“the certificate expired”",
            "Alert #2 (high): errors fires",
            "Incident #2 merged into #1",
            "Incident #2 turned out to be this one",
        ):
            assert expected in said

    async def test_lets_what_would_have_joined_the_duplicate_join_the_other(self, two: World) -> None:
        await two.run("incident", "merge", "2", "--into", "1")
        await fires(two, "saturation", service="search")

        assert (await two.incident(1)).alert_ids == (1, 2, 3)

    async def test_means_the_other_in_the_channel_of_the_duplicate(self, two: World) -> None:
        channel = (await two.incident(2)).channel
        await two.run("incident", "merge", "2", "--into", "1")
        await two.run("incident", "update", "--text", "a fix is on its way", channel=channel)

        assert (await two.incident(1)).latest_update == "a fix is on its way"

    async def test_is_taken_back_by_opening_the_duplicate_again(self, two: World) -> None:
        channel = (await two.incident(2)).channel
        await two.run("incident", "merge", "2", "--into", "1")
        await fires(two, "saturation", service="search")

        await two.run("incident", "reopen", channel=channel)

        one, other = await two.incident(1), await two.incident(2)
        assert (other.status, other.merged_into, other.channel) == (IncidentStatus.INVESTIGATING, None, channel)
        assert (one.alert_ids, other.alert_ids) == ((1, 3), (2,))
        assert (await two.alert(2)).incident_id == 2
        assert len(await two.facts("incident:1", IncidentParted)) == 1

    async def test_counts_mttr_from_whichever_began_first(self, world: World) -> None:
        await fires(world, "errors", service="search")
        await world.forward(minutes=10)
        await fires(world, "latency", service="checkout")
        await world.run("incident", "merge", "1", "--into", "2")
        await world.forward(minutes=5)
        await world.run("incident", "resolve", "2")

        assert (await world.incident(2)).started_at == T0
        assert (await world.run("incident", "show", "2")).data["time_to_resolve"] == 900

    @pytest.mark.parametrize(
        ("argv", "said"),
        [
            (("1", "--into", "1"), "an incident cannot be merged into itself"),
            (("3", "--into", "1"), "it was merged into #1; `incident reopen 3` takes that back."),
            (("2", "--into", "3"), "#3 was merged into #1: merge this one into that one."),
            (("1", "--into", "2"), "it goes on for #3: merge #2 into this one, or `incident reopen 3` first."),
        ],
    )
    async def test_is_refused_with_what_is_legal(self, two: World, argv: tuple[str, ...], said: str) -> None:
        await two.run("incident", "declare", "Slow")
        await two.run("incident", "merge", "3", "--into", "1")

        card = await two.run("incident", "merge", *argv)

        assert (card.level.value, card.level.exit_code) == ("info", 0)
        assert str(card.body[0]).startswith(said)

    async def test_of_one_that_does_not_exist_is_wrong(self, two: World) -> None:
        card = await two.run("incident", "merge", "2", "--into", "9")

        assert (card.level.value, card.body) == ("usage", ("there is no incident #9",))


class TestReopening:
    async def test_goes_on_in_the_same_channel(self, world: World) -> None:
        await world.check("down")
        channel = (await world.incident()).channel
        await world.run("incident", "resolve", "1")

        card = await world.run("incident", "reopen", "1", "--reason", "it is back")

        incident = await world.incident()
        assert card.title == "Incident #1 is open again"
        assert (incident.status, incident.channel, incident.reopened) == ("investigating", channel, 1)
        assert await world.facts("incident:1", IncidentReopened) == [IncidentReopened(incident=1, reason="it is back")]

    async def test_is_refused_while_another_one_is_open_for_the_same_alert(self, world: World) -> None:
        await world.check("down")
        await world.run("incident", "resolve", "1")
        await world.check("healthy", previous="down")
        await world.check("down")

        card = await world.run("incident", "reopen", "1")

        assert card.body == ("#2 is open for the same alert: go on there, or resolve #2 first.",)
        assert not (await world.incident(1)).open

    async def test_lets_its_alerts_join_it_again(self, world: World) -> None:
        await world.check("down")
        await world.run("incident", "resolve", "1")
        await world.run("incident", "reopen", "1")
        await world.check("healthy", previous="down")
        await world.check("down")

        assert (await world.incident()).alert_ids == (1, 2)
        assert len(await world.facts("incident:2", IncidentDeclared)) == 0

    async def test_of_what_is_open_says_what_it_can_do(self, world: World) -> None:
        await world.check("down")

        card = await world.run("incident", "reopen", "1")

        assert card.body == ("it is investigating: it can be identified, be monitoring or be resolved.",)


class TestRoles:
    async def test_of_two_who_take_command_the_first_one_has_it(self, world: World) -> None:
        await world.run("incident", "declare", "Slow")
        await world.run("incident", "role", "1")
        card = await world.run("incident", "role", "1", by=SECOND)

        assert card.title == "Incident #1 stays as it is"
        assert (await world.incident()).roles == {"commander": LEAD}

    async def test_are_given_and_released(self, world: World) -> None:
        await world.run("incident", "declare", "Slow")
        await world.run("incident", "role", "1", "--role=Scribe", f"--user=<@{SECOND}>")
        assert (await world.incident()).roles == {"scribe": SECOND}

        card = await world.run("incident", "role", "1", "--role=scribe", "--release")

        assert card.title == "Incident #1 has no scribe any more"
        assert (await world.incident()).roles == {}


class TestParticulars:
    @pytest.fixture
    async def declared(self, world: World) -> World:
        await world.run("incident", "declare", "Slow", "--component=api")
        return world

    async def test_components_are_known_however_they_are_spelled(self, declared: World) -> None:
        assert (await declared.incident()).components == ("API",)

        await declared.run("incident", "affects", "1", "--component", "shop, API")
        assert (await declared.incident()).components == ("Shop", "API")

        await declared.run("incident", "affects", "1", "--nothing")
        assert (await declared.incident()).components == ()

    @pytest.mark.parametrize(
        "argv",
        [
            ("incident", "affects", "1", "--component=Mail"),
            ("incident", "declare", "Slow", "--component=Mail"),
            ("incident", "affects", "1"),
        ],
    )
    async def test_components_that_there_are_not_are_refused_with_those_there_are(
        self, declared: World, argv: tuple[str, ...]
    ) -> None:
        card = await declared.run(*argv)

        assert card.level.value == "usage"
        assert "There are Shop, API." in str(card.hint)
        assert (await declared.incident()).components == ("API",)

    async def test_the_cause_is_named_in_a_word(self, declared: World) -> None:
        await declared.run("incident", "resolve", "1")
        await declared.run("incident", "cause", "1", "--cause", " Deploy ")

        assert (await declared.incident()).cause == "deploy"

    async def test_the_severity_is_corrected(self, declared: World) -> None:
        card = await declared.run("incident", "severity", "1", "--severity=critical")

        assert card.title == "Incident #1 is critical now"
        assert (await declared.incident()).severity is Severity.CRITICAL

    async def test_the_next_update_is_due_when_somebody_says(self, declared: World) -> None:
        for argv, minutes in (
            (("snooze", "1", "--in=45m"), 45),
            (("remind", "1", "--in=2h"), 120),
            (("update", "1", "--text=found it", "--next=10m"), 10),
        ):
            await declared.run("incident", *argv)
            due = (await declared.incident()).update_due_at
            assert due is not None
            assert (due - T0).total_seconds() == minutes * 60

    async def test_nobody_is_reminded_where_nobody_should_be(self, declared: World) -> None:
        card = await declared.run("incident", "remind", "1", "--stop")

        assert card.body == ("Nobody is reminded until the next update.",)
        assert (await declared.incident()).update_due_at is None

    async def test_a_reminder_without_a_time_is_wrong(self, declared: World) -> None:
        assert (await declared.run("incident", "remind", "1")).level.value == "usage"
