"""The App Home: what is open now, who is on call, and the buttons to act."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bot.cards.card import Button, Card, Moment
from bot.ports import ChatError
from bot.slack.client import SlackChat
from bot.slack.message import message
from handlers.slack.door import App, Body, caller_of

SHOWN: tuple[tuple[str, ...], ...] = (
    ("alerts",),
    ("incidents", "--status=open"),
    ("followups",),
    ("oncall",),
    ("oncall", "me"),
)
"""The command lines whose answers make the page."""
MOST_BLOCKS = 100

_log = structlog.get_logger(__name__)


def kept(event: Body) -> Mapping[str, Any] | None:
    """What of an opened Home is kept; the Messages tab needs nothing."""
    return {"type": event["type"], "user": event["user"]} if event.get("tab") == "home" else None


async def act(app: App, event: Body) -> None:
    """Bring the Home of whoever opened it up to date."""
    if isinstance(app.ports.chat, SlackChat):
        await publish(app, app.ports.chat, event["user"])


async def publish(app: App, chat: SlackChat, user: str) -> None:
    """Show a person their Home. When Slack refuses, the next opening does it again."""
    caller = await caller_of(app.ports, user)
    cards = [await app.invoke(list(argv), caller) for argv in SHOWN if _known(app, argv)]
    try:
        await chat.call("views.publish", user_id=user, view=view(app, [*cards, _foot(app)]))
    except ChatError as error:
        _log.warning("slack_home_refused", user=user, error=str(error))


def _known(app: App, argv: Sequence[str]) -> bool:
    return " ".join(word for word in argv if not word.startswith("-")) in app.commands


def _foot(app: App) -> Card:
    buttons = []
    if "health" in app.commands:
        buttons.append(Button(label="Health", argv=("health",)))
    if "oncall test" in app.commands:
        buttons.append(Button(label="Send me a test page", argv=("oncall", "test", "@me")))
    if "incident declare" in app.commands:
        buttons.append(Button(label="Declare an incident", argv=("incident", "declare"), form=True, style="danger"))
    return Card(title="More", buttons=tuple(buttons), footer=("As of ", Moment(app.ports.now()), "."))


def view(app: App, cards: list[Card]) -> dict[str, Any]:
    """The cards below each other, as a Home view; every button gets an id of its own."""
    ports = app.ports
    blocks: list[dict[str, Any]] = []
    for card in cards:
        shown = message(card, ports.now(), ports.settings.slack_command)
        blocks += [*shown["blocks"], *(block for part in shown["attachments"] for block in part["blocks"])]
        blocks.append({"type": "divider"})
    number = 0
    for block in (block for block in blocks if block["type"] == "actions"):
        for element in block["elements"]:
            element["action_id"] = f"{element['action_id'].partition(':')[0]}:{number}"
            number += 1
    return {"type": "home", "blocks": blocks[:-1][:MOST_BLOCKS]}
