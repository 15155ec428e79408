"""Issues that were closed in their trackers end their follow-ups: open ones are looked at again and again."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.follow_ups import decide, service
from bot.follow_ups.cards import Filing
from bot.follow_ups.filing import filings
from bot.outside import Ended
from bot.ports import Ports, Undeliverable
from storage.records.follow_ups import FollowUp
from storage.records.journal import Entry

EVERY = timedelta(minutes=15)
"""How often they are looked at."""
MOST = 100
"""Follow-ups that are looked at in one round; of more, others each time."""

_log = structlog.get_logger(__name__)


async def look(ports: Ports) -> None:
    """End those whose issues are all closed; a tracker that refuses or limits is left alone until the next round."""
    if not ports.looks:
        return
    resting: set[str] = set()
    for seen in await service.with_issues(ports, lambda found: turn(found, ports.now())):
        issues = [one for one in filings(seen.entries) if one.reference and one.tracker in ports.looks]
        how = await _ended(ports, issues, resting)
        if how is not None and not opened_since(seen.entries, how.at):
            await _end(ports, seen.follow_up.id, how, issues)


def turn(found: Sequence[FollowUp], now: datetime) -> Sequence[FollowUp]:
    """Whose turn it is now: everybody's comes, without anything to remember (pure)."""
    rounds = -(-len(found) // MOST) or 1
    begin = int(now.timestamp() // EVERY.total_seconds()) % rounds * MOST
    return found[begin : begin + MOST]


def opened_since(entries: Sequence[Entry], at: datetime) -> bool:
    """Whether a person opened it again since then: an issue that was closed before does not end it any more (pure)."""
    return any(entry.kind == "FollowUpReopened" and entry.at >= at for entry in entries)


async def _ended(ports: Ports, issues: Sequence[Filing], resting: set[str]) -> Ended | None:
    """How they ended; None while one of them is open, and where its tracker does not tell."""
    told: list[Ended] = []
    for issue in issues:
        one = None if issue.tracker in resting else await _looked(ports, issue, resting)
        if one is None:
            return None
        told.append(one)
    return Ended(max(one.at for one in told), done=any(one.done for one in told)) if told else None


async def _looked(ports: Ports, issue: Filing, resting: set[str]) -> Ended | None:
    try:
        return await ports.looks[issue.tracker](issue.reference)
    except Undeliverable as refused:
        resting.add(issue.tracker)
        _log.warning("issue_not_looked_at", tracker=issue.tracker, error=str(refused), mend=refused.mend)
        return None


async def _end(ports: Ports, number: int, how: Ended, issues: Sequence[Filing]) -> None:
    named = [(one.reference, one.tracker) for one in issues]
    await service.change(ports, number, decide.BOT, lambda one: decide.ended(one, how, named, ports.now()))
