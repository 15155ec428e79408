"""`up`: start everything in order, print one address, run until told to stop, stop in reverse.

Without a Slack bot token a sandbox workspace on this machine takes Slack's place.
"""

import asyncio
import errno
import gc
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot import log
from bot.config.settings import Settings, read_settings
from handlers.terminal import sandbox
from handlers.terminal.display import Display
from handlers.terminal.failure import Failed, explained

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

    from handlers.measured import Measured

SANDBOX_PORTS = (*range(8090, 8100), 0)
"""Where the sandbox's page is tried to be put, in this order; 0 is any free port."""
MANIFEST = Path(__file__).with_name("manifest.yml")
COLLECT = (2_000, 200, 50)
"""After how many new objects the garbage collector looks through the youngest: it seldom takes a millisecond then."""
GRACE = 1.0
"""Seconds that open HTTP requests get when the bot stops."""


@dataclass(frozen=True)
class Place:
    """Where the bot lives: its settings, what lies under manage.yml, and the address that people go to."""

    settings: Settings
    base: Any = None
    page: str = ""


def up(version: str, display: Display) -> int:
    """Run the bot until SIGINT or SIGTERM; a second signal ends it at once. Raises `Failed` when it cannot start."""
    import uvloop  # only the service gains from it

    with explained():
        settings = read_settings()
        log.configure(settings.log_format, secrets=log.secrets_of(settings))
        return uvloop.run(_up(settings, version, display))


async def _up(settings: Settings, version: str, display: Display) -> int:
    async with AsyncExitStack() as stack:
        announce = await _start(stack, settings, version, display)
        with _stop_signals() as stop:
            announce()
            await _loaded()
            await stop.wait()
            display.say("\nStopping")
            began = time.monotonic()
            await stack.aclose()
            display.say(f"Stopped in {time.monotonic() - began:.1f} s")
    return 0


async def _start(stack: AsyncExitStack, settings: Settings, version: str, display: Display) -> Callable[[], None]:
    """Start everything, which is left to the stack to stop; gives what says that it runs."""
    if not settings.uses_slack and (there := sandbox.running()):
        raise Failed(f"the sandbox runs in this directory already: {there.page}", "Open that, or stop it first.")
    door = stack.enter_context(_bound(settings.host, settings.port))  # first: a second bot must not touch the database
    place = Place(settings)
    if not settings.uses_slack:
        with display.step("Sandbox workspace and its demo service"):
            place = await stack.enter_async_context(_sandbox(settings))
            log.configure(settings.log_format, secrets=log.secrets_of(place.settings))
    with display.step("Database, worker and schedules"):
        from bot.app import running
        from bot.telemetry import Telemetry
        from handlers.measured import measured
        from handlers.slack.events import tasks

        telemetry = Telemetry(version)
        bot = await stack.enter_async_context(
            running(place.settings, base=place.base, tasks=lambda app: tasks(measured(app, telemetry)))
        )
        app = measured(bot, telemetry)
        log.configure(settings.log_format, secrets=log.secrets_of(place.settings, bot.ports.manage))
    with display.step("Slack" if settings.uses_slack else "Bot in the sandbox workspace"):
        bolt, workspace = await _heard(stack, app)
    with display.step(f"HTTP door on {settings.host}, port {door.getsockname()[1]}"):
        from handlers.http import slack
        from handlers.http.app import application
        from handlers.http.road import served

        await stack.enter_async_context(served(application(app, slack.routes(place.settings, bolt)), door, GRACE))
    settle()
    if place.page:
        return partial(display.ready, "Open the sandbox workspace in your browser:", place.page, "Ctrl-C stops it.")
    if workspace:
        hint = f"Type {settings.slack_command} manage health there."
        if settings.slack_app_token is None:
            hint = f"Slack reaches it by HTTP: let its requests through to /slack/events on this port. {hint}"
        return partial(display.ready, "Connected to your workspace:", workspace, hint)
    address = urlsplit(settings.slack_api_url).netloc
    return partial(display.ready, "Slack is away for now; the bot goes on trying:", address, "The log says why.")


def settle() -> None:
    """Let the garbage collector pass over what stays: looking through it all again held everything up for 80 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)


async def _loaded() -> None:
    """Load what the first readings and the first round of rules need, before alerts come in meanwhile."""
    from bot.health import service as health
    from bot.metrics.sources import host
    from bot.rules import service as rules

    for loaded in (health.loaded, host.loaded, rules.loaded):
        await loaded()
    gc.freeze()


async def _heard(stack: AsyncExitStack, app: "Measured") -> tuple["AsyncApp", str]:
    """Listen to Slack; gives the workspace's address too, "" while Slack is away. Raises `Failed` for a wrong token."""
    from bot.ports import ChatError
    from handlers.slack.app import Unusable, door_of, listening

    try:
        bolt = await stack.enter_async_context(listening(app))
    except Unusable as refused:
        raise Failed(str(refused)) from None
    try:
        return bolt, (await door_of(app).chat.identity()).url
    except ChatError:
        return bolt, ""


@asynccontextmanager
async def _sandbox(settings: Settings) -> AsyncIterator[Place]:
    import yaml

    from bot.sandbox import Options, from_manifest, serve

    options = from_manifest(yaml.safe_load(MANIFEST.read_text(encoding="utf-8")), Options(demo_port=0))
    commands = tuple(replace(one, command=settings.slack_command) for one in options.commands)
    async with AsyncExitStack() as stack:
        for port in SANDBOX_PORTS:
            try:
                workspace = await stack.enter_async_context(
                    serve(port=port, options=replace(options, commands=commands))
                )
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or not port:
                    raise Failed(f"the sandbox cannot listen on port {port}: {error.strerror}") from None
        here = sandbox.Running(page=workspace.url, demo=workspace.demo.url if workspace.demo else "")
        stack.enter_context(sandbox.noted(here))
        given = {
            "slack_bot_token": SecretStr(workspace.bot_token),
            "slack_app_token": SecretStr(workspace.app_token),
            "slack_signing_secret": SecretStr(workspace.signing_secret),
            "slack_api_url": workspace.api_url,
        }
        yield Place(settings.model_copy(update=given), sandbox.base(here), here.page)


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """A socket on that address. Whoever connects is answered once it is served. Raises `Failed` with the mend."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise Failed(f"HOST {host} is no address of this machine: {error.strerror}", "Set HOST=127.0.0.1.") from None
    with socket.socket(family, socket.SOCK_STREAM) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind(address)
            door.listen(128)
        except OSError as error:
            raise _not_bound(host, port, error) from None
        yield door


def _not_bound(host: str, port: int, error: OSError) -> Failed:
    if error.errno == errno.EADDRINUSE:
        mend = "Stop what listens there (another bot?), or set PORT to a free one (PORT=0 finds one)."
        return Failed(f"port {port} on {host} is taken", mend)
    if error.errno == errno.EACCES:
        return Failed(f"port {port} may be opened by root alone", "Set PORT to one above 1023.")
    return Failed(
        f"cannot listen on {host}, port {port}: {error.strerror}", "Mend HOST or PORT; HOST=127.0.0.1 always works."
    )


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set. A second signal ends the process at once: its work is safe in the store."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def asked(number: int) -> None:
        if stop.is_set():
            os._exit(128 + number)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked, number)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
