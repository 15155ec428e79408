"""What people may say of one incident beside how things stand: roles, severity, cause, components, merge, reopen."""

from datetime import timedelta

import click

from bot.cards.card import Card, Code, Level, Moment
from bot.command import Context, Usage, command
from bot.decision import Decision
from bot.incidents import asking, cards, particulars, service
from bot.incidents.asking import components, meant, outcome
from bot.numbers import NUMBER
from bot.periods import PERIOD
from bot.permissions import Role
from bot.phrasing import listing
from storage.records.alerts import Severity
from storage.records.incidents import Incident

_NUMBER = click.argument("number", type=NUMBER, required=False)


@command("incident role", role=Role.RESPONDER, form_title="Give a role")
@_NUMBER
@click.option("--role", "duty", default="commander", help="Which role: commander, communications, scribe, or your own.")
@click.option("--user", default="", help="Who; yourself when left out.")
@click.option("--release", is_flag=True, help="Give the role back, so that nobody holds it.")
async def role(ctx: Context, number: int | None, duty: str, user: str, release: bool) -> Card:
    """Take a role in the incident that nobody holds, give it to somebody, or have it released."""
    who = user.strip("<@>").partition("|")[0]
    name = _word(duty, "a role needs a name", "--role commander")

    def choose(incident: Incident) -> Decision[Incident]:
        if release:
            return particulars.release(incident, name, who)
        return particulars.assign(incident, name, who) if who else particulars.claim(incident, name, ctx.caller.id)

    decision = await service.change(ctx.ports, await meant(ctx, number), ctx.caller.id, choose)
    return outcome(decision, f"has no {name} any more" if release else f"has a {name}")


@command("incident severity", role=Role.RESPONDER, form_title="Correct the severity")
@_NUMBER
@click.option("--severity", type=click.Choice([s.value for s in Severity]), required=True, help="How bad it is.")
async def severity(ctx: Context, number: int | None, severity: str) -> Card:
    """Correct how bad an incident is."""
    decision = await service.update(
        ctx.ports, await meant(ctx, number), by=ctx.caller.id, text="", status=None, severity=Severity(severity)
    )
    return outcome(decision, f"is {severity} now")


@command("incident reopen", role=Role.RESPONDER)
@_NUMBER
@click.option("--reason", default="", help="What shows that it was not over.")
async def reopen(ctx: Context, number: int | None, reason: str) -> Card:
    """Open a resolved incident again, in the same channel; one that was merged is one of its own again."""
    which = await meant(ctx, number, follow=False)
    decision = await service.reopen(ctx.ports, which, by=ctx.caller.id, reason=reason)
    return outcome(decision, "is open again")


@command("incident merge", role=Role.RESPONDER, form_title="Merge a duplicate")
@click.argument("number", type=NUMBER)
@click.option("--into", type=NUMBER, required=True, help="Number of the incident that goes on for both.")
async def merge(ctx: Context, number: int, into: int) -> Card:
    """Merge a duplicate into the incident that goes on for both; its alerts and roles move, reopening takes it back."""
    which, other = await meant(ctx, number), await meant(ctx, into)
    decision = await service.merge(ctx.ports, which, into=other, by=ctx.caller.id)
    return outcome(decision, f"was merged into #{into}")


@command("incident affects", role=Role.RESPONDER, form_title="What it affects")
@_NUMBER
@click.option("--component", "affected", multiple=True, help="What of the status page it affects; all of it.")
@click.option("--nothing", is_flag=True, help="Whether it affects nothing of the status page.")
async def affects(ctx: Context, number: int | None, affected: tuple[str, ...], nothing: bool) -> Card:
    """Say what of the status page an incident affects, from now on just these components."""
    named = components(ctx, affected)
    if not named and not nothing:
        there = [component.name for component in ctx.ports.manage.statuspage.components]
        known = f"There are {', '.join(there)}." if there else "Name some under statuspage in manage.yml."
        raise Usage("which components does it affect?", (f"{known} Or say ", Code("--nothing"), "."))
    chosen = () if nothing else named
    decision = await service.change(
        ctx.ports, await meant(ctx, number), ctx.caller.id, lambda i: particulars.affects(i, chosen)
    )
    return outcome(decision, f"affects {listing(chosen)}" if chosen else "affects nothing of the status page")


@command("incident cause", role=Role.RESPONDER, form_title="Name the cause")
@_NUMBER
@click.option("--cause", required=True, help=f"One of {asking.CAUSES}; or a word of your own.")
async def cause(ctx: Context, number: int | None, cause: str) -> Card:
    """Name in a word what caused an incident, so that statistics can tell causes apart."""
    named = _word(cause, "a cause needs a word", "--cause deploy")
    decision = await service.change(
        ctx.ports, await meant(ctx, number), ctx.caller.id, lambda i: particulars.caused_by(i, named)
    )
    return outcome(decision, f"was caused by {named}")


@command("incident remind", role=Role.RESPONDER, form_title="Next update")
@_NUMBER
@click.option("--in", "within", type=PERIOD, help="When somebody should tell how things stand, like 30m.")
@click.option("--stop", is_flag=True, help="Remind nobody until the next update.")
async def remind(ctx: Context, number: int | None, within: timedelta | None, stop: bool) -> Card:
    """Say when the next update of an incident is due, or that nobody should be reminded."""
    return await _put_off(ctx, number, within, stop=stop)


@command("incident snooze", role=Role.RESPONDER)
@_NUMBER
@click.option("--in", "within", type=PERIOD, default="30m", help="How long nobody is reminded.")
async def snooze(ctx: Context, number: int | None, within: timedelta) -> Card:
    """Put off the reminder that an update of an incident is due."""
    return await _put_off(ctx, number, within, stop=False)


async def _put_off(ctx: Context, number: int | None, within: timedelta | None, *, stop: bool) -> Card:
    if (within is None) is not stop:
        raise Usage("when is the next update due?", ("Either ", Code("--in 30m"), " or ", Code("--stop"), "."))
    until = ctx.ports.now() + within if within else None
    decision = await service.change(
        ctx.ports, await meant(ctx, number), ctx.caller.id, lambda i: particulars.snooze(i, until)
    )
    if not decision.changed:
        return outcome(decision, "")
    said = ("The next update is due at ", Moment(until), ".") if until else "Nobody is reminded until the next update."
    data = cards.as_data(decision.state) | {"changed": True, "reason": decision.reason}
    return Card(title=f"Incident #{decision.state.id}", level=Level.OK, body=(said,), data=data)


def _word(typed: str, wrong: str, example: str) -> str:
    """What was typed as one short name; raises `Usage` for nothing."""
    name = asking.one_word(typed)
    if not name:
        raise Usage(wrong, ("For example ", Code(example), "."))
    return name
