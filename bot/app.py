"""From settings to a running bot: the only place that knows everything. One straight function, stopped in reverse."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from bot import bus, registry
from bot.alerts.intake import Intake
from bot.bus import Reaction, Schedule, Task
from bot.cards.card import Card
from bot.command import Command, Progress
from bot.config.manage import Manage, load
from bot.config.plugins import Plugged
from bot.config.settings import Settings
from bot.engine import clock
from bot.engine.worker import Worker
from bot.invoke import invoke
from bot.outbound import Courier
from bot.permissions import Caller
from bot.ports import (
    Book,
    Calendar,
    Channel,
    Chat,
    Check,
    Delivery,
    Look,
    Page,
    Ports,
    Publisher,
    Settle,
    Source,
    Talker,
    Tracker,
    Writer,
)
from storage.unit_of_work import Store

OUTSIDE = ("bot.app", "bot.sandbox", "bot.slack", "bot.telemetry", "bot.log")
"""What offers nothing to collect, and is loaded by those who need it: a shell command must be quick."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All that rooms and plug-ins offer, by kind and name."""

    commands: Mapping[str, Command] = field(default_factory=dict)
    reactions: Mapping[str, Reaction] = field(default_factory=dict)
    tasks: Mapping[str, Task] = field(default_factory=dict)
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)
    channels: Mapping[str, Channel] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    trackers: Mapping[str, Tracker] = field(default_factory=dict)
    publishers: Mapping[str, Publisher] = field(default_factory=dict)
    pages: Mapping[str, Page] = field(default_factory=dict)

    @property
    def places(self) -> Mapping[tuple[str, ...], Mapping[str, Any]]:
        """The plug-ins that lead to systems outside, by where manage.yml names them."""
        return {
            ("incidents", "calendars"): self.calendars,
            ("follow_ups", "trackers"): self.trackers,
            ("postmortems", "publish"): self.publishers,
            ("statuspage", "pages"): self.pages,
        }


def parts() -> Parts:
    """Collect them from the bot's rooms and the installed plug-ins; raises `registry.DuplicateName`."""
    found = [*registry.modules("bot", skip=OUTSIDE), *registry.plugins()]
    return Parts(
        commands=registry.collect(Command, found, lambda c: c.name),
        reactions=registry.collect(Reaction, found, lambda r: r.name),
        tasks=registry.collect(Task, found, lambda t: t.name),
        schedules=registry.collect(Schedule, found, lambda s: s.name),
        checks=registry.collect(Check, found, lambda c: c.type),
        channels=registry.collect(Channel, found, lambda c: c.type),
        sources=registry.collect(Source, found, lambda s: s.type),
        calendars=registry.collect(Calendar, found, lambda c: c.type),
        trackers=registry.collect(Tracker, found, lambda t: t.type),
        publishers=registry.collect(Publisher, found, lambda p: p.type),
        pages=registry.collect(Page, found, lambda p: p.type),
    )


