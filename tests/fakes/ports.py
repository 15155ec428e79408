"""`Ports` for tests: a real store, everything else chosen by the test or left out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import httpx

from bot import bus
from bot.alerts.intake import Intake
from bot.bus import Reaction
from bot.config.manage import Manage
from bot.config.settings import Settings
from bot.ports import Chat, Check, Delivery, Ports, Reporting, Settle, Source, Writer
from storage.unit_of_work import Store

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class FrozenClock:
    """Tells the same time until it is moved."""

    time: datetime = T0

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


def make_ports(
    store: Store,
    *,
    now: Callable[[], datetime] | datetime = T0,
    manage: Manage | None = None,
    settings: Settings | None = None,
    chat: Chat | None = None,
    writer: Writer | None = None,
    checks: Iterable[Check] | Mapping[str, Check] = (),
    channels: Mapping[str, Delivery] | None = None,
    settlers: Mapping[str, Settle] | None = None,
    reactions: Iterable[Reaction] = (),
    http: httpx.AsyncClient | None = None,
    report: Reporting | None = None,
    sources: Iterable[Source] = (),
) -> Ports:
    """Build ports on `store`: defaults for what is not given, a clock that stands still, no chat and no writer.

    Reports of alerts are taken as the bot takes them, unless `report` is given.
    `now` is a clock or a moment; `reactions` are what facts lead to (none: facts are only written).
    """
    ports = Ports(
        now=(lambda: now) if isinstance(now, datetime) else now,
        store=store,
        settings=settings or Settings(),
        manage=manage or Manage(),
        http=http or httpx.AsyncClient(trust_env=False),
        jobs_for=bus.following(reactions, manage=manage or Manage()),
        checks=dict(checks) if isinstance(checks, Mapping) else {check.type: check for check in checks},
        channels=channels or {},
        settlers=settlers or {},
        chat=chat,
        writer=writer,
        sources={source.type: source for source in sources},
    )
    return replace(ports, report=report or Intake(ports))
