"""What happens after facts about follow-ups: cards, ticks, reminders, issues; and what a postmortem leaves to do."""

from collections import defaultdict
from datetime import datetime

from bot.bus import Fact, on, schedule, task
from bot.engine.retry import Later
from bot.events import (
    FilingFailed,
    FollowUpAdded,
    FollowUpChanged,
    FollowUpClosed,
    FollowUpEvent,
    FollowUpFiled,
    FollowUpReminded,
    FollowUpReopened,
    PostmortemApproved,
)
from bot.follow_ups import cards, decide, filing, looking, service, showing
from bot.follow_ups.cards import Filing
from bot.follow_ups.days import awake_from, forgotten, next_reminder, today_in
from bot.follow_ups.decide import Wanted
from bot.incidents import talk
from bot.incidents.furniture import reachable
from bot.oncall.people import USER
from bot.ports import ChatError, Ports, Posted
from bot.posting import show
from bot.postmortems.proposals import proposals
from bot.postmortems.reading import view
from storage.records.follow_ups import FollowUp
from storage.records.jobs import Job

LANE = "follow-up"
PLANS = "follow-up-plans"
"""A lane of its own: that Slack is away must not keep a reminder from being planned or called off."""
PUBLISH = "publish"
"""The lane in which an approved postmortem becomes public: its follow-ups are there before its channel is archived."""
TICK = "white_check_mark"


@on(FollowUpAdded, lane=LANE)
async def show_added(ports: Ports, fact: Fact[FollowUpAdded]) -> None:
    """Let its card stand where it was made; a message that it was made of is answered with a tick."""
    seen = await service.view(ports, fact.event.follow_up)
    channel, ts = filing.message_of(seen.follow_up)
    if ports.chat is not None and channel:
        try:
            await ports.chat.react(Posted(channel, ts), TICK)
        except ChatError as refused:  # deleted meanwhile, or no right to: the card says it, too
            if refused.retry:
                raise
    await showing.place(ports, seen, attempt=fact.attempt)


@on(FollowUpChanged, FollowUpClosed, FollowUpReopened, FollowUpFiled, FilingFailed, lane=LANE)
async def refresh(ports: Ports, fact: Fact[FollowUpEvent]) -> None:
    """Bring all that stands of it up to date."""
    await showing.refresh(ports, fact.event.follow_up)


@on(FilingFailed)
async def tell_failure(ports: Ports, fact: Fact[FilingFailed]) -> None:
    """Tell whoever asked for the issue what a person can do."""
    event = fact.event
    seen = await service.view(ports, event.follow_up)
    card = cards.unfiled(seen.follow_up, Filing(tracker=event.tracker, error=event.error, mend=event.mend))
    await showing.tell(ports, fact.actor, card, key=f"entry:{fact.id}", subject=event.subject, attempt=fact.attempt)


@on(FollowUpAdded, FollowUpChanged)
async def tell_owner(ports: Ports, fact: Fact[FollowUpEvent]) -> None:
    """Tell somebody that another person made them its owner, by day."""
    seen = await service.view(ports, fact.event.follow_up)
    owner = seen.follow_up.owner
    event = fact.event
    given = event.owner if isinstance(event, FollowUpAdded | FollowUpChanged) else ""
    before = showing.owner_before(seen, fact.id)
    if not seen.follow_up.open or not owner or owner != given or owner in {before, fact.actor}:
        return
    await _by_day(ports, owner)
    card = cards.yours(seen.follow_up, showing.around(ports, seen), fact.actor)
    key = f"{event.subject}:owner:{fact.id}"
    await showing.tell_owner(ports, seen, card, key=key, kind=showing.OWNER, attempt=fact.attempt)


@on(FollowUpAdded, FollowUpChanged, FollowUpReopened, lane=PLANS)
async def plan_reminder(ports: Ports, fact: Fact[FollowUpEvent]) -> None:
    """Have its owner reminded when it is due, and at no other time."""
    follow_up = (await service.view(ports, fact.event.follow_up)).follow_up
    await service.plan(ports, follow_up.id, await _next(ports, follow_up))


