"""How soon a slash command is acknowledged: `./do bench slash_ack [COMMANDS_EACH]`.

Fifty people type at the same workspace. The time runs from the sandbox's sending of the command to the arrival of its
acknowledgement. The peer, a bare Bolt app that acknowledges and does nothing else, is measured in turn with the bot.
"""

import asyncio
import random
import sys

from benchmarks import _programs
from benchmarks._table import Row, Unmeasured, run, show
from bot.sandbox import Workspace
from bot.sandbox.state import User

PEOPLE = 50
EACH = 8
PAUSE = 5.0
"""Seconds that a person lets pass between two commands, on average."""
BURSTS = 5
TARGET = 50.0
TYPED = ("manage health", "manage alerts", "manage incidents", "manage help", "manage oncall")


async def measure() -> None:
    each = int(sys.argv[1]) if len(sys.argv) > 1 else EACH
    bot: dict[str, list[float]] = {"spread": [], "at once": []}
    bare: dict[str, list[float]] = {"spread": [], "at once": []}
    with _programs.folders("bot", "bare") as (ours, theirs):
        async with (
            _programs.workspace() as there,
            _programs.workspace() as beside,
            _programs.bot(ours, there),
            _programs.bare(theirs, beside),
        ):
            for workspace in (there, beside):
                await _typed(workspace, 1, 0.0)  # connections and caches are made by the first commands
            for workspace, found in ((there, bot), (beside, bare)):
                found["spread"] += await _typed(workspace, each, PAUSE)
                for _ in range(BURSTS):
                    found["at once"] += await _typed(workspace, 1, 0.0)
    rate = PEOPLE / PAUSE
    show(
        f"Slash command to acknowledgement, {PEOPLE} people",
        "ms",
        [
            Row(f"bot, {rate:g} commands a second", bot["spread"], TARGET, bare["spread"]),
            Row("peer: bare Bolt app, the same", bare["spread"]),
            Row(f"bot, all {PEOPLE} in the same moment", bot["at once"], None, bare["at once"]),
            Row("peer: bare Bolt app, the same", bare["at once"]),
        ],
    )


async def _typed(workspace: Workspace, each: int, pause: float) -> list[float]:
    """Everybody types that many commands; gives the milliseconds until each was acknowledged, once all are answered."""
    for number in range(PEOPLE):
        user = User(f"U0BENCH{number}", f"bench-{number}", f"Person {number}")
        workspace.state.users.setdefault(user.id, user)
        general = workspace.state.channels["C0GENERAL"]
        if user.id not in general.members:
            general.members.append(user.id)
    answers = await asyncio.gather(*(_person(workspace, number, each, pause) for number in range(PEOPLE)))
    await _quiet(workspace)
    return [milliseconds for person in answers for milliseconds in person]


async def _person(workspace: Workspace, number: int, each: int, pause: float) -> list[float]:
    chance = random.Random(number)
    person, taken = workspace.person(f"U0BENCH{number}"), []
    for _ in range(each):
        await asyncio.sleep(chance.uniform(0, 2 * pause))
        outcome = await person.command("/do", chance.choice(TYPED))
        if not outcome.acked:
            raise Unmeasured(f"a command was not acknowledged: {outcome.problem}")
        taken.append(outcome.seconds * 1000)
    return taken


async def _quiet(workspace: Workspace) -> None:
    """Wait until nothing more is answered."""
    said = -1
    while said != (said := len(workspace.messages("#general"))):  # noqa: ASYNC110 - nobody says that there is no more
        await asyncio.sleep(1.0)


if __name__ == "__main__":
    run(measure)
