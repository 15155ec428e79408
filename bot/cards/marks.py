"""Texts of a card as Slack's mrkdwn, as Slack's rich text elements, and as plain text (pure).

Rich text is preferred wherever Slack takes it: its text elements are literal, so nothing in them can become a mention,
a link, a date or formatting. Where only mrkdwn is possible (section fields, context, the notification text), what a
person or a model wrote is escaped and its formatting characters are replaced by look-alikes.
Rules: docs.slack.dev/messaging/formatting-message-text and docs.slack.dev/reference/block-kit/blocks/rich-text-block.
"""

import re
import shlex
from datetime import UTC
from typing import Any
from urllib.parse import quote, urlsplit

from bot.cards.card import Bold, Code, CommandLine, Link, Mark, Moment, Person, Room, Text
from bot.phrasing import ELLIPSIS

Element = dict[str, Any]

URL_LIMIT = 3000
_USER = re.compile(r"[UW][A-Z0-9]{2,20}")
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}")
# Control characters and what turns the direction of writing around: neither has a place in a message, and both can hide
# what a text really says. Lone surrogates cannot be sent at all.
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TOKEN = re.compile(r"<(?=[!@#]|[a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_EMOJI = re.compile(r":(?=[a-z+-][\w+'-]*:)")
# `_` formats only at the edge of a word; inside one (error_rate) it must stay, people copy such names.
_LOOKALIKES = (
    (re.compile(r"\*"), "\u2217"),
    (re.compile(r"~"), "\u223c"),
    (re.compile(r"`"), "\u02cb"),
    (re.compile(r"(?<![^\W_])_|_(?![^\W_])"), "\u02cd"),
    (_EMOJI, "\u2236"),
    (re.compile(r"(?m)^(\s*)>"), "\\1\u203a"),
)


def clean(text: str) -> str:
    """The text without characters that cannot be shown; line ends are newlines, tabs are spaces."""
    return _UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    "))


def literal(text: str) -> str:
    """For Slack's unformatted texts: whatever looks like a token of mrkdwn is broken by an invisible word joiner.

    Slack shows these texts as they are; the joiner also holds in clients and tools that parse them again.
    """
    return _TOKEN.sub("<\u2060", clean(text))


def parts(text: Text) -> tuple[str | Mark, ...]:
    """The text as a tuple."""
    return text if isinstance(text, tuple) else (text,)


def empty(text: Text) -> bool:
    """True when nothing of the text would be seen."""
    return not plain(text).strip()


def plain(text: Text, command: str = "/do") -> str:
    """The text without any markup; moments in UTC, links as "text (address)"."""
    return "".join(_plain(part, command) for part in parts(text))


def _plain(part: str | Mark, command: str) -> str:  # noqa: PLR0911 - one line for each mark
    match part:
        case str():
            return clean(part)
        case Person(id=name):
            return clean(name)
        case Room(id=key, name=name):
            return f"#{clean(name).lstrip('#') or clean(key)}"
        case Moment():
            return fallback(part)
        case Link(text=label, url=url):
            return clean(label) if clean(label) == clean(url) else f"{clean(label)} ({clean(url)})"
        case CommandLine():
            return typed(part, command)
        case Bold(text=said) | Code(text=said):
            return clean(said)


def fallback(moment: Moment) -> str:
    """The moment in UTC, for where the reader's zone is not known."""
    return moment.at.astimezone(UTC).strftime("%H:%M UTC" if moment.style == "time" else "%Y-%m-%d %H:%M UTC")


def typed(line: CommandLine, command: str) -> str:
    """The command line as it is typed in this medium: "/do manage ack 1"."""
    return clean(f"{command} manage {shlex.join(line.argv)}".rstrip())


def address(url: str) -> str | None:
    """The address made fit for a link, or None when it is none: http or https, with a host, at most 3000 characters."""
    try:
        split = urlsplit(url)
    except ValueError:
        return None
    if split.scheme not in {"http", "https"} or not split.hostname or url != clean(url):
        return None
    # every character that could end the address, or Slack's token around it, is percent-encoded
    safe = split.scheme + quote(url[len(split.scheme) :], safe="!#$%&'()*+,/:;=?@[]~")
    return safe if len(safe) <= URL_LIMIT else None


def mrkdwn(text: Text, limit: int, command: str = "/do") -> str:
    """The text as mrkdwn within `limit` characters as sent; the rest is cut with an ellipsis, but never a token.

    Plain "@channel" words need no care: with `parse` and `link_names` left at their defaults Slack reads only tokens.
    """
    pieces = [_mrkdwn(part, command) for part in parts(text)]
    whole = "".join(pieces)
    if len(whole) <= limit:
        return whole
    kept, room = [], limit - len(ELLIPSIS)
    for part, piece in zip(parts(text), pieces, strict=True):
        if len(piece) > room:
            kept.append(_shortened(part, room))
            break
        kept.append(piece)
        room -= len(piece)
    return "".join(kept) + ELLIPSIS if limit > 0 else ""


def _mrkdwn(part: str | Mark, command: str) -> str:  # noqa: PLR0911 - one line for each mark
    match part:
        case Person(id=name) if _USER.fullmatch(name):
            return f"<@{name}>"
        case Room(id=key) if _CHANNEL.fullmatch(key):
            return f"<#{key}>"
        case Moment(at=at):
            return f"<!date^{int(at.timestamp())}^{_date_format(part)}|{fallback(part)}>"
        case Link(url=url, text=label) if target := address(url):
            return f"<{target.replace('&', '&amp;')}|{_escaped(_line(label)) or target.replace('&', '&amp;')}>"
        case Bold(text=said):
            return f"*{_escaped(_line(said))}*" if _line(said) else ""
        case Code() | CommandLine():
            said = _line(_plain(part, command)).replace("`", "\u02cb")
            return f"`{_entities(said)}`" if said else ""
        case _:
            return _escaped(_plain(part, command))


def _shortened(part: str | Mark, room: int) -> str:
    """As much of the part as fits into `room` characters; of marks other than words nothing does."""
    if isinstance(part, str):
        return _fitting(_disarmed(clean(part)), room)
    if isinstance(part, Bold) and room > 2:
        inner = _fitting(_disarmed(_line(part.text)), room - 2).rstrip()
        return f"*{inner}*" if inner else ""
    return ""


def _fitting(text: str, room: int) -> str:
    """The longest beginning of `text` that, escaped, has at most `room` characters."""
    kept = ""
    for character in text:
        if len(kept) + len(_entities(character)) > room:
            break
        kept += _entities(character)
    return kept


def _line(text: str) -> str:
    """The text on one line, as bold, code and link texts must be."""
    return " ".join(clean(text).split())


def _disarmed(text: str) -> str:
    for pattern, lookalike in _LOOKALIKES:
        text = pattern.sub(lookalike, text)
    return text


def _entities(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escaped(text: str) -> str:
    return _entities(_disarmed(text))


def rich(text: Text, limit: int, command: str = "/do") -> list[Element]:
    """The text as rich text elements of at most `limit` visible characters; the rest is cut with an ellipsis."""
    elements = [element for part in parts(text) if (element := _rich(part, command))]
    if sum(map(cost, elements)) <= limit:
        return elements
    kept, room = [], limit - len(ELLIPSIS)
    for element in elements:
        if cost(element) > room:
            # a mention or a date is kept whole or not at all
            if element["type"] == "text" and room > 0:
                kept.append(element | {"text": element["text"][:room]})
            break
        kept.append(element)
        room -= cost(element)
    return [*kept, {"type": "text", "text": ELLIPSIS}] if limit > 0 else []


def _rich(part: str | Mark, command: str) -> Element | None:  # noqa: PLR0911 - one line for each mark
    match part:
        case Person(id=name) if _USER.fullmatch(name):
            return {"type": "user", "user_id": name}
        case Room(id=key) if _CHANNEL.fullmatch(key):
            return {"type": "channel", "channel_id": key}
        case Moment(at=at):
            stamp = int(at.timestamp())
            return {"type": "date", "timestamp": stamp, "format": _date_format(part), "fallback": fallback(part)}
        case Link(url=url, text=label) if target := address(url):
            return {"type": "link", "url": target, "text": literal(_line(label)) or target}
        case Bold(text=said):
            return _styled(said, bold=True)
        case Code() | CommandLine():
            return _styled(_plain(part, command), code=True)
        case _:
            return _styled(_plain(part, command))


def _styled(text: str, **style: bool) -> Element | None:
    said = literal(text)
    if not said:
        return None
    return {"type": "text", "text": said} | ({"style": style} if style else {})


def _date_format(moment: Moment) -> str:
    return "{time}" if moment.style == "time" else "{date_short_pretty} {time}"


def cost(element: Element) -> int:
    """How many characters the element counts for; mentions and dates by the length that Slack shows at most."""
    return len(
        element.get("text") or element.get("fallback") or element.get("user_id") or element.get("channel_id", "")
    )
