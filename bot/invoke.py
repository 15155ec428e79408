"""The one road of every command line: find, parse, permission, approval, lock, run, audit. It answers with a `Card`."""

import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import click
import structlog

from bot.cards.card import Card, Code, Level, Person, Text
from bot.command import SHOWN, Command, Context, Denied, HelpWanted, Progress, Usage, find, parse
from bot.config.errors import without_password
from bot.decision import fact_of
from bot.events import CommandAnswered, CommandRun
from bot.help import command_help
from bot.incidents import answers
from bot.permissions import Caller, Role, may, role_of
from bot.phrasing import cut
from bot.ports import Ports
from storage.locks import Locked, held
from storage.unit_of_work import Conflict, StoreError, UnitOfWork

_log = structlog.get_logger(__name__)
_LEASE = timedelta(seconds=30)
_MOST_WORDS = 50
_OPTION = re.compile(r"--?[a-z][a-z-]*")
_MASK = "••••"
_MAY_BE_PRIVATE = re.compile(r"(incident|declare|postmortem|followup)( |$)")
"""Commands about incidents: what is typed into them may be for few people alone."""
PRIVATE = "--private"
"""The option that makes what is asked for private, whichever command takes it."""


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
    run = _Run(command=cut(" ".join(argv[:1]), SHOWN), via=caller.via, channel=caller.channel, through=caller.through)
    context = Context(ports=ports, caller=caller, commands=commands, progress=progress or _unseen, conceal=run.conceal)
    try:
        card = await _permitted(run, argv, context, approval)
    except HelpWanted:
        card = command_help(commands[run.command])
    except Usage as wrong:
        card = Card(title="That is not quite a command", level=Level.USAGE, body=(str(wrong),), hint=wrong.hint)
    except Denied as refused:
        card = _not_allowed(str(refused), refused.hint)
    except Locked as busy:
        card = Card(
            title="Somebody is at it already",
            level=Level.BAD,
            body=((f"{busy.name} is locked by ", Person(busy.owner), "."),),
            hint="Wait until it is done, then look again.",
        )
    except Conflict:
        card = Card(
            title="Too many change this at once",
            level=Level.BAD,
            body=("Nothing was changed: others were faster each time.",),
            hint="Try again in a moment.",
        )
    except StoreError as lost:
        _log.error("store_lost", command=run.command, caller=caller.id, error=str(lost))
        return Card(title="The database cannot be used", level=Level.BAD, body=(str(lost),))
    except Exception as bug:  # noqa: BLE001 - the door's last line: logged with its trace, told to the caller
        _log.exception("command_failed", command=run.command, caller=caller.id)
        card = Card(
            title=f"{run.command} failed",
            level=Level.BAD,
            body=(cut(without_password(f"{type(bug).__name__}: {bug}"), 300),),
            hint="What it had begun in the database was taken back. The log has the details.",
        )
    card = replace(card, private=True) if run.private else card
    await _audit(ports, caller, run.event(card, time.monotonic() - began), card, run.ran)
    return card


@dataclass
class _Run:
    """What is known so far of a run, for its audit line."""

    command: str
    via: str
    channel: str = ""
    through: str = ""
    argv: tuple[str, ...] = ()
    role: Role = Role.NOBODY
    changes: bool = False
    private: bool = False
    ran: Command | None = None

    def conceal(self) -> None:
        """Keep of the words only names of options and numbers."""
        self.private = True
        self.argv = tuple(map(_concealed, self.argv))

    def event(self, card: Card, seconds: float) -> CommandRun:
        return CommandRun(
            command=self.command,
            argv=self.argv,
            via=self.via,
            role=self.role.name.lower(),
            outcome=card.level.value,
            seconds=round(seconds, 3),
            changes=self.changes,
            channel=self.channel,
            through=self.through,
        )


