"""What a command answered in an incident's channel while that lasted: kept for its timeline and its postmortem.

Kept is only what everybody in that channel may see: what a change tells there anyway, and what any viewer may look up.
"""

import asyncio
import re
import shlex
from dataclasses import replace
from datetime import datetime

from bot.cards.card import Card
from bot.cards.text import to_text
from bot.command import Command
from bot.events import CommandAnswered, CommandRun, payload_of
from bot.incidents import runs
from bot.llm import detectors
from bot.llm.redaction import redact
from bot.permissions import Role
from bot.phrasing import cut
from bot.ports import Ports
from storage.tables import incidents

LONGEST = 700
"""Characters of an answer that are kept: with the command before it, it fits into one entry of the evidence."""
LONGEST_LINE = 120
"""Characters of the command line that are kept beside it; the audit line has all of it."""
CUT_OFF = "[the rest was cut off]"
"""Stands at the end of an answer of which not all is kept."""


def shared(cmd: Command, run: CommandRun, card: Card) -> bool:
    """Whether others may read what the command answered, and it tells them something that no other entry does."""
    if not run.channel or card.private or cmd.personal or cmd.secret:
        return False
    told = cmd.changes or (cmd.reads and cmd.role <= Role.VIEWER)
    return told and runs.belongs(payload_of(run), run.channel)


def written(card: Card, now: datetime) -> str:
    """The card as plain text, without what is only there to be pressed; gaps between columns are one space."""
    text = to_text(replace(card, buttons=(), hint=""), now)
    return "\n".join(line for said in text.splitlines() if (line := re.sub(r" {2,}", " ", said).strip()))


async def kept(ports: Ports, cmd: Command, run: CommandRun, card: Card) -> CommandAnswered | None:
    """What is kept of an answer, secrets taken out first; None where nothing is. Raises `StoreError`."""
    if not shared(cmd, run, card):
        return None
    async with ports.store.read() as conn:
        incident = await incidents.by_channel(conn, run.channel)
    if incident is None or not incident.open:
        return None
    typed, text = shlex.join([*run.command.split(), *run.argv]), written(card, ports.now())
    # the whole of it: of a secret that was cut in two no half would be known
    safe = await asyncio.to_thread(redact, [typed, text], detectors=detectors.found, personal=True)
    line, answer = safe.texts
    if not answer:
        return None
    return CommandAnswered(
        incident=incident.id,
        run=0,
        line=cut(line, LONGEST_LINE),
        outcome=run.outcome,
        text=answer if len(answer) <= LONGEST else f"{cut(answer, LONGEST - len(CUT_OFF) - 1)} {CUT_OFF}",
        changes=run.changes,
    )
