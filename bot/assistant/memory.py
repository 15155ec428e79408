"""What was asked and answered in a thread before: kept in the journal, so that it outlives a restart."""

import shlex
from collections.abc import Sequence

from bot.assistant.prompt import Earlier
from bot.assistant.reading import without_citations
from bot.assistant.steps import Ran
from bot.decision import fact_of
from bot.events import QuestionAnswered
from bot.llm.redaction import redact
from bot.permissions import Caller
from bot.phrasing import cut
from bot.ports import Ports
from storage.tables import journal
from storage.unit_of_work import UnitOfWork

LONGEST = 2_000  # characters of a question or an answer


async def recalled(ports: Ports, caller: Caller) -> list[Earlier]:
    """The questions and answers of the caller's thread, oldest first; none outside of threads."""
    if not caller.thread_ts:
        return []
    async with ports.store.read() as conn:
        entries = await journal.of_subjects(conn, [f"thread:{caller.channel}:{caller.thread_ts}"])
    return [
        Earlier(question=str(entry.payload["question"]), answer=without_citations(str(entry.payload["answer"])))
        for entry in entries
        if entry.kind == QuestionAnswered.__name__
    ]


async def remember(
    ports: Ports, caller: Caller, question: str, answer: str, ran: Sequence[Ran], *, model: str, tokens: int
) -> None:
    """Keep a question of a thread with its answer, both without secrets."""
    if not caller.thread_ts:
        return
    asked, told = redact([question, answer]).texts
    event = QuestionAnswered(
        channel=caller.channel,
        thread_ts=caller.thread_ts,
        question=cut(asked, LONGEST),
        answer=cut(told, LONGEST),
        ran=tuple(cut(shlex.join(one.argv), 200) for one in ran),
        model=model,
        tokens=tokens,
    )

    async def write(unit: UnitOfWork) -> None:
        entry = await unit.append(**fact_of(event, actor=caller.id, now=ports.now()))
        await unit.enqueue(ports.jobs_for(entry))

    await ports.store.transact(write)
