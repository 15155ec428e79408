"""What was asked of the assistant, and answered."""

from dataclasses import dataclass

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class QuestionAnswered(Event):
    """A question was answered in a thread; both texts without secrets. `ran` are the command lines that were looked at.

    `tokens` are those that the model used for it.
    """

    channel: str
    thread_ts: str
    question: str
    answer: str
    ran: tuple[str, ...]
    model: str
    tokens: int

    @property
    @override
    def subject(self) -> str:
        return f"thread:{self.channel}:{self.thread_ts}"
