"""One question: the model asks for commands, those that only read are run in the asker's name, then it answers.

Bounded in rounds, commands, time, output and tokens. Nothing here changes anything but the memory of the thread.
"""

import asyncio
import secrets
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.assistant import calls, cards, prompt
from bot.assistant.memory import recalled, remember
from bot.assistant.reading import read
from bot.assistant.steps import Look, Offer, Ran, Refused
from bot.cards.card import Card, Level
from bot.cards.json import to_json
from bot.command import Command, Context
from bot.invoke import invoke
from bot.llm.client import ModelError
from bot.permissions import Role, role_of
from bot.phrasing import duration
from bot.ports import Talker
from bot.talk import Call, Message

ROUNDS = 6
MOST_RUNS = 12
MOST_OFFERS = 3
TOKENS = 60_000
"""Tokens after which the model must answer with what it has."""
ANSWER = 6_000  # tokens of one turn
WITHIN = 180.0  # seconds for the whole question
EACH = 30.0  # seconds for one command

_NAME = "assistant"


@dataclass
class _Talk:
    """A question under way: the messages so far, what was run, what is proposed. `fence` is its own, and random."""

    ctx: Context
    commands: Mapping[str, Command]
    role: Role
    looks: Role
    question: str
    messages: list[Message]
    ran: list[Ran] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    fence: str = field(default_factory=lambda: f"data-{secrets.token_hex(4)}")
    tokens: int = 0


async def answer(ctx: Context, talker: Talker, question: str, commands: Mapping[str, Command]) -> Card:
    """The answer to a question, as a card; `commands` are those that may be looked at or proposed."""
    roles = ctx.ports.manage.roles
    role = role_of(ctx.caller, roles.members, roles.default)
    where = f"The question was asked in the channel {ctx.caller.channel}." if ctx.caller.channel else ""
    talk = _Talk(
        ctx=ctx,
        commands=commands,
        role=role,
        looks=calls.sight(ctx.caller, role),
        question=question,
        messages=[
            prompt.system(calls.offerable(commands, role), ctx.ports.now(), where),
            *prompt.memory(await recalled(ctx.ports, ctx.caller)),
            Message(role="user", text=question),
        ],
    )
    await ctx.progress(cards.looking(question, ()))
    try:
        async with asyncio.timeout(WITHIN):
            text = await _answered(talk, talker)
    except ModelError as failure:
        return cards.failed(question, str(failure), talk.ran)
    except TimeoutError:
        return cards.failed(question, f"it was not ready within {duration(WITHIN)}; ask for less at once", talk.ran)
    await remember(ctx.ports, ctx.caller, question, text, talk.ran, model=talker.model, tokens=talk.tokens)
    return cards.answered(
        question,
        read(text, len(talk.ran)),
        talk.ran,
        talk.offers,
        model=talker.model,
        below=bool(ctx.caller.thread_ts),
    )


async def _answered(talk: _Talk, talker: Talker) -> str:
    """The text of the answer, after as many rounds of commands as it takes; raises `ModelError`."""
    offered = calls.tools(talk.commands, talk.role, talk.looks)

    async def said(text: str) -> None:
        await talk.ctx.progress(cards.writing(talk.question, read(text, len(talk.ran))))

    for left in reversed(range(ROUNDS)):
        may_call = bool(left) and len(talk.ran) < MOST_RUNS and talk.tokens < TOKENS
        turn = await talker.turn(talk.messages, tools=offered, may_call=may_call, most=ANSWER, said=said)
        talk.tokens += turn.tokens
        if not turn.calls:
            return turn.text
        talk.messages.append(Message(role="assistant", text=turn.text, calls=turn.calls))
        for call in turn.calls:
            talk.messages.append(Message(role="tool", of=call.id, text=await _followed(talk, call)))
    raise AssertionError("the last round has no calls")


async def _followed(talk: _Talk, call: Call) -> str:
    """What a call led to, in words for the model."""
    match calls.judged(call, talk.commands, talk.role, talk.looks):
        case Refused(why=why):
            return f"Refused: {why}"
        case Offer() as offer:
            return _offered(talk, offer)
        case Look(argv=argv):
            if len(talk.ran) >= MOST_RUNS:
                return f"Refused: {MOST_RUNS} commands were looked at already. Answer with what you have."
            return await _looked(talk, argv)


def _offered(talk: _Talk, offer: Offer) -> str:
    if offer in talk.offers:
        return "The asker sees that button already."
    if len(talk.offers) >= MOST_OFFERS:
        return f"Refused: there are {MOST_OFFERS} proposals already."
    talk.offers.append(offer)
    return f"Not run. The asker will see a button for `{offer.line}` below your answer, and may press it or not."


async def _looked(talk: _Talk, argv: Sequence[str]) -> str:
    await talk.ctx.progress(cards.looking(talk.question, talk.ran, argv))
    ctx, line = talk.ctx, shlex.join(argv)
    try:
        async with asyncio.timeout(EACH):
            card = await invoke(argv, replace(ctx.caller, through=_NAME), ctx.ports, talk.commands)
    except TimeoutError:
        card = Card(title=f"It took longer than {duration(EACH)}", level=Level.BAD)
    if card.private:  # it never should be: the assistant sees nothing private
        card = Card(title="This is private and not told to models", level=Level.DENIED)
    talk.ran.append(Ran(argv=tuple(argv), level=card.level))
    return prompt.result(len(talk.ran), line, to_json(card), talk.fence)
