"""What past incidents tell: those that are like a new one, and what all of them add up to."""

from typing import Any

import pytest

from bot.cards.card import Card
from bot.cards.marks import plain
from bot.report import Report
from storage.records.alerts import Severity
from tests.rooms.alerts.world import LEAD, MANAGE, SECOND, World, refusal

ALIKE = "incident:{}:alike"
ADMIN = "U000ADMN"


@pytest.fixture
def config() -> dict[str, Any]:
    return MANAGE | {"incidents": {"archive": "never"}, "roles": {"admin": [ADMIN]}}


async def over(world: World, title: str, *words: str, comment: str = "", cause: str = "", minutes: float = 30) -> None:
    """An incident that was declared and resolved, and by now is a day old."""
    card = await world.ask("incident", "declare", title, *words)
    number = str(card.data["number"])
    await world.forward(minutes=minutes)
    await world.ask("incident", "resolve", number, f"--comment={comment}", f"--cause={cause}")
    await world.forward(minutes=24 * 60)


def said(card: Card) -> str:
    """All that a card says."""
    fields = [f"{field.label}: {plain(field.value)}" for field in card.fields]
    rows = [" ".join(map(plain, row)) for row in (card.table.rows if card.table else ())]
    return "\n".join([card.title, *map(plain, card.body), *fields, *rows, *map(plain, card.steps)])


