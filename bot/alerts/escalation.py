"""Escalation: a policy's next step is one timer, a due step becomes pages (pure)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.config.escalation import PEOPLE, PERSONAL, Policy, Step
from bot.decision import Cancel, Decision, Timer
from bot.events import (
    EscalationExhausted,
    EscalationRepeated,
    EscalationStepFired,
    EscalationStepSkipped,
    Event,
    PageDelivered,
    PageFailed,
)
from bot.phrasing import listing, plural
from storage.records.alerts import Alert, AlertState
from storage.records.people import Rule

STEP = "alerts.step"
PAGE = "alerts.page"
REMIND = "alerts.remind"
EXPIRE = "alerts.expire"
PAUSE = timedelta(minutes=5)
"""How long after the last step a policy that repeats begins again."""


@dataclass(frozen=True, kw_only=True)
class Upcoming:
    """The next step: when, whom, through what."""

    at: datetime
    targets: tuple[str, ...]
    via: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """One target that step `step` of round `round` tells through `via`, at once or not before `at`."""

    step: int
    target: str
    via: str
    round: int = 0
    at: datetime | None = field(default=None, compare=False)

    def key(self, subject: str) -> str:
        """What makes it one of a kind: a page of this key goes out once."""
        return f"{subject}:page:{self.round}:{self.step}:{self.via}:{self.target}"


@dataclass(frozen=True, kw_only=True)
class Whom:
    """Whom the words of a step mean now.

    `oncall` are all on call together by schedule ("" the default one), `groups` by user group (None: it could not be
    read), `rules` of people by their target ("@U…"). `people` are the channels that reach persons, `fallback` is the
    channel that is told when nobody else is there, `opened` how many label sets of the alert began to fire lately.
    """

    fallback: str
    oncall: Mapping[str, Sequence[str]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str] | None] = field(default_factory=dict)
    rules: Mapping[str, Sequence[Rule]] = field(default_factory=dict)
    people: frozenset[str] = PEOPLE
    opened: int = 0


def due(alert: Alert, steps: Sequence[Step], now: datetime) -> datetime | None:
    """When the alert's next step is due, at once when its time has passed; None when the policy has no further one.

    A step outside of its hours waits for their next opening, unless a later step comes before that.
    """
    return first_due(_begun(alert), steps[alert.next_step :], now)


def first_due(begun: datetime, steps: Sequence[Step], now: datetime) -> datetime | None:
    """The same of the first of these steps, of a policy that was begun then."""
    return min((_opening(begun, step, now) for step in steps), default=None)


def again(alert: Alert, steps: Sequence[Step], now: datetime, *, start: datetime | None = None) -> Alert:
    """The alert in a new round of its policy, from the first step on, that begins at `start` (default: now)."""
    begun = replace(alert, rounds=alert.rounds + 1, repeats=0, escalated_at=start or now, next_step=0)
    return replace(begun, next_step_at=due(begun, steps, now))


def timers(alert: Alert) -> tuple[Timer, ...]:
    """The timer of the alert's next step. Each step plans the one after it, so that none overtakes another.

    Its key names the alert's version, so that it is another timer each time that it is planned.
    """
    if alert.next_step_at is None:
        return ()
    return (
        Timer(
            kind=STEP,
            key=f"{alert.subject}:step:{alert.rounds}:{alert.next_step}:{alert.version}",
            at=alert.next_step_at,
            subject=alert.subject,
            payload={"alert": alert.id, "step": alert.next_step, "round": alert.rounds},
        ),
    )


def pages(alert: Alert, told: Iterable[Page], now: datetime) -> tuple[Timer, ...]:
    """A job for each page, so that each is retried alone."""
    return tuple(
        Timer(
            kind=PAGE,
            key=page.key(alert.subject),
            at=max(page.at or now, now),
            subject=alert.subject,
            payload={
                "alert": alert.id,
                "step": page.step,
                "round": page.round,
                "target": page.target,
                "via": page.via,
            },
        )
        for page in told
    )


def planned(facts: Iterable[Event]) -> Iterator[Page]:
    """Every page that was meant to go out, those that stand in for failed ones included."""
    for fact in facts:
        match fact:
            case EscalationStepFired(step=step, via=via, round=number, at=at):
                for target in fact.targets:
                    yield Page(step=step, target=target, via=via, round=number, at=at)
            case PageFailed(step=step, round=number) if fact.next_via:
                yield Page(step=step, target=fact.next_target, via=fact.next_via, round=number)
            case _:
                pass


def owed(facts: Sequence[Event], number: int = 0) -> tuple[Page, ...]:
    """Pages of round `number` that reached nobody and did not fail either: an acknowledgement came first."""
    wanted = {page: page for page in planned(facts) if page.round == number}
    for fact in facts:
        if isinstance(fact, PageDelivered | PageFailed):
            wanted.pop(Page(step=fact.step, target=fact.target, via=fact.via, round=fact.round), None)
    return tuple(wanted.values())


def cancels(alert: Alert) -> tuple[Cancel, ...]:
    """All that must not happen any more once somebody has the alert, or it is over."""
    return tuple(Cancel(alert.subject, kind) for kind in (STEP, PAGE, REMIND, EXPIRE))


def needless(alert: Alert) -> str:
    """Say why nobody need be told of the alert now, "" when somebody must be."""
    if alert.state is AlertState.RESOLVED:
        return "the alert is resolved"
    if alert.state is AlertState.ACKNOWLEDGED:
        return f"acknowledged by {alert.acknowledged_by}"
    if alert.state is AlertState.SILENCED:
        return f"muted by {alert.muted_by}"
    return ""


def is_told(facts: Sequence[Event], page: PageDelivered | PageFailed) -> bool:
    """Whether it is known already what became of the page; that it was delivered does not hide that it failed."""
    known = {
        (fact.step, fact.target, fact.via, fact.round)
        for fact in facts
        if isinstance(fact, PageFailed) or (isinstance(fact, PageDelivered) and isinstance(page, PageDelivered))
    }
    return (page.step, page.target, page.via, page.round) in known


def rerouted(
    alert: Alert, page: PageDelivered | PageFailed, facts: Sequence[Event], ways: Sequence[str], fallback: str
) -> tuple[PageDelivered | PageFailed, tuple[Page, ...]]:
    """The fact as it is written down, and what goes out instead of a page that failed.

    That is the first of the person's `ways` not tried in this step and round, at last the `fallback` channel, if any.
    """
    if isinstance(page, PageDelivered) or needless(alert) or page.round != alert.rounds:
        return page, ()
    tried = {(p.via, p.target) for p in planned(facts) if (p.step, p.round) == (page.step, page.round)}
    tried.add((page.via, page.target))
    left = [(via, page.target) for via in ways] + [("slack", fallback)] * bool(fallback)
    via, target = next((way for way in left if way not in tried), ("", ""))
    if not via:
        return page, ()
    instead = Page(step=page.step, target=target, via=via, round=page.round)
    return replace(page, next_target=target, next_via=via), (instead,)


def upcoming(alert: Alert, steps: Sequence[Step], whom: Whom) -> Upcoming | None:
    """What comes next unless somebody acknowledges; None when nothing will."""
    if alert.state is not AlertState.FIRING or alert.next_step_at is None:
        return None
    index = which(alert, steps, alert.next_step_at)
    if index is None:
        return None
    step = steps[index]
    named = [target for word in step.notify for target in _named(word, whom) or (whom.fallback,)]
    return Upcoming(at=alert.next_step_at, targets=tuple(dict.fromkeys(named)), via=listing(step.via))


def which(alert: Alert, steps: Sequence[Step], now: datetime) -> int | None:
    """The step that is due now: the first one whose time has come and whose hours it is; None when none is."""
    ahead, begun = range(alert.next_step, len(steps)), _begun(alert)
    return next((index for index in ahead if _opening(begun, steps[index], now) <= now), None)


def take_step(alert: Alert, policy: Policy | None, index: int, *, whom: Whom, now: datetime) -> Decision[Alert]:
    """Step `index` came due, or one after it: tell its targets, unless there is no need (the reason says why not).

    A decision that changes no more than `next_step_at` means: come back then.
    """
    steps = policy.steps if policy else ()
    if why_not := needless(alert):
        return Decision(state=alert, reason=why_not)
    if index < alert.next_step:
        return Decision(state=alert, reason=f"step {index + 1} was taken already")
    if policy is None or alert.next_step >= len(steps):
        return Decision(state=alert, reason=f"the policy {alert.policy} has no step {index + 1} any more")
    chosen = which(alert, steps, now)
    if chosen is None:
        later = replace(alert, next_step_at=due(alert, steps, now))
        return Decision(state=later, silent=later != alert, reason="the step's time has not come")
    fired, told = _fired(alert, steps[chosen], chosen, whom, now)
    passed = [_passed_over(alert, i, "outside of its hours") for i in range(alert.next_step, chosen)]
    following = first_due(_begun(alert), steps[chosen + 1 :], now)
    moved, ends = _onwards(replace(alert, next_step=chosen + 1, next_step_at=following), policy, now)
    return Decision(
        state=moved,
        events=(*passed, *fired, *ends),
        timers=(*pages(moved, told, now), *timers(moved)),
        reason=f"step {chosen + 1} of {len(steps)} is due",
    )


def _onwards(alert: Alert, policy: Policy, now: datetime) -> tuple[Alert, tuple[Event, ...]]:
    """What follows the step just taken: the next one, the first one again, or none."""
    if alert.next_step < len(policy.steps):
        return alert, ()
    if alert.repeats < policy.repeat:
        repeats = alert.repeats + 1
        anew = replace(again(alert, policy.steps, now, start=now + PAUSE), repeats=repeats)
        return anew, (EscalationRepeated(alert=alert.id, rounds=repeats),)
    return alert, (EscalationExhausted(alert=alert.id, steps=len(policy.steps)),)


def _fired(
    alert: Alert, step: Step, index: int, whom: Whom, now: datetime
) -> tuple[tuple[Event, ...], tuple[Page, ...]]:
    """The facts of a step that is taken, one for each channel and time, and its pages."""
    needed = step.if_alerts
    if needed and whom.opened < needed.at_least:
        grew = f"{plural(whom.opened, 'label set')} of this alert began to fire lately, not {needed.at_least}"
        return (_passed_over(alert, index, grew),), ()
    told: dict[Page, str] = {}
    for via in step.via:
        for (target, by, at), note in _ways(step, via, whom, now):
            told.setdefault(Page(step=index, target=target, via=by, round=alert.rounds, at=at), note)
    kinds: dict[tuple[str, datetime | None], list[Page]] = {}
    for page in told:
        kinds.setdefault((page.via, page.at), []).append(page)
    events = tuple(
        EscalationStepFired(
            alert=alert.id,
            step=index,
            via=via,
            targets=tuple(page.target for page in some),
            round=alert.rounds,
            at=at,
            note="; ".join(dict.fromkeys(told[page] for page in some if told[page])),
        )
        for (via, at), some in kinds.items()
    )
    return events, tuple(told)


def _ways(step: Step, via: str, whom: Whom, now: datetime) -> Iterator[tuple[tuple[str, str, datetime | None], str]]:
    """Target, channel and time of each page through `via`, with what is out of the ordinary about it."""
    for word in step.notify:
        found = _named(word, whom)
        note = ""
        if found is None:
            note = f"who belongs to {word} could not be found out"
            found = (*(_named("oncall", whom) or ()), whom.fallback)
        elif not found:
            note = "nobody is on call" if word.startswith("oncall") else f"nobody belongs to {word}"
            found = (whom.fallback,)
        for target in found:
            if via in whom.people and target.startswith("#"):
                yield (target, "slack", None), note
            elif via == PERSONAL:
                for rule in whom.rules.get(target, (Rule(timedelta(0), "slack"),)):
                    yield (target, rule.via, now + rule.after if rule.after else None), note
            else:
                yield (target, via, None), note


def _named(word: str, whom: Whom) -> tuple[str, ...] | None:
    """The targets that a word of a step means: none when nobody is there, None when it could not be found out."""
    if word == "oncall" or word.startswith("oncall:"):
        return tuple(f"@{user}" for user in whom.oncall.get(word.partition(":")[2], ()))
    if word in whom.groups:
        members = whom.groups[word]
        return None if members is None else tuple(f"@{user}" for user in members)
    return (word,)


def _passed_over(alert: Alert, index: int, reason: str) -> EscalationStepSkipped:
    return EscalationStepSkipped(alert=alert.id, step=index, reason=reason, round=alert.rounds)


def _begun(alert: Alert) -> datetime:
    return alert.escalated_at or alert.opened_at


def _opening(begun: datetime, step: Step, now: datetime) -> datetime:
    """When the step can be taken: from its time on, in its hours."""
    at = max(begun + step.after, now)
    return step.during.opening(at) if step.during else at
