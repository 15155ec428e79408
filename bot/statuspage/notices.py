"""What the public is told of an incident: proposed, published by a person, discarded, withdrawn (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.decision import Decision
from bot.events import (
    NoticeDiscarded,
    NoticeProposed,
    NoticePublished,
    NoticeWithdrawn,
    PageMirrored,
    PageTroubled,
)
from bot.incidents.decide import REFRESH, in_turn
from bot.statuspage.decide import Condition, heading, public
from storage.records.incidents import Incident
from storage.records.notices import Mirror, Notice, NoticeStatus

LONGEST = 2000
"""Characters of a public text."""
WITHDRAWN = "This update was withdrawn."
"""What outside pages say in place of a text that was taken back."""
BOT = "bot"


class NotPublic(ValueError):
    """The public may not hear of the incident; the text says why."""


class NothingAffected(NotPublic):
    """The incident affects nothing that the public knows."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A text that somebody wrote: `author` is a model's name, "template", or a user id."""

    text: str
    author: str


def hearable(incident: Incident) -> None:
    """Raise `NotPublic` for an incident that the public may not hear of."""
    if not public(incident):
        what = "private" if incident.private else "a test"
        raise NotPublic(f"incident #{incident.id} is {what}: the public is never told of it")
    if not incident.components:
        raise NothingAffected(f"incident #{incident.id} affects no component of the status page")


def outdated(notice: Notice, incident: Incident) -> bool:
    """Whether a text that waits speaks of what is no more so: then it must not reach the public any more."""
    right = public(incident) and bool(incident.components) and notice.phase == incident.status.value
    return notice.status is NoticeStatus.PROPOSED and not right


def affected(incident: Incident, conditions: Mapping[str, Condition]) -> dict[str, str]:
    """How each component that it affects is now, in words; those that the page does not show are left out."""
    return {name: conditions[name].words for name in incident.components if name in conditions}


def propose(number: int, incident: Incident, wanted: Wanted, how: Mapping[str, str], now: datetime) -> Decision[Notice]:
    """Propose a text to the people of the incident; nobody outside sees it. Raises `NotPublic`."""
    hearable(incident)
    notice = _notice(number, incident, wanted, how, now)
    return Decision(state=notice, events=(_proposed(notice),), reason="proposed")


def say(
    number: int, incident: Incident, text: str, how: Mapping[str, str], *, by: str, now: datetime
) -> Decision[Notice]:
    """Publish a person's own words at once. Raises `NotPublic`."""
    hearable(incident)
    fresh = _notice(number, incident, Wanted(text=text, author=by), how, now)
    decision = publish(fresh, incident, how, by=by, now=now)
    return replace(decision, events=(_proposed(fresh), *decision.events))


def publish(
    notice: Notice, incident: Incident, how: Mapping[str, str], *, by: str, now: datetime, text: str = ""
) -> Decision[Notice]:
    """A person lets everybody read it, as it was proposed or with the text changed; not once it is `outdated`."""
    if notice.status is not NoticeStatus.PROPOSED:
        return Decision(state=notice, reason=f"it was {notice.status.value} already")
    if outdated(notice, incident):
        moved = f"it is about {notice.phase}, and incident #{incident.id} is {incident.status.value} by now"
        return Decision(state=notice, reason=f"{moved}: `status propose {incident.id}` words another text")
    done = replace(
        notice,
        text=text.strip() or notice.text,
        components=dict(how) or notice.components,
        status=NoticeStatus.PUBLISHED,
        decided_by=by,
        decided_at=now,
    )
    told = NoticePublished(incident=done.incident, notice=done.id, phase=done.phase, text=done.text)
    return Decision(state=done, events=(told,), reason=f"published by {by}")


def discard(notice: Notice, *, by: str, now: datetime) -> Decision[Notice]:
    """Somebody decided against it, or it is out of date (`by` the bot)."""
    if notice.status is not NoticeStatus.PROPOSED:
        return Decision(state=notice, reason=f"it was {notice.status.value} already")
    done = replace(notice, status=NoticeStatus.DISCARDED, decided_by=by, decided_at=now)
    return Decision(
        state=done, events=(NoticeDiscarded(incident=notice.incident, notice=notice.id),), reason="discarded"
    )


