"""What is told aside: news of what came of a reaction or a reply, to that person alone."""

import structlog

from bot.cards.card import Card, Level
from bot.permissions import Caller
from bot.ports import ChatError, Ports

ASIDE = Card(title="The answer is for whoever asked alone")
"""What stands where others read instead of an answer that is not for them."""

_log = structlog.get_logger(__name__)


async def tell(ports: Ports, caller: Caller, card: Card, *, always: bool = False) -> None:
    """Whisper an answer that is not simply "done", or (`always`) any. What was decided stands, told or not."""
    if (card.level is Level.OK and not always) or ports.chat is None:
        return
    try:
        await ports.chat.whisper(caller.channel, caller.id, card, thread_ts=caller.thread_ts)
    except ChatError as error:
        _log.warning("slack_aside_lost", user=caller.id, title=card.title, error=str(error))
