"""Rules in the whole bot: a sample comes in, the worker evaluates, the alert room has an alert."""

import asyncio
from pathlib import Path

from bot.app import App, running
from bot.config.settings import Settings
from bot.permissions import Caller
from storage.records.alerts import Alert, AlertState
from storage.records.jobs import NewJob
from storage.records.samples import Sample
from storage.tables import alerts, samples
from storage.unit_of_work import UnitOfWork

LABELS = {"service": "shop"}


async def measured(app: App, error_rate: float, latency: float) -> None:
    now = app.ports.now()

    async def work(unit: UnitOfWork) -> None:
        values = (("error_rate", error_rate), ("p95_latency", latency))
        await samples.insert(unit.conn, [Sample(metric=m, at=now, value=v, labels=LABELS) for m, v in values])
        job = NewJob(kind="rules.evaluate", key=f"rules.evaluate:{now.isoformat()}", due_at=now, lane="rules:evaluate")
        await unit.enqueue([job])

    await app.ports.store.transact(work)


async def becomes(app: App, states: dict[str, AlertState]) -> dict[str, Alert]:
    """The alerts by rule, as soon as they stand like this."""
    deadline = asyncio.get_running_loop().time() + 30
    while True:
        async with app.ports.store.read() as conn:
            found = {alert.rule: alert for alert in await alerts.listing(conn)}
        if {rule: alert.state for rule, alert in found.items()} == states:
            return found
        assert asyncio.get_running_loop().time() < deadline, {r: a.state for r, a in found.items()}
        await asyncio.sleep(0.05)


async def test_a_bad_value_becomes_an_alert_and_a_good_one_resolves_it(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "manage.yml").write_text("")
    settings = Settings(database_url=database_url, manage_config=tmp_path / "manage.yml")
    async with running(settings, schedules=False) as app:
        await measured(app, 0.09, 1500.0)
        found = await becomes(
            app,
            {
                "error-rate": AlertState.FIRING,
                "latency-high": AlertState.FIRING,
                "latency-raised": AlertState.SILENCED,
            },
        )
        errors = found["error-rate"]
        assert (errors.value, errors.threshold, errors.policy) == (0.09, 0.05, "critical")
        assert errors.summary == "shop error rate is 0.09"
        assert "inhibited" in found["latency-raised"].muted_by

        await measured(app, 0.01, 100.0)
        await becomes(app, dict.fromkeys(found, AlertState.RESOLVED))

        card = await app.invoke(["alerts", "rules"], Caller(id="shell:x", via="shell"))
        assert card.table is not None
        assert {str(row[1]) for row in card.table.rows} <= {"ok", "absent"}