@dataclass(frozen=True, kw_only=True)
class App:
    """A bot: its edges, its commands, and, while it runs as a service, its worker."""

    ports: Ports
    parts: Parts
    worker: Worker | None = None

    @property
    def commands(self) -> Mapping[str, Command]:
        """Every command by its name."""
        return self.parts.commands

    async def invoke(self, argv: Sequence[str], caller: Caller, *, progress: Progress | None = None) -> Card:
        """Run one command line; the answer is always a card."""
        return await invoke(argv, caller, self.ports, self.commands, progress=progress)


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    base: Mapping[str, Any] | None = None,
    chat: Chat | None = None,
    now: Callable[[], datetime] | None = None,
) -> AsyncIterator[App]:
    """Open a bot without worker and clock: enough for a command beside a running one.

    `base` are defaults below manage.yml, spelled like it. Raises `ConfigError` and `StoreError`.
    """
    found = parts()
    manage = load(
        settings.manage_config,
        checks=found.checks,
        channels=found.channels,
        sources=found.sources,
        places=found.places,
        base=base,
    )
    async with AsyncExitStack() as stack:
        store = await Store.open(settings.database_url)
        stack.push_async_callback(store.close)
        http = await stack.enter_async_context(httpx.AsyncClient(follow_redirects=False))
        courier = Courier()
        stack.push_async_callback(courier.close)
        if chat is None and settings.slack_bot_token is not None:
            from bot.slack.client import sessioned

            chat = await stack.enter_async_context(sessioned(settings, now=now or _utc))
        model = writer(settings, manage)
        ports = Ports(
            now=now or _utc,
            store=store,
            settings=settings,
            manage=manage,
            http=http,
            post=courier,
            jobs_for=bus.following(found.reactions.values(), manage=manage),
            checks=found.checks,
            sources=found.sources,
            chat=chat,
            writer=model,
            talker=talker(model),
        )
        ports = replace(
            ports,
            channels=connected(found.channels, manage, ports),
            settlers=settlers(found.channels, manage, ports),
            calendars=calendars(found.calendars, manage, ports),
            trackers=placed(found.trackers, manage.follow_ups.trackers, ports),
            looks=looks(found.trackers, manage, ports),
            publishers=placed(found.publishers, manage.postmortems.publish, ports),
            pages=placed(found.pages, manage.statuspage.pages, ports),
        )
        ports = replace(ports, report=Intake(ports))
        yield App(ports=ports, parts=found)


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    base: Mapping[str, Any] | None = None,
    chat: Chat | None = None,
    now: Callable[[], datetime] | None = None,
    tasks: Callable[[App], Iterable[Task]] = lambda _app: (),
    schedules: bool = True,
) -> AsyncIterator[App]:
    """Run a bot: what `opened` gives, with a worker that runs jobs (the doors' `tasks` too), and a clock."""
    async with opened(settings, base=base, chat=chat, now=now) as app, AsyncExitStack() as stack:
        found, ports = app.parts, app.ports
        runners = {
            **bus.runners(found.reactions.values(), [*found.tasks.values(), *tasks(app)]),
            **clock.runners(found.schedules.values()),
        }
        if isinstance(ports.report, Intake):
            await ports.report.start()
            stack.push_async_callback(ports.report.stop)
        worker = Worker(ports.store, runners, ports, now=ports.now)
        await worker.start()
        stack.push_async_callback(worker.stop)
        if isinstance(ports.report, Intake):
            ports.report.hand_to(worker)
        if schedules:
            ticking = clock.Clock(
                ports.store, found.schedules.values(), ports.manage, zone=ports.manage.oncall.timezone
            )
            await ticking.start()
            stack.push_async_callback(ticking.stop)
        yield replace(app, worker=worker)


def connected(kinds: Mapping[str, Channel], manage: Manage, ports: Ports) -> Mapping[str, Delivery]:
    """The notification channels by the names that escalation steps use; "slack" exists by itself where Slack does."""
    named = {name: kinds[config.type].connect(config.options, ports) for name, config in manage.notifications.items()}
    if ports.chat is not None and "slack" in kinds and "slack" not in named:
        named["slack"] = kinds["slack"].connect(kinds["slack"].options(), ports)
    return named


def settlers(kinds: Mapping[str, Channel], manage: Manage, ports: Ports) -> Mapping[str, Settle]:
    """Those of the notification channels that must hear what became of an alert, by the names of the channels."""
    return {
        name: settle(config.options, ports)
        for name, config in manage.notifications.items()
        if (settle := kinds[config.type].settle) is not None
    }


def placed(kinds: Mapping[str, Any], configured: Mapping[str, Plugged], ports: Ports) -> dict[str, Any]:
    """What is connected of kinds of systems outside, by the names in manage.yml."""
    return {name: kinds[given.type].connect(given.options, ports) for name, given in configured.items()}


def looks(kinds: Mapping[str, Tracker], manage: Manage, ports: Ports) -> Mapping[str, Look]:
    """What looks at issues in each tracker, by the names in manage.yml."""
    return {name: kinds[given.type].look(given.options, ports) for name, given in manage.follow_ups.trackers.items()}


def calendars(kinds: Mapping[str, Calendar], manage: Manage, ports: Ports) -> Mapping[str, Book]:
    """The calendars by the names in manage.yml; where it names none and mail is configured, invitations by mail."""
    mails = any(given.type == "email" for given in manage.notifications.values())
    if manage.incidents.calendars or "mail" not in kinds or not mails:
        return placed(kinds, manage.incidents.calendars, ports)
    return {"mail": kinds["mail"].connect(kinds["mail"].options(), ports)}


def writer(settings: Settings, manage: Manage) -> Writer | None:
    """The language model, where one is configured; its library is loaded only then."""
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return None
    from bot.llm.client import connect

    return connect(settings, manage)


def talker(model: Writer | None) -> Talker | None:
    """The same language model, as one that is talked with."""
    if model is None:
        return None
    from bot.llm.client import Model
    from bot.llm.talking import Talk

    return Talk(model) if isinstance(model, Model) else None


def _utc() -> datetime:
    return datetime.now(UTC)
