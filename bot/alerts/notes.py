"""What is said in the thread of an alert: its history, one line for each thing that happened (pure)."""

from datetime import datetime

from bot.alerts.wording import target
from bot.cards.card import Button, Card, Level, Moment, Person, Text
from bot.events import (
    AcknowledgementExpired,
    AcknowledgementExtended,
    AcknowledgementReminded,
    AcknowledgementWithdrawn,
    AlertAcknowledged,
    AlertEvent,
    AlertLinked,
    AlertResolved,
    AlertSilenced,
    AlertUnsilenced,
    AlertWorsened,
    EscalationExhausted,
    EscalationRepeated,
    EscalationStepFired,
    EscalationStepSkipped,
    FlappingStarted,
    FlappingStopped,
    PageDelivered,
    PageFailed,
)
from bot.phrasing import plural
from storage.records.alerts import Alert


def note(event: AlertEvent, actor: str, at: datetime) -> Card | None:
    """The line in the alert's thread that says what happened; None for what the card says well enough."""
    lines = tuple(line for line in _lines(event, actor, at) if line)
    return Card(title="", body=lines) if lines else None


def still_on_it(alert: Alert, expires_at: datetime) -> Card:
    """The question to whoever acknowledged, before the acknowledgement ends."""
    number = str(alert.id)
    return Card(
        title=f"Still on it? #{number} {alert.summary}",
        level=Level.WARNING,
        body=(("Your acknowledgement ends at ", Moment(expires_at), "; then escalation begins again."),),
        buttons=(
            Button(label="Still on it", argv=("ack", number, "--extend"), style="primary"),
            Button(label="Give back", argv=("unack", number)),
        ),
    )


def _lines(event: AlertEvent, actor: str, at: datetime) -> tuple[Text, ...]:
    match event:
        case (
            AlertAcknowledged()
            | AcknowledgementExtended()
            | AcknowledgementWithdrawn()
            | AcknowledgementReminded()
            | AcknowledgementExpired()
        ):
            return _of_acknowledgement(event, Person(actor), Moment(at))
        case (
            PageDelivered()
            | PageFailed()
            | EscalationStepFired()
            | EscalationStepSkipped()
            | EscalationExhausted()
            | EscalationRepeated()
        ):
            return _of_escalation(event, Moment(at))
        case _:
            return _of_state(event, actor, Moment(at))


def _of_acknowledgement(event: AlertEvent, by: Person, when: Moment) -> tuple[Text, ...]:  # noqa: PLR0911 - one each
    match event:
        case AlertAcknowledged(comment=comment):
            return ("👀 ", by, " acknowledged this at ", when, ". Nobody else will be told."), comment
        case AcknowledgementExtended(expires_at=None, comment=comment):
            return ("👀 ", by, " still has this at ", when, "."), comment
        case AcknowledgementExtended(expires_at=ends, comment=comment) if ends:
            return ("👀 ", by, " still has this, until ", Moment(ends), "."), comment
        case AcknowledgementWithdrawn():
            return (("↩️ ", by, " gave this back at ", when, _onwards(event.muted_by, "goes on")),)
        case AcknowledgementReminded(expires_at=expires_at):
            return (("⏰ Still on it? The acknowledgement ends at ", Moment(expires_at), "."),)
        case AcknowledgementExpired(by=whose):
            ended = ("⌛ The acknowledgement of ", Person(whose), " ended at ", when)
            return ((*ended, _onwards(event.muted_by, "begins again")),)
        case _:
            return ()


def _onwards(muted_by: str, how: str) -> str:
    return f". It is muted by {muted_by}: nobody is told for now." if muted_by else f". Escalation {how}."


def _of_escalation(event: AlertEvent, when: Moment) -> tuple[Text, ...]:  # noqa: PLR0911 - one each
    match event:
        case PageDelivered(target=whom, via=via):
            return (("📣 Told ", target(whom), f" through {via} at ", when, "."),)
        case PageFailed(target=whom, via=via, error=error):
            failed = ("⚠️ Could not tell ", target(whom), f" through {via}: {error}")
            other: Text = ("Instead: ", target(event.next_target), f" through {event.next_via}.")
            return (failed, other) if event.next_via else (failed,)
        case EscalationStepFired(note=note) if note:
            return (f"⚠️ Step {event.step + 1}: {note}.",)
        case EscalationStepSkipped(step=step, reason=reason):
            return (f"⏩ Step {step + 1} was passed over: {reason}.",)
        case EscalationExhausted(steps=steps) if steps > 1:  # where nothing escalated, the card alone says it
            return (f"⏭️ That was the last of {steps} escalation steps: nobody else will be told by itself.",)
        case EscalationRepeated(rounds=rounds):
            return (f"🔁 Nobody has acknowledged: all steps are taken again, round {rounds + 1}.",)
        case _:
            return ()


def _of_state(event: AlertEvent, actor: str, when: Moment) -> tuple[Text, ...]:
    match event:
        case AlertResolved(reading=reading, comment=comment):
            by = (" by ", Person(actor)) if actor != "bot" else ()
            return ("✅ Resolved at ", when, *by, "."), reading, comment
        case AlertSilenced(by=why):
            said = f"🔕 Muted by {why}: nobody is told for now."
        case AlertUnsilenced(held_by=owner) if owner:
            return (("🔔 Muted no more, and it still fires: ", Person(owner), " has it."),)
        case AlertUnsilenced():
            said = "🔔 Muted no more, and it still fires: escalation goes on."
        case AlertWorsened(severity=severity, previous=previous):
            said = f"⬆️ It is worse now: {severity}, it was {previous}."
        case FlappingStarted(openings=openings):
            said = f"〰️ It comes and goes ({plural(openings, 'time')}): it is held open until it has been steady."
        case FlappingStopped():
            said = "〰️ It has been steady again."
        case AlertLinked(incident=incident):
            said = f"🚨 This belongs to incident #{incident}."
        case _:
            said = ""
    return (said,)
