"""The one road of every command line: find, parse, permission, approval, lock, run, audit. It answers with a `Card`."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from bot.cards.card import Card, Code, Level
from bot.command import Command, Context, HelpWanted, Progress, Usage, find, parse
from bot.events import CommandRun, payload_of
from bot.help import command_help
from bot.permissions import Caller, Role, may, role_of
from bot.ports import Ports
from storage.locks import Locked, held
from storage.unit_of_work import StoreError, UnitOfWork

_log = structlog.get_logger(__name__)
_LEASE = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Request:
    """A parsed and permitted command line, as an approval sees it."""

    command: Command
    argv: tuple[str, ...]
    caller: Caller


Approval = Callable[[Request], Awaitable[Card | None]]
"""Asked before a command runs: None lets it run, a card is answered instead ("waiting for a second person")."""


async def invoke(
    argv: Sequence[str],
    caller: Caller,
    ports: Ports,
    commands: Mapping[str, Command],
    *,
    progress: Progress | None = None,
    approval: Approval | None = None,
) -> Card:
    """Run one command line for `caller` and answer with a card, whatever happens; each run leaves an audit line."""
    began = time.monotonic()
    run = _Run(command=" ".join(argv[:1]), via=caller.via)
    context = Context(ports=ports, caller=caller, commands=commands, progress=progress or _unseen)
    try:
        card = await _permitted(run, argv, context, approval)
    except HelpWanted:
        card = command_help(commands[run.command])
    except Usage as wrong:
        card = Card(title="That is not quite a command", level=Level.USAGE, body=(str(wrong),), hint=wrong.hint)
    except Locked as busy:
        card = Card(
            title="Somebody is at it already",
            level=Level.WARNING,
            body=(str(busy),),
            hint="Wait until it is done, then look again.",
        )
    except StoreError as lost:
        return Card(title="The database cannot be reached", level=Level.BAD, body=(str(lost),))
    except Exception as bug:  # noqa: BLE001 - the door's last line: logged with its trace, told to the caller
        _log.exception("command_failed", command=run.command, caller=caller.id)
        card = Card(
            title=f"{run.command} failed",
            level=Level.BAD,
            body=(f"{type(bug).__name__}: {bug}",),
            hint="Nothing half-done was kept. The log has the details.",
        )
    await _audit(ports, caller, run.event(card, time.monotonic() - began))
    return card


@dataclass
class _Run:
    """What is known so far of a run, for its audit line."""

    command: str
    via: str
    argv: tuple[str, ...] = ()
    role: Role = Role.NOBODY

    def event(self, card: Card, seconds: float) -> CommandRun:
        return CommandRun(
            command=self.command,
            argv=self.argv,
            via=self.via,
            role=self.role.name.lower(),
            outcome=card.level.value,
            seconds=round(seconds, 3),
        )


async def _permitted(run: _Run, argv: Sequence[str], context: Context, approval: Approval | None) -> Card:
    cmd, rest = find(argv, context.commands)
    run.command = cmd.name
    run.role = role_of(context.caller, context.ports.manage.roles.members, context.ports.manage.roles.default)
    params = parse(cmd, rest)
    run.argv = _masked(cmd, rest)
    verdict = may(run.role, cmd.role, cmd.name)
    if not verdict.allowed:
        return Card(
            title="Not allowed",
            level=Level.DENIED,
            body=(verdict.reason,),
            hint=("Ask an admin to add you under ", Code("roles"), " in manage.yml."),
        )
    if approval and (waiting := await approval(Request(command=cmd, argv=tuple(argv), caller=context.caller))):
        return waiting
    return await _run(cmd, params, context)


async def _run(cmd: Command, params: Mapping[str, Any], context: Context) -> Card:
    if not cmd.lock:
        return await cmd.run(context, **params)
    name = cmd.lock.format(**params)
    async with held(context.ports.store, name, context.caller.id, _LEASE):
        return await cmd.run(context, **params)


def _masked(cmd: Command, words: Sequence[str]) -> tuple[str, ...]:
    secret = {o for p in cmd.click.params if p.name in cmd.secret for o in p.opts}
    shown: list[str] = []
    for i, word in enumerate(words):
        option, equals, _ = word.partition("=")
        if option in secret and equals:
            shown.append(f"{option}=••••")
        elif i and words[i - 1] in secret:
            shown.append("••••")
        else:
            shown.append(word[:200])
    return tuple(shown)


async def _audit(ports: Ports, caller: Caller, event: CommandRun) -> None:
    async def write(unit: UnitOfWork) -> None:
        await unit.append(
            at=ports.now(), kind="CommandRun", subject=event.subject, actor=caller.id, payload=payload_of(event)
        )

    try:
        await ports.store.transact(write)
    except StoreError as lost:  # the caller has an answer already; losing the line must not lose the answer
        _log.error("audit_line_lost", command=event.command, caller=caller.id, error=str(lost))


async def _unseen(_card: Card) -> None:
    """Progress of a command whose door cannot show it."""
