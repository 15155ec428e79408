"""Issues are opened in trackers: each by a job of its own, retried alone, and never twice."""

from collections.abc import Sequence

import structlog

from bot.engine.retry import ATTEMPTS, runs
from bot.events import FilingFailed
from bot.follow_ups import decide, service
from bot.follow_ups.cards import Filing
from bot.follow_ups.issue import issue
from bot.oncall.people import USER
from bot.outside import Issue
from bot.ports import ChatError, Ports, Posted, Undeliverable
from storage.records.follow_ups import FollowUp
from storage.records.jobs import Job, NewJob
from storage.records.journal import Entry

FILE = "follow_ups.file"
"""Kind of the jobs that open one issue in one tracker."""
PATIENCE = 3
"""Runs that fail before people are told; most trouble is over by then."""
FAILED = "FilingFailed"

_log = structlog.get_logger(__name__)


def filings(entries: Sequence[Entry]) -> tuple[Filing, ...]:
    """How each tracker that was asked stands to the follow-up, by what the journal says (pure)."""
    said: dict[str, Filing] = {}
    for entry in entries:
        tracker = str(entry.payload.get("tracker", ""))
        if entry.kind == "FollowUpFiled":
            said[tracker] = Filing(
                tracker=tracker,
                reference=str(entry.payload["reference"]),
                address=str(entry.payload["address"]),
            )
        elif entry.kind == FAILED and not said.get(tracker, Filing(tracker=tracker)).reference:
            said[tracker] = Filing(tracker=tracker, error=str(entry.payload["error"]), mend=str(entry.payload["mend"]))
    return tuple(said.values())


async def enqueue(ports: Ports, number: int, trackers: Sequence[str], *, by: str, why: str) -> None:
    """Have issues opened in these trackers; `why` makes the jobs one of a kind."""
    subject = f"follow-up:{number}"
    jobs = [
        NewJob(
            kind=FILE,
            key=f"{FILE}:{number}:{name}:{why}",
            due_at=ports.now(),
            subject=subject,
            # of two who ask at once, the second finds what the first one opened
            lane=f"file:{subject}:{name}",
            payload={"follow_up": number, "tracker": name, "by": by},
        )
        for name in trackers
    ]
    await ports.store.transact(lambda unit: unit.enqueue(jobs))


async def file(ports: Ports, job: Job) -> None:
    """Open the issue, unless it stands there. Raises `Undeliverable` where trying again can help."""
    number, name, by = job.payload["follow_up"], job.payload["tracker"], job.payload["by"]
    seen, opens = await service.view(ports, number), ports.trackers.get(name)
    if opens is None or any(one.tracker == name and one.reference for one in filings(seen.entries)):
        return  # it was taken out of the configuration, or stands there
    failed = sum(1 for entry in seen.entries if entry.kind == FAILED and entry.payload.get("tracker") == name)
    try:
        # one that was given up may have been opened all the same: what comes after it looks first
        made = await opens(await _issue(ports, seen), attempt=job.attempts + failed)
    except Undeliverable as refused:
        _log.warning("issue_not_opened", follow_up=number, tracker=name, error=str(refused))
        if not refused.retry or runs(job) in {PATIENCE, ATTEMPTS}:
            again = " It is tried again by itself." if refused.retry and runs(job) < ATTEMPTS else ""
            filing = Filing(tracker=name, error=str(refused), mend=f"{refused.mend}{again}".strip())
            await _failed(ports, seen.follow_up, filing, by)
        if refused.retry:
            raise
        return
    await service.change(ports, number, by, lambda one: decide.filed(one, name, made))


async def _failed(ports: Ports, follow_up: FollowUp, filing: Filing, by: str) -> None:
    told = FilingFailed(
        follow_up=follow_up.id,
        incident=follow_up.incident,
        tracker=filing.tracker,
        error=filing.error,
        mend=filing.mend,
    )
    await service.note(ports, told, by=by)


async def _issue(ports: Ports, seen: service.View) -> Issue:
    incident = seen.incident
    return issue(
        seen.follow_up,
        owner=await name_of(ports, seen.follow_up.owner),
        source=source_of(ports, seen.follow_up),
        incident_title="" if incident is None or incident.private else incident.title,
    )


async def name_of(ports: Ports, user: str) -> str:
    """What people call that user where no mention can stand, "" where Slack does not tell."""
    if ports.chat is None or not USER.fullmatch(user):
        return ""
    try:
        return (await ports.chat.profile(user)).name
    except ChatError:
        return ""  # a name is not worth a failure


def source_of(ports: Ports, follow_up: FollowUp) -> str:
    """The address of the message that it was made of, "" without one."""
    channel, ts = message_of(follow_up)
    return ports.chat.link(Posted(channel, ts)) if ports.chat and ts else ""


def message_of(follow_up: FollowUp) -> tuple[str, str]:
    """The (channel, ts) of the message that it was made of, ("", "") without one (pure)."""
    channel, _, ts = follow_up.origin.partition(":")
    return (channel, ts) if ts and not channel.startswith("postmortem") else ("", "")
