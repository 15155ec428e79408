"""A whole bot on SQLite that hears from a local workspace, made from the manifest, and a few commands of our own."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from pydantic import SecretStr
from structlog.testing import capture_logs

from bot.app import App, running
from bot.bus import Task
from bot.cards.card import Button, Card, Level
from bot.command import Command, Context, Progress, command
from bot.config.settings import Settings
from bot.invoke import invoke
from bot.permissions import Caller, Role
from bot.ports import Ports
from bot.sandbox import Options, Workspace, from_manifest, serve
from handlers.slack.app import listening, tasks
from storage.records.posts import Post
from storage.tables import posts
from storage.unit_of_work import UnitOfWork

MANIFEST = yaml.safe_load((Path(__file__).parents[3] / "manifest.yml").read_text())
YOU, ONCALL, BACKUP = "U0YOU", "U0ONCALL", "U0BACKUP"


@dataclass(frozen=True)
class Bot:
    """A bot under test: the app's edges, and every command line that came in, with who sent it."""

    ports: Ports
    commands: Mapping[str, Command]
    heard: list[tuple[list[str], Caller]] = field(default_factory=list)

    async def invoke(self, argv: Sequence[str], caller: Caller, *, progress: Progress | None = None) -> Card:
        self.heard.append((list(argv), caller))
        return await invoke(argv, caller, self.ports, self.commands, progress=progress)

    def lines(self) -> list[list[str]]:
        return [argv for argv, _ in self.heard]


Start = Callable[..., AbstractAsyncContextManager[Bot]]


@command("echo")
@click.argument("said", nargs=-1)
async def echo(_ctx: Context, said: tuple[str, ...]) -> Card:
    """Say it again, to whoever said it."""
    return Card(title="Echo", body=(" ".join(said),))


@command("announce", role=Role.RESPONDER, changes=True, form_title="Announce something")
@click.argument("title", nargs=-1, required=True)
@click.option("--grade", type=click.Choice(["high", "low"]), default="low", help="How loud.")
@click.option("--times", type=click.IntRange(1, 5), default=1, help="How often.")
@click.option("--description", default="", help="More about it.")
@click.option("--urgent", is_flag=True, help="Whether it is urgent.")
async def announce(
    _ctx: Context, title: tuple[str, ...], grade: str, times: int, description: str, urgent: bool
) -> Card:
    """Change what all see."""
    said = f"{' '.join(title)} grade={grade} times={times} urgent={urgent} {description}".strip()
    return Card(title="Announced", level=Level.OK, body=(said,))


@command("slow", changes=True)
async def slow(ctx: Context) -> Card:
    """Take longer than a person waits in silence."""
    await asyncio.sleep(0.2)
    await ctx.progress(Card(title="Half way there"))
    await asyncio.sleep(1.1)
    return Card(title="Done at last", level=Level.OK)


@command("hush", changes=True, form_title="Hush")
@click.option("--text", required=True)
@click.option("--slowly", is_flag=True)
async def hush(ctx: Context, text: str, *, slowly: bool) -> Card:
    """Change what not everybody may know of."""
    ctx.conceal()
    await asyncio.sleep(1.2 if slowly else 0)
    return Card(title="Hushed", level=Level.OK, body=(text,))


@command("page")
@click.option("--page", type=int, default=1)
async def page(_ctx: Context, page: int) -> Card:
    """List in pages."""
    return Card(title=f"Page {page}", buttons=(Button(label="Next", argv=("page", f"--page={page + 1}")),))


@command("admin only", role=Role.ADMIN, changes=True)
async def admin_only(_ctx: Context) -> Card:
    """Change what only admins may."""
    return Card(title="Changed", level=Level.OK)


OWN = {cmd.name: cmd for cmd in (echo, announce, slow, hush, page, admin_only)}


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, instead of printing it."""
    with capture_logs() as entries:
        yield entries


@pytest.fixture(autouse=True)
def _migrated(sqlite_url: str) -> None:
    """Lay a migrated database where `settings_of` names it: to migrate takes longer than most of these tests."""


def sandbox_options(**changes: Any) -> Options:
    return from_manifest(MANIFEST, Options(retry_delays=(0.0, 0.2), **changes))


@pytest.fixture
async def workspace() -> AsyncIterator[Workspace]:
    async with serve(options=sandbox_options()) as running:
        yield running
        assert running.violations == []


@pytest.fixture
def start(tmp_path: Path, workspace: Workspace) -> Start:
    """Run a bot that is connected to the workspace for the length of a block."""

    @asynccontextmanager
    async def run(**base: Any) -> AsyncIterator[Bot]:
        async with bot_at(workspace, tmp_path, base) as bot:
            yield bot

    return run


@pytest.fixture
async def bot(start: Start) -> AsyncIterator[Bot]:
    async with start() as running:
        yield running


@asynccontextmanager
async def bot_at(
    workspace: Workspace,
    where: Path,
    base: Mapping[str, Any],
    *,
    ports: Callable[[Ports], Ports] = lambda ports: ports,
    **changes: Any,
) -> AsyncIterator[Bot]:
    """A bot with other edges (`ports`) and other settings (`changes`) than usual."""
    settings = settings_of(workspace, where).model_copy(update=changes)
    bots: list[Bot] = []

    def doors(app: App) -> list[Task]:
        bots.append(Bot(ports=ports(app.ports), commands={**app.commands, **OWN}))
        return tasks(bots[0])

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(settings, base=base, tasks=doors, schedules=False))
        await stack.enter_async_context(listening(bots[0]))
        yield bots[0]
        await workspace.idle()


def settings_of(workspace: Workspace, where: Path) -> Settings:
    return Settings(
        slack_bot_token=SecretStr(workspace.bot_token),
        slack_app_token=SecretStr(workspace.app_token),
        slack_api_url=workspace.api_url,
        database_url=f"sqlite:///{where / 'bot.db'}",
    )


async def posted(bot: Bot, subject: str, card: Card, channel: str = "#alerts", *, kind: str = "card") -> Post:
    """A message of the bot about a subject, as rooms keep it."""
    assert bot.ports.chat is not None
    key = f"{subject}:{kind}"
    at = await bot.ports.chat.post(channel, card, key=key)
    post = Post(key=key, subject=subject, kind=kind, channel=at.channel, ts=at.ts, posted_at=bot.ports.now())

    async def write(unit: UnitOfWork) -> None:
        await posts.put(unit.conn, post)

    await bot.ports.store.transact(write)
    return post


def shown(message: Any) -> str:
    """All words of a message, blocks and attachments included."""
    return str([message.text, message.blocks, message.attachments])


__all__ = ["Bot", "Post", "replace"]
