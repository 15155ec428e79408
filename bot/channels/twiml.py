"""What Twilio is told to say, as TwiML (pure). www.twilio.com/docs/voice/twiml and .../docs/messaging/twiml."""

from xml.sax.saxutils import escape, quoteattr

from bot.channels.notice import Notice, one_line
from bot.phrasing import cut

SPOKEN = 400
"""Characters of a summary that are spoken: half a minute."""
_SHORTEST_PAUSE = 1
_PATIENCE = 8


def call(told: Notice, action: str) -> str:
    """A page as it is spoken, twice; the key that is pressed goes to `action` ("": nothing listens for one)."""
    spoken = _say(speech(told))
    if not action:
        return _response(f'{spoken}<Pause length="{_SHORTEST_PAUSE}"/>{spoken}')
    keys = "Press 1 to acknowledge, 2 to hear this again." if told.number else "Press 2 to hear this again."
    inside = f'{spoken}{_say(keys)}<Pause length="{_SHORTEST_PAUSE}"/>{spoken}{_say(keys)}'
    gather = f'<Gather numDigits="1" timeout="{_PATIENCE}" method="POST" action={quoteattr(action)}>{inside}</Gather>'
    return _response(gather + _say("No key was pressed. Goodbye."))


def goodbye(said: str) -> str:
    """Say something and hang up."""
    return _response(f"{_say(cut(_speakable(one_line(said)), SPOKEN))}<Hangup/>")


def message(said: str) -> str:
    """Answer an SMS; "" answers nothing."""
    return _response(f"<Message>{_escaped(said)}</Message>" if said else "")


def speech(told: Notice) -> str:
    """The page in a sentence or two that can be listened to."""
    summary = cut(_speakable(told.summary), SPOKEN)
    if told.number is None:
        return summary
    return f"Alert number {told.number}, severity {told.severity}. {summary}."


def _speakable(said: str) -> str:
    """The text without what no voice can say, and what would be five characters long once escaped."""
    return " ".join(said.replace("&", " and ").replace("<", " ").replace(">", " ").split())


def _say(said: str) -> str:
    return f'<Say language="en-US">{_escaped(said)}</Say>'


def _escaped(said: str) -> str:
    """The text for XML 1.0: markup escaped, and no character that it does not allow."""
    fit = "".join(c for c in said if c == "\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff")
    return escape(fit)


def _response(inside: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{inside}</Response>'
