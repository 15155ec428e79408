"""What repeats: every rule is evaluated after each round of readings."""

from bot.bus import task
from bot.ports import Ports
from bot.rules import service
from storage.records.jobs import Job


@task("rules.evaluate")
async def evaluate(ports: Ports, job: Job) -> None:  # noqa: ARG001 - all rules at once, whatever the job says
    """Evaluate all rules over the newest samples."""
    await service.evaluate_all(ports)
