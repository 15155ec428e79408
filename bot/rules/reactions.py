"""What repeats: every rule is evaluated after each round of readings; once a week what alerts cost is told."""

from datetime import timedelta

from bot.bus import Fact, on, schedule, task
from bot.events import AlertResolved
from bot.ports import Ports
from bot.posting import show
from bot.rules import fatigue_cards, service, weekly
from storage.records.jobs import Job


@task("rules.evaluate")
async def evaluate(ports: Ports, job: Job) -> None:  # noqa: ARG001 - all rules at once, whatever the job says
    """Evaluate all rules over the newest samples."""
    await service.evaluate_all(ports)


@on(AlertResolved)
async def tell_again(ports: Ports, fact: Fact[AlertResolved]) -> None:
    """A person resolved an alert: have its rule say whether it still fires, which it says only when that changes."""
    if fact.actor != service.BOT:
        await service.plan_telling_again(ports, fact.event.alert, fact.id)


@task(service.AGAIN)
async def forget_told(ports: Ports, job: Job) -> None:
    """Let the next evaluation report all that fires of the rule, as if it had not been told."""
    await service.forget_told(ports, job.payload["rule"])


@schedule("@weekly mon 09:00")
async def tell_fatigue(ports: Ports) -> None:
    """Post the alert fatigue report of the last week in the alert channel."""
    now = ports.now()

    async def unseen(_share: float) -> None:
        """Nobody watches this."""

    found = await weekly.report(ports, now - timedelta(weeks=1), said=unseen)
    year, week, _ = now.isocalendar()
    await show(
        ports,
        fatigue_cards.report(found.fatigue, found.proposals),
        key=f"fatigue:{year}-{week}",
        subject="fatigue",
        kind="report",
        channel=ports.manage.channels.alerts,
    )
