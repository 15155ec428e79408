"""Forms: a command's parameters as a modal, and what was entered as its command line."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import click
import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.bodies import argv_of, public
from bot.cards import form
from bot.cards.card import Card, Level
from bot.cards.form import FormField
from bot.cards.marks import empty, plain
from bot.command import Command, find
from bot.permissions import Caller
from bot.ports import ChatError
from bot.slack.message import message
from handlers.slack import answers, home
from handlers.slack.door import Body, Door, Reply

CALLBACK = "command_form"
RESULT = "command_result"
LONG = frozenset({"text", "description", "comment", "body", "summary", "reason"})
"""Parameters that people write sentences into."""
MOST_BLOCKS = 100
ANSWER_WITHIN = 1.5
"""Seconds that a submitted form waits for its answer; Slack gives up after three."""
OVERTAKING = 0.5  # seconds in which an edit could overtake the acknowledgement

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a form remembers: the command line so far, and where it was opened from."""

    argv: tuple[str, ...]
    channel: str = ""
    thread_ts: str = ""
    url: str = ""

    def written(self) -> str:
        """The origin as a view's private metadata."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, metadata: str) -> "Origin":
        """The origin that `written` wrote."""
        given = json.loads(metadata)
        return cls(**{**given, "argv": tuple(given["argv"])})


def listen(bolt: AsyncApp, door: Door) -> None:
    """Register the submission of forms."""

    async def submitted(ack: AsyncAck, body: dict[str, Any]) -> None:
        origin = Origin.read(body["view"]["private_metadata"])
        argv, wrong = entered(door, origin, body["view"]["state"])
        if wrong:
            await ack(response_action="errors", errors=form.errors(wrong))
            return
        async with door.work():
            await run(door, body, argv, origin, ack)

    bolt.view(CALLBACK)(submitted)


async def open_form(
    door: Door,
    cmd: Command,
    origin: Origin,
    *,
    trigger_id: str,
    reply: Reply,
    defaults: Mapping[str, str] | None = None,
) -> None:
    """Open the form of a command within the three seconds of its trigger; what goes wrong is told to the asker."""
    if len(origin.written()) > form.METADATA:
        origin = replace(origin, url="")
    if defaults is None and cmd.prefill is not None:
        defaults = await cmd.prefill(door.app.ports, Caller(id=reply.user, via="slack"))
    if defaults is None and cmd.prefill_of is not None:
        defaults = await cmd.prefill_of(door.app.ports, origin.argv)
    try:
        view = form.form(
            cmd.form_title or cmd.name,
            fields(cmd, origin.argv, defaults or {}),
            callback_id=CALLBACK,
            private_metadata=origin.written(),
        )
        await door.chat.call("views.open", trigger_id=trigger_id, view=view)
    except ValueError as error:
        await answers.say(door, reply, _unopened(f"the form is too large for Slack: {error}", cmd))
    except ChatError as error:
        await answers.say(door, reply, _unopened(str(error), cmd))


def _unopened(why: str, cmd: Command) -> Card:
    return Card(
        title="The form could not be opened", level=Level.BAD, body=(why,), hint=f"Type it instead: {cmd.usage}"
    )


async def run(door: Door, body: Body, argv: Sequence[str], origin: Origin, ack: AsyncAck) -> None:
    """Run a submitted form: the answer takes the form's place, and a change is told where the form was opened.

    The acknowledgement itself carries the answer, unless that takes long: an edit of the view that came just after the
    acknowledgement could overtake it and be lost.
    """
    reply = Reply(user=body["user"]["id"], url=origin.url, channel=origin.channel, thread_ts=origin.thread_ts)
    title = body["view"]["title"]["text"]
    task = asyncio.create_task(_carried_out(door, reply, argv, str(body["user"].get("username") or "")))
    try:
        done, _ = await asyncio.wait({task}, timeout=ANSWER_WITHIN)
        if done:
            await _acknowledged(ack, body, task.result(), result(task.result(), title, door))
        else:
            await ack(response_action="update", view=result(Card(title="Working on it …"), title, door))
            await asyncio.sleep(OVERTAKING)
            await show(door, body["view"]["id"], await task, title, reply)
        card = await task
    finally:
        task.cancel()
    if not origin.channel and not origin.url:  # opened from the App Home
        await home.publish(door.app, door.chat, reply.user)
    if origin.url and answers.for_all(door.app.commands, argv, card) and not find(argv, door.app.commands)[0].shows:
        await answers.say(door, reply, card, in_channel=True)


async def _carried_out(door: Door, reply: Reply, argv: Sequence[str], name: str) -> Card:
    return await door.app.invoke(argv, await door.caller(reply, name=name))


async def _acknowledged(ack: AsyncAck, body: Body, card: Card, view: dict[str, Any]) -> None:
    """Answer the submission: what the command does not take is told in the form, everything else takes its place."""
    inputs = [block["block_id"] for block in body["view"]["blocks"] if block["type"] == "input"]
    if card.level is Level.USAGE and inputs:
        said = " ".join(plain(text) for text in (*card.body, card.hint) if not empty(text))
        await ack(response_action="errors", errors=form.errors({inputs[0]: said}))
    else:
        await ack(response_action="update", view=view)


async def show(door: Door, view_id: str, card: Card, title: str, reply: Reply) -> None:
    """Put a card in the place of an open modal; to one who has closed it, it is whispered when it is bad news."""
    try:
        await door.chat.call("views.update", view_id=view_id, view=result(card, title, door))
    except ChatError as error:
        _log.info("slack_modal_gone", view=view_id, error=str(error))
        if not answers.fine(card):
            await answers.whisper(door, replace(reply, url=""), card)


async def open_result(door: Door, card: Card, *, trigger_id: str, reply: Reply) -> None:
    """Show a card in a modal of its own, where there is no message to answer to."""
    try:
        await door.chat.call("views.open", trigger_id=trigger_id, view=result(card, "Answer", door))
    except ChatError as error:
        _log.info("slack_modal_refused", error=str(error))
        await answers.whisper(door, reply, card)


def result(card: Card, title: str, door: Door) -> dict[str, Any]:
    """A modal that shows a card."""
    ports = door.app.ports
    shown = message(card, ports.now(), ports.settings.slack_command)
    blocks = [*shown["blocks"], *(block for part in shown["attachments"] for block in part["blocks"])]
    return {
        "type": "modal",
        "callback_id": RESULT,
        "title": {"type": "plain_text", "text": title[: form.TITLE], "emoji": False},
        "close": {"type": "plain_text", "text": "Close", "emoji": False},
        "blocks": blocks[:MOST_BLOCKS],
    }


def fields(cmd: Command, argv: Sequence[str], defaults: Mapping[str, str]) -> list[FormField]:
    """A field for each parameter that people may set and that `argv` has not set yet; required ones first."""
    context = _context(cmd, argv)
    open_ = [p for p in cmd.click.params if not getattr(p, "hidden", False) and not _given(context, p)]
    return [_field(p, defaults.get(str(p.name), "")) for p in sorted(open_, key=lambda p: not p.required)]


def entered(door: Door, origin: Origin, state: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """The command line of a submitted form, and what is wrong with its fields, by name."""
    cmd, _ = find(origin.argv, door.app.commands)
    asked = fields(cmd, origin.argv, {})
    values = {f.name: _typed(f, v) for f in asked if (v := form.values(state, [f]).get(f.name)) is not None}
    words = argv_of({"command": cmd.name, **values}, door.app.commands)[len(cmd.name.split()) :]
    argv = [*origin.argv, *words]
    return argv, _wrong(cmd, argv[len(cmd.name.split()) :], asked)


def _wrong(cmd: Command, words: Sequence[str], asked: Sequence[FormField]) -> dict[str, str]:
    try:
        cmd.click.make_context(cmd.name, list(words))
    except click.ClickException as error:
        param = getattr(error, "param", None)
        names = [f.name for f in asked]
        name = param.name if param is not None and param.name in names else (names or [""])[0]
        return {str(name): error.format_message()}
    return {}


def _context(cmd: Command, argv: Sequence[str]) -> click.Context:
    # resilient: what is missing still is what the form asks for
    return cmd.click.make_context(cmd.name, list(argv[len(cmd.name.split()) :]), resilient_parsing=True)


def _given(context: click.Context, param: click.Parameter) -> bool:
    source = context.get_parameter_source(str(param.name))
    return source is click.core.ParameterSource.COMMANDLINE and bool(context.params.get(str(param.name)))


def _field(param: click.Parameter, default: str) -> FormField:
    name = str(param.name)
    own = param.default if isinstance(param.default, str | int | float) and not isinstance(param.default, bool) else ""
    return FormField(
        name=name,
        label=public(param).replace("_", " ").capitalize(),
        kind=_kind(param),
        options=tuple(param.type.choices) if isinstance(param.type, click.Choice) else (),
        required=param.required,
        default=default or str(own),
        hint=getattr(param, "help", "") or "",
    )


def _kind(param: click.Parameter) -> Any:
    if getattr(param, "is_flag", False):
        return "flag"
    if isinstance(param.type, click.Choice):
        return "choice"
    if isinstance(param.type, click.types.IntParamType | click.types.FloatParamType):
        return "number"
    if isinstance(param.type, click.DateTime):
        return "datetime"
    if param.name == "user":
        return "user"
    return "multiline" if param.name in LONG else "text"


def _typed(field: FormField, value: str) -> Any:
    """The value as `argv_of` takes it."""
    return value == "true" if field.kind == "flag" else value