@task(decide.REMIND)
async def remind(ports: Ports, job: Job) -> None:
    """Its owner is to be told, if it still waits for them; never at their night."""
    number, moment = job.payload["follow_up"], datetime.fromisoformat(job.payload["moment"])
    follow_up = (await service.view(ports, number)).follow_up
    if not follow_up.open or not follow_up.owner:
        return
    zone = await _by_day(ports, follow_up.owner)
    setting, now = ports.manage, ports.now()
    every = setting.follow_ups.remind_every
    again = awake_from(now + every, follow_up.owner, zone, setting.incidents.awake)
    await service.change(ports, number, decide.BOT, lambda one: decide.remind(one, moment=moment, now=now, again=again))


@on(FollowUpReminded)
async def say_reminder(ports: Ports, fact: Fact[FollowUpReminded]) -> None:
    """Remind its owner."""
    seen = await service.view(ports, fact.event.follow_up)
    if not seen.follow_up.open or seen.follow_up.owner != fact.event.user:
        return
    await showing.tell_owner(
        ports,
        seen,
        await showing.reminder_card(ports, seen),
        key=f"{fact.event.subject}:reminder:{fact.id}",
        kind=showing.REMINDER,
        attempt=fact.attempt,
    )


@schedule("@weekly mon 10:00")
async def ask_who_takes(ports: Ports) -> None:
    """Ask who takes what nobody has although its day is over, in the incident's channel, else where all are told."""
    now, every = ports.now(), ports.manage.follow_ups.remind_every
    today = today_in(ports.manage.oncall.timezone, now)
    own: dict[int, list[FollowUp]] = defaultdict(list)
    rest: list[FollowUp] = []
    for follow_up, incident in await service.unowned(ports):
        if not forgotten(follow_up, today, now, every):
            continue
        if incident is not None and (incident.private or reachable(incident)):
            own[incident.id].append(follow_up)
        else:
            rest.append(follow_up)
    # a second run of the same day finds what the first one said
    for number, found in own.items():
        key = f"incident:{number}:follow-ups:{today.isoformat()}"
        await talk.speak(ports, number, cards.forgotten(found), key=key, attempt=2)
    if rest:
        await show(
            ports,
            cards.forgotten(rest),
            key=f"follow-ups:{today.isoformat()}",
            subject="follow-ups",
            kind=showing.NOTE,
            channel=ports.manage.channels.incidents,
            attempt=2,
        )


@schedule("@every 15m")
async def look_at_issues(ports: Ports) -> None:
    """End the follow-ups whose issues were closed in their trackers."""
    await looking.look(ports)


@on(FollowUpAdded)
async def file_always(ports: Ports, fact: Fact[FollowUpAdded]) -> None:
    """Open an issue in every tracker, where that is wanted; what is private leaves only when somebody asks."""
    if ports.manage.follow_ups.file == "always" and not (await service.view(ports, fact.event.follow_up)).private:
        why = f"fact:{fact.id}"
        await filing.enqueue(ports, fact.event.follow_up, sorted(ports.trackers), by=fact.actor, why=why)


@task(filing.FILE)
async def file(ports: Ports, job: Job) -> None:
    """Open an issue in one tracker."""
    await filing.file(ports, job)


@on(PostmortemApproved, lane=PUBLISH)
async def adopt(ports: Ports, fact: Fact[PostmortemApproved]) -> None:
    """Make follow-ups of what an approved postmortem proposes, each once, and say so."""
    seen = await view(ports, fact.event.incident)
    people = {
        label: who
        for label, who in seen.sources.people.items()
        if USER.fullmatch(who) and await service.belongs(ports, seen.incident.id, who)
    }
    wanted = [
        Wanted(title=one.title, incident=seen.incident.id, kind=one.kind, owner=one.owner, origin=one.origin)
        for one in proposals(seen.postmortem, people)
    ]
    if wanted:
        await service.add_all(ports, wanted, by=fact.actor)
        await showing.adopted(ports, fact.event.incident, attempt=fact.attempt)


async def _next(ports: Ports, follow_up: FollowUp) -> datetime | None:
    if not follow_up.open or not follow_up.owner:
        return None
    return next_reminder(
        follow_up,
        zone=await showing.zone_of(ports, follow_up.owner),
        waking=ports.manage.incidents.awake,
        every=ports.manage.follow_ups.remind_every,
        now=ports.now(),
    )


async def _by_day(ports: Ports, user: str) -> str:
    """The time zone of that person; raises `Later` while they sleep."""
    zone = await showing.zone_of(ports, user)
    at = awake_from(ports.now(), user, zone, ports.manage.incidents.awake)
    if at > ports.now():
        raise Later(at)
    return zone