class TestSimilar:
    async def test_stand_in_the_channel_of_a_new_incident_with_what_helped_then(self, world: World) -> None:
        await over(world, "Checkout latency above 2 s", comment="rolled back to 1.4", cause="deploy")
        await world.run("incident", "declare", "Checkout latency is bad")

        text = (await world.message(ALIKE.format(2))).text
        assert "#1 Checkout latency above 2 s" in text
        assert "took 30 min, caused by deploy" in text
        assert "Alike in checkout, latency. What helped: rolled back to 1.4" in text

    async def test_are_not_told_where_there_are_none(self, world: World) -> None:
        await over(world, "Mails are late")
        await world.run("incident", "declare", "Checkout latency is bad")

        assert not any(m.key == ALIKE.format(2) for m in world.slack.messages)

    async def test_are_found_by_the_service_of_the_alerts(self, world: World) -> None:
        for name in ("shop-latency", "shop-errors"):
            labels = {"service": "shop"}
            await world.ports.report(
                [Report(name=name, labels=labels, severity=Severity.HIGH, source="test", summary=f"{name} broke")]
            )
            await world.settle()
            number = (await world.ask("incidents", "--status=open")).data["incidents"][0]["number"]
            if name == "shop-latency":
                await world.run("incident", "resolve", str(number), "--comment=added a node")
        assert number == 2

        assert "service shop" in said(await world.ask("incident", "similar", "2"))

    async def test_one_that_is_still_open_can_be_merged_with_one_click(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout latency is bad")
        await world.run("incident", "declare", "Checkout latency again")

        (merge, _) = (await world.message(ALIKE.format(2))).card.buttons
        await world.run(*merge.argv)

        assert (await world.incident(2)).merged_into == 1

    async def test_never_name_a_private_one_not_even_to_who_belongs_to_it(self, world: World) -> None:
        await over(world, "Checkout latency, ask the police", "--private", comment="secret")
        await world.run("incident", "declare", "Checkout latency is bad")

        for who in (LEAD, SECOND, ADMIN):
            assert (await world.ask("incident", "similar", "2", by=who)).data["similar"] == []
        assert not any(m.key == ALIKE.format(2) for m in world.slack.messages)

    async def test_leave_out_tests_and_duplicates(self, world: World) -> None:
        await over(world, "Checkout latency is bad", "--test")
        await world.run("incident", "declare", "Mails are late")
        await world.run("incident", "declare", "Checkout latency above 2 s")
        await world.run("incident", "merge", "3", "--into=2")
        await world.run("incident", "declare", "Checkout latency again")

        assert (await world.ask("incident", "similar", "4")).data["similar"] == []

    async def test_are_posted_once_though_the_job_runs_twice(self, world: World) -> None:
        await over(world, "Checkout latency above 2 s")
        world.twice = True
        await world.run("incident", "declare", "Checkout latency is bad")

        assert (
            sum("Similar incidents from before" in text for text in world.told((await world.incident(2)).channel)) == 1
        )


class TestListing:
    async def test_can_be_bounded_in_time_and_keeps_to_it_on_the_next_page(self, world: World) -> None:
        await over(world, "Old")
        for number in range(16):
            await world.ask("incident", "declare", f"New {number}")

        card = await world.ask("incidents", "--since=1h", "--severity=high", "--status=open")

        assert card.data["total"] == 16
        following = await world.ask(*card.buttons[0].argv)
        assert [one["what"] for one in following.data["incidents"]] == ["New 0"]


class TestCause:
    async def test_can_be_named_when_it_is_resolved(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "resolve", "1", "--cause", "Deploy")

        assert (await world.incident()).cause == "deploy"
        assert "Cause: deploy" in said(await world.ask("incident", "timeline", "1"))

    async def test_of_what_is_over_already_stays_as_it_is(self, world: World) -> None:
        await world.run("incident", "declare", "Checkout")
        await world.run("incident", "resolve", "1", "--cause=deploy")
        await world.run("incident", "resolve", "1", "--cause=network")

        assert (await world.incident()).cause == "deploy"


class TestStatistics:
    async def test_tell_mttr_and_its_parts_by_service_and_by_cause(self, world: World) -> None:
        await over(world, "Checkout", cause="deploy", minutes=30)
        await over(world, "Mail", cause="network", minutes=90)

        text = said(await world.ask("incidents", "stats", "--since=7d"))

        assert "2 incidents in the last 7 d" in text
        assert "Until resolved (MTTR): 1 h mean, 1 h median (2 incidents)" in text
        assert "cause network 1 1 h 30 min 1 h 30 min" in text

    async def test_say_so_when_there_is_nothing_to_count(self, world: World) -> None:
        card = await world.ask("incidents", "stats")

        assert (card.title, card.level.value) == ("No incidents in the last 90 d", "ok")

    async def test_count_private_ones_only_for_who_may_see_them(self, world: World) -> None:
        await over(world, "Theft", "--private")

        assert (await world.ask("incidents", "stats", by=SECOND)).data["declared"] == 0
        assert (await world.ask("incidents", "stats", by=LEAD)).data["declared"] == 1

    async def test_are_drawn_into_the_channel_where_it_is_asked_without_what_is_private(self, world: World) -> None:
        pytest.importorskip("matplotlib")
        await over(world, "Checkout", cause="deploy")
        card = await world.ask("incidents", "stats", channel="C0000042")

        await world.run(*card.buttons[0].argv, channel="C0000042")

        (file,) = [one for one in world.slack.files if one["title"] == "Incidents of the last 90 d"]
        assert (file["channel"], file["name"]) == ("C0000042", "incidents.png")
        assert file["content"].startswith(b"\x89PNG")

    async def test_are_not_drawn_of_private_incidents_alone(self, world: World) -> None:
        await over(world, "Theft", "--private")

        card = await world.ask("incidents", "stats", "--chart", channel="C0000042")

        assert (card.level.value, world.slack.files) == ("usage", [])

    async def test_say_why_the_picture_could_not_be_put_there(self, world: World) -> None:
        pytest.importorskip("matplotlib")
        await over(world, "Checkout")
        world.slack.refusals["upload"] = [refusal("missing_scope")]

        card = await world.ask("incidents", "stats", "--chart", channel="C0000042")

        assert (card.title, card.level.value) == ("The picture could not be put here", "bad")

    @pytest.mark.parametrize("words", [("--since=0",), ("--since=soon",), ("--severity=grave",), ("--chart",)])
    async def test_refuse_what_makes_no_sense(self, world: World, words: tuple[str, ...]) -> None:
        assert (await world.ask("incidents", "stats", *words)).level.value == "usage"