def withdraw(notice: Notice, pages: Sequence[str]) -> Decision[Notice]:
    """A person takes back what everybody could read; the outside `pages` were told it."""
    if notice.status is not NoticeStatus.PUBLISHED:
        return Decision(state=notice, reason=f"nobody outside can read it: it is {notice.status.value}")
    told = NoticeWithdrawn(incident=notice.incident, notice=notice.id, told=tuple(pages))
    return Decision(state=replace(notice, status=NoticeStatus.WITHDRAWN), events=(told,), reason="withdrawn")


def untold(notices: Iterable[Notice], last: int) -> list[Notice]:
    """What was published after notice `last` (0: all of it) and stands, in the order in which it was published."""
    return [one for one in since(notices, last) if one.status is NoticeStatus.PUBLISHED]


def knows(mirror: Mirror, notice: Notice, notices: Iterable[Notice]) -> bool:
    """Whether the page was told the notice: what it was told last is it, or came after it."""
    return bool(mirror.notice) and notice.id not in {one.id for one in since(notices, mirror.notice)}


def since(notices: Iterable[Notice], last: int) -> list[Notice]:
    """What was ever published after notice `last`, withdrawn or not, in the order in which it was published."""
    ever = [one for one in notices if one.status in {NoticeStatus.PUBLISHED, NoticeStatus.WITHDRAWN}]
    ever.sort(key=lambda one: (one.decided_at or one.created_at, one.id))
    at = next((n for n, one in enumerate(ever) if one.id == last), -1)
    return ever[at + 1 :]


def called_for(incident: Incident, told: Iterable[Notice]) -> bool:
    """Whether a text should be proposed now: of an open incident, or of the end of one that the public heard of.

    One that was merged into another ends as well: it is told of as part of that one from then on. What was proposed
    already for this phase is not proposed again, whatever a person made of it.
    """
    given = list(told)
    if not public(incident) or not incident.components:
        return False
    if not incident.open and not any(one.status is NoticeStatus.PUBLISHED for one in given):
        return False
    latest = next((one for one in reversed(given) if not _superseded(one)), None)
    return latest is None or latest.phase != incident.status.value


def mirrored(mirror: Mirror, notice: int, reference: str) -> Decision[Mirror]:
    """An outside page was told of the notice."""
    done = replace(mirror, reference=reference, notice=notice)
    told = PageMirrored(incident=mirror.incident, page=mirror.page, notice=notice, reference=reference)
    return Decision(state=done, events=(told,), reason="the page was told")


def troubled(incident: Incident, page: str, error: str, now: datetime) -> Decision[Incident]:
    """An outside page could not be told: the incident's card says so."""
    told = f"{_trouble(page)} {error}".rstrip(".") + "."
    known = incident.trouble.splitlines()
    if told in known:
        return Decision(state=incident, reason="it is said already")
    others = [line for line in known if not line.startswith(_trouble(page))]
    event = PageTroubled(incident=incident.id, page=page, error=error, mend=_MEND)
    refresh = in_turn(REFRESH, incident.id, now, f"page:{page}:{incident.version}")
    return Decision(
        state=replace(incident, trouble="\n".join([*others, told])), events=(event,), timers=(refresh,), reason=told
    )


def mended(incident: Incident, page: str, now: datetime) -> Decision[Incident]:
    """The page was told after all: the card need not speak of it any more."""
    known = incident.trouble.splitlines()
    left = [line for line in known if not line.startswith(_trouble(page))]
    if left == known:
        return Decision(state=incident, reason="nothing was said of it")
    refresh = in_turn(REFRESH, incident.id, now, f"page:{page}:{incident.version}")
    return Decision(
        state=replace(incident, trouble="\n".join(left)), timers=(refresh,), silent=True, reason="the page was told"
    )


def title(notice: Notice) -> str:
    """What the incident is called in public."""
    return heading(notice.components)


def _superseded(notice: Notice) -> bool:
    return notice.status is NoticeStatus.DISCARDED and notice.decided_by == BOT


_MEND = "Mend it, then run `statuspage sync`."


def _trouble(page: str) -> str:
    return f"Status page {page} could not be told:"


def _notice(number: int, incident: Incident, wanted: Wanted, how: Mapping[str, str], now: datetime) -> Notice:
    return Notice(
        id=number,
        incident=incident.id,
        phase=incident.status.value,
        text=wanted.text.strip(),
        components=dict(how),
        author=wanted.author,
        created_at=now,
    )


def _proposed(notice: Notice) -> NoticeProposed:
    return NoticeProposed(
        incident=notice.incident, notice=notice.id, phase=notice.phase, text=notice.text, author=notice.author
    )
