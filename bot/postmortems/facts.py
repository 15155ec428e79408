"""What a postmortem can say without a model: what the journal says for each section, and what it cannot know (pure).

Every statement passes the same check as a model's. What nobody wrote down is told as a question, never guessed.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from bot.phrasing import ELLIPSIS, plural
from bot.postmortems import impact, sections
from bot.postmortems.evidence import IMPACT, Evidence, Pack
from bot.postmortems.sections import Part
from storage.records.postmortems import Section, Statement, StatementKind

AUTHOR = "facts"
"""Author of a section that no model wrote."""

_MOST = 12
_LONGEST = 280
_PLAN = re.compile(
    r"\b(?:follow[- ]?ups?|action items?|to[- ]?do|we (?:should|need to|must)|let'?s|next time|ticket)\b", re.IGNORECASE
)
_CAUSE = re.compile(
    r"\b(?:because|caus(?:e|ed|es)|due to|reason|turns? out|root|since the|after the deploy|deploy(?:ed)?)\b",
    re.IGNORECASE,
)
_EFFECT = re.compile(r"\b(?:users?|customers?|requests?|orders?|payments?)\b|error budget|[$€£]\s?\d", re.IGNORECASE)
_BAD = ("PageFailed", "EscalationExhausted", "AcknowledgementWithdrawn", "ChannelTroubled")
_RUNS = ("CommandRun", "CommandAnswered")
_GOOD = ("AlertAcknowledged", "PageDelivered")


def section(part: Part, pack: Pack) -> Section:
    """The fact sheet of one section."""
    return Section(name=part.name, statements=tuple(_WRITERS[part.name](pack, part)), author=AUTHOR)


def _summary(pack: Pack, part: Part) -> Iterable[Statement]:
    yield from _each(pack.of_kind("IncidentDeclared")[:1])
    alerts = pack.of_kind("AlertOpened")
    if len(alerts) > 1:
        yield _fact(f"{plural(len(alerts), 'alert')} opened.", *alerts)
    yield from _each(pack.of_kind("UpdatePosted")[-1:])
    yield from _ending(pack)
    yield _ask(part)


def _ending(pack: Pack) -> Iterable[Statement]:
    for resolved in pack.of_kind("IncidentResolved")[-1:]:
        began, ended = resolved.moments[1], resolved.at
        span = next((c.words for c in pack.computed if c.name == "time to resolve"), "")
        yield _fact(f"The impact lasted {span}, from {began:%Y-%m-%d %H:%M} to {ended:%H:%M} UTC.", resolved)


def _impact(pack: Pack, part: Part) -> Iterable[Statement]:
    yield from measured(pack)
    yield from _each(pack.of_kind("AlertOpened", "SeverityChanged", "ComponentsAffected"))
    yield from _each(item for item in _said(pack) if _EFFECT.search(item.words))
    yield _ask(part)
    yield from unmeasured(pack)


def measured(pack: Pack) -> Iterable[Statement]:
    """The impact in numbers that code worked out."""
    by_id = {item.id: item for item in pack.items}
    yield from _ending(pack)
    for one in pack.computed:
        if one.name == IMPACT:
            yield _fact(f"{one.words[:1].upper()}{one.words[1:]}.", *(by_id[number] for number in one.evidence))


def unmeasured(pack: Pack) -> Iterable[Statement]:
    """The question for those numbers of the impact that nobody measured or told."""
    known = [*(one.words for one in pack.computed), *(item.words for item in _said(pack))]
    if pack.items and (question := impact.asked(known)):
        yield Statement(kind=StatementKind.UNKNOWN, text=question)


def _timeline(pack: Pack, _part: Part) -> Iterable[Statement]:
    day = None
    for item in (item for item in pack.items if item.told):
        when = f"{item.at:%H:%M} UTC" if item.at.date() == day else f"{item.at:%Y-%m-%d %H:%M} UTC"
        day = item.at.date()
        words = _brief(item.words) if item.kind in _RUNS else item.words
        yield Statement(kind=StatementKind.FACT, text=f"{when} · {item.actor}: {words}", evidence=(item.id,))


def _factors(pack: Pack, part: Part) -> Iterable[Statement]:
    yield from _each(pack.of_kind("CheckChanged", "AlertOpened")[:3])
    yield from _each(pack.of_kind("Deployed", "CommandRun"))
    yield from _each(item for item in _said(pack) if _CAUSE.search(item.words))
    yield _ask(part)


def _detection(pack: Pack, part: Part) -> Iterable[Statement]:
    first = sorted(pack.of_kind("CheckChanged", "AlertOpened", "IncidentDeclared"), key=lambda item: item.at)
    yield from _each(first[:4])
    yield from _each(pack.of_kind("AlertAcknowledged")[:1])
    yield _ask(part)


def _response(pack: Pack, part: Part) -> Iterable[Statement]:
    for item in pack.of_kind("RoleAssigned")[:4]:
        yield _fact(f"At {item.at:%H:%M} UTC {item.actor}: {item.words}.", item)
    yield from _each(pack.of_kind(*_RUNS, "StatusChanged", "UpdatePosted"))
    yield from _each(pack.of_kind("IncidentResolved")[-1:])
    yield _ask(part)


def _only_asked(_pack: Pack, part: Part) -> Iterable[Statement]:
    """What no journal holds: luck, and what was learned."""
    yield _ask(part)


def _well(pack: Pack, part: Part) -> Iterable[Statement]:
    for resolved in pack.of_kind("IncidentResolved")[-1:]:
        if len(resolved.spans) > 1:
            yield Statement(kind=StatementKind.FACT, text=_sentence(resolved.words), evidence=(resolved.id,))
    yield from _each(pack.of_kind(*_GOOD)[:4])
    yield _ask(part)


def _wrong(pack: Pack, part: Part) -> Iterable[Statement]:
    yield from _each(pack.of_kind(*_BAD))
    yield from _each(pack.of_kind("SeverityChanged"))
    yield _ask(part)


def _follow_ups(pack: Pack, part: Part) -> Iterable[Statement]:
    yield from _each(item for item in _said(pack) if _PLAN.search(item.words))
    yield _ask(part)


_WRITERS: Mapping[str, Callable[[Pack, Part], Iterable[Statement]]] = {
    sections.SUMMARY.name: _summary,
    sections.IMPACT.name: _impact,
    sections.TIMELINE.name: _timeline,
    sections.FACTORS.name: _factors,
    sections.DETECTION.name: _detection,
    sections.RESPONSE.name: _response,
    sections.WELL.name: _well,
    sections.WRONG.name: _wrong,
    sections.LUCKY.name: _only_asked,
    sections.FOLLOW_UPS.name: _follow_ups,
    sections.LESSONS.name: _only_asked,
}


def _said(pack: Pack) -> list[Evidence]:
    return [item for item in pack.items if item.human and item.told]


def _each(items: Iterable[Evidence]) -> Iterable[Statement]:
    for item in list(items)[:_MOST]:
        yield _fact(_sentence(f"At {item.at:%H:%M} UTC: {item.words}"), item)


def _fact(text: str, *items: Evidence) -> Statement:
    return Statement(kind=StatementKind.FACT, text=text, evidence=tuple(item.id for item in items))


def _ask(part: Part) -> Statement:
    return Statement(kind=StatementKind.UNKNOWN, text=part.question)


def _sentence(words: str) -> str:
    said = _brief(words)
    return said if said.endswith((".", "!", "?", "…", "”")) else f"{said}."


def _brief(words: str) -> str:
    """So much of the words as one sentence may have, whole words alone: half a number would be another one."""
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST].rpartition(' ')[0]}{ELLIPSIS}"
