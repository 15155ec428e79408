"""Issues for follow-ups: one in each tracker whatever goes wrong, and people are told what they can do."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.cards.marks import plain
from bot.events import FilingFailed, FollowUpFiled
from bot.outside import Filed, Issue
from bot.ports import Undeliverable
from storage.tables import follow_ups as table
from tests.rooms.alerts.world import LEAD, MANAGE, ONCALL, World
from tests.rooms.follow_ups.conftest import CHANNEL, star


@dataclass
class Desk:
    """A tracker that records what is filed, and refuses on request."""

    issues: dict[str, Issue] = field(default_factory=dict)
    attempts: list[int] = field(default_factory=list)
    refusals: list[Undeliverable] = field(default_factory=list)
    loses: int = 0

    async def __call__(self, issue: Issue, /, *, attempt: int) -> Filed:
        self.attempts.append(attempt)
        if self.refusals:
            raise self.refusals.pop(0)
        if attempt == 1 or issue.key not in self.issues:
            assert issue.key not in self.issues, "filed twice"
            self.issues[issue.key] = issue
        if self.loses:
            self.loses -= 1
            raise Undeliverable("OPS cannot be reached: ReadError", retry=True)
        number = list(self.issues).index(issue.key) + 1
        return Filed(reference=f"OPS-{number}", address=f"https://ops.example.com/{number}")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def tracked(incident: World, desk: Desk) -> World:
    incident.ports = replace(incident.ports, trackers={"ops": desk})
    return incident


async def reference(world: World, number: int = 1) -> str:
    async with world.store.read() as conn:
        found = await table.get(conn, number)
    return found.reference if found else ""


async def test_it_is_opened_when_somebody_asks_and_stands_on_the_card(tracked: World, desk: Desk) -> None:
    await tracked.run(*star(tracked, "raise the pool"), channel=CHANNEL)
    assert desk.issues == {}
    card = await tracked.run("followup", "file", "1")
    assert card.title == "An issue for follow-up #1 is being opened in ops"
    (issue,) = desk.issues.values()
    assert issue.title == "raise the pool"
    assert "of incident" in issue.body
    assert f"/archives/{CHANNEL}/p17001" in issue.body
    note = await tracked.message("follow-up:1:card")
    assert "Issue: OPS-1" in note.text
    assert "Open issue" not in [button.label for button in note.card.buttons]
    assert await reference(tracked) == "OPS-1"


async def test_it_is_never_opened_twice(tracked: World, desk: Desk) -> None:
    await tracked.run("followup", "add", "x")
    tracked.twice = True
    await tracked.ask("followup", "file", "1")
    tracked.clock.forward(1)
    await tracked.run("followup", "file", "1")
    card = await tracked.run("followup", "file", "1")
    assert len(desk.issues) == 1
    assert "OPS-1 in ops stands for it already" in plain(card.body[0])
    assert len(await tracked.facts("follow-up:1", FollowUpFiled)) == 1


async def test_an_attempt_that_was_cut_short_is_looked_for(tracked: World, desk: Desk) -> None:
    await tracked.run("followup", "add", "x")
    desk.loses = 1
    await tracked.run("followup", "file", "1")
    await tracked.forward(minutes=5)
    assert (len(desk.issues), desk.attempts) == (1, [1, 2])


async def test_what_is_final_is_told_with_its_mend_to_whoever_asked(tracked: World, desk: Desk) -> None:
    await tracked.run("followup", "add", "x", channel=CHANNEL)
    desk.refusals.append(Undeliverable("OPS answered HTTP 401", retry=False, mend="Set a valid `token`."))
    await tracked.run("followup", "file", "1", by=ONCALL)
    assert "OPS answered HTTP 401. Set a valid `token`." in (await tracked.message("follow-up:1:card")).text
    (said,) = tracked.told(f"D{ONCALL[1:]}")
    assert "Set a valid `token`." in said
    assert tracked.died == []


async def test_a_try_after_a_failure_looks_first_and_clears_the_trouble(tracked: World, desk: Desk) -> None:
    await tracked.run("followup", "add", "x", channel=CHANNEL)
    desk.refusals.append(Undeliverable("OPS answered HTTP 401", retry=False))
    await tracked.run("followup", "file", "1")
    tracked.clock.forward(1)
    await tracked.run("followup", "file", "1")
    assert desk.attempts == [1, 2]
    assert "401" not in (await tracked.message("follow-up:1:card")).text


async def test_trouble_that_may_pass_is_told_only_when_it_lasts(tracked: World, desk: Desk) -> None:
    await tracked.run("followup", "add", "x", channel=CHANNEL)
    desk.refusals += [Undeliverable("OPS answered HTTP 503", retry=True) for _ in range(4)]
    await tracked.run("followup", "file", "1")
    assert await tracked.facts("follow-up:1", FilingFailed) == []
    await tracked.forward(minutes=30)
    (told,) = await tracked.facts("follow-up:1", FilingFailed)
    assert told.mend == "It is tried again by itself."
    assert await reference(tracked) == "OPS-1"


@pytest.mark.parametrize(("words", "said"), [(("--in=nope",), "there is no tracker 'nope'"), ((), "in which tracker?")])
async def test_a_tracker_has_to_be_named_where_there_are_several(
    tracked: World, desk: Desk, words: tuple[str, ...], said: str
) -> None:
    tracked.ports = replace(tracked.ports, trackers={"ops": desk, "shop": Desk()})
    await tracked.run("followup", "add", "x")
    card = await tracked.run("followup", "file", "1", *words)
    assert said in plain(card.body[0])
    assert "there is ops and shop" in plain(card.hint)


async def test_each_of_several_trackers_has_its_own(tracked: World, desk: Desk) -> None:
    shop = Desk()
    tracked.ports = replace(tracked.ports, trackers={"ops": desk, "shop": shop})
    await tracked.run("followup", "add", "x")
    for name in ("ops", "shop"):
        await tracked.run("followup", "file", "1", f"--in={name}")
    shown = await tracked.ask("followup", "show", "1")
    assert [one["tracker"] for one in shown.data["issues"]] == ["ops", "shop"]
    assert (len(desk.issues), len(shop.issues)) == (1, 1)


class TestAlways:
    @pytest.fixture
    def config(self) -> dict[str, Any]:
        return MANAGE | {"follow_ups": {"file": "always"}}

    async def test_each_is_filed_by_itself(self, tracked: World) -> None:
        await tracked.run("followup", "add", "x")
        assert await reference(tracked) == "OPS-1"

    async def test_what_is_private_leaves_only_when_somebody_asks(self, secret: World, desk: Desk) -> None:
        secret.ports = replace(secret.ports, trackers={"ops": desk})
        await secret.run("followup", "add", "call the police", channel=CHANNEL)
        assert desk.issues == {}
        card = (await secret.message("follow-up:1:card")).card
        assert next(b.confirm for b in card.buttons if b.label == "Open issue")
        await secret.run("followup", "file", "1", by=LEAD)
        (issue,) = desk.issues.values()
        assert "Laptop stolen" not in issue.body