async def _permitted(run: _Run, argv: Sequence[str], context: Context, approval: Approval | None) -> Card:
    cmd, rest = find(argv, context.commands)
    run.command, run.changes = cmd.name, cmd.changes
    run.role = role_of(context.caller, context.ports.manage.roles.members, context.ports.manage.roles.default)
    run.argv = _masked(cmd, rest)
    if PRIVATE in rest:  # before anything can go wrong: the line is written in any case
        run.conceal()
    try:
        params = parse(cmd, rest)
    except Usage:
        if _MAY_BE_PRIVATE.match(cmd.name):  # which incident it is about is not known then
            run.argv = tuple(map(_concealed, run.argv))
        raise
    verdict = may(run.role, cmd.role, cmd.name)
    if not verdict.allowed:
        return _not_allowed(verdict.reason, ("Ask an admin to add you under ", Code("roles"), " in manage.yml."))
    if approval and (waiting := await approval(Request(command=cmd, argv=tuple(argv), caller=context.caller))):
        return waiting
    run.ran = cmd
    return await _run(cmd, params, context)


def _not_allowed(reason: str, hint: Text) -> Card:
    return Card(title="Not allowed", level=Level.DENIED, body=(reason,), hint=hint)


async def _run(cmd: Command, params: Mapping[str, Any], context: Context) -> Card:
    if not cmd.lock:
        return await cmd.run(context, **params)
    name = cmd.lock.format(**params)
    async with held(context.ports.store, name, context.caller.id, _LEASE):
        return await cmd.run(context, **params)


def _masked(cmd: Command, words: Sequence[str]) -> tuple[str, ...]:
    """The words as the journal may keep them: short ones, not too many, and none that is a secret."""
    secret = [p for p in cmd.click.params if p.name in cmd.secret]
    options = {o for p in secret if isinstance(p, click.Option) for o in p.opts}
    positional = any(isinstance(p, click.Argument) for p in secret)
    shown: list[str] = []
    for before, word in zip(["", *words], words[:_MOST_WORDS], strict=False):
        option, equals, _ = word.partition("=")
        if before in options or (positional and not word.startswith("-")):
            shown.append(_MASK)
        elif option in options and equals:
            shown.append(f"{option}={_MASK}")
        elif short := next((o for o in options if len(o) == 2 and word.startswith(o) and word != o), ""):
            shown.append(f"{short}{_MASK}")
        else:
            shown.append(cut(word, 200))
    return (*shown, f"and {len(words) - _MOST_WORDS} more") if len(words) > _MOST_WORDS else tuple(shown)


def _concealed(word: str) -> str:
    option, equals, _ = word.partition("=")
    if word.lstrip("#").isdecimal() or (word.startswith("-") and not equals and len(word.split()) < 2):
        return word
    return f"{option}={_MASK}" if equals and _OPTION.fullmatch(option) else _MASK


async def _kept(ports: Ports, cmd: Command, event: CommandRun, card: Card) -> CommandAnswered | None:
    """What an incident keeps of the answer. Raises `StoreError`."""
    try:
        return await answers.kept(ports, cmd, event, card)
    except StoreError:
        raise
    except Exception:  # noqa: BLE001 - logged: it must cost nobody the answer, nor its audit line
        _log.exception("answer_not_kept", command=event.command)
        return None


async def _audit(ports: Ports, caller: Caller, event: CommandRun, card: Card, ran: Command | None) -> None:
    """Write the audit line, and beside it what an incident keeps of the answer."""

    async def write(unit: UnitOfWork) -> None:
        entry = await unit.append(**fact_of(event, actor=caller.id, now=ports.now()))
        told = replace(answer, run=entry.id) if answer else None
        beside = [await unit.append(**fact_of(told, actor=caller.id, now=ports.now()))] if told else []
        await unit.enqueue(job for one in (entry, *beside) for job in ports.jobs_for(one))

    try:
        answer = await _kept(ports, ran, event, card) if ran else None
        await ports.store.transact(write)
    except StoreError as lost:  # the caller has an answer already; losing the line must not lose the answer
        _log.error("audit_line_lost", command=event.command, caller=caller.id, error=str(lost))


async def _unseen(_card: Card) -> None:
    """Progress of a command whose door cannot show it."""
