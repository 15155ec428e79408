"""Events of Slack: kept as jobs before they are acknowledged, dropped when they come twice, acted on by the worker."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.bus import Task
from bot.ports import Ports
from handlers.slack import emoji, home, mentions, newcomers, pane, threads
from handlers.slack.door import App, Body, Door
from storage.records.jobs import Job, NewJob

KIND = "slack.event"
EVENTS = (
    "app_home_opened",
    "app_mention",
    "assistant_thread_started",
    "member_joined_channel",
    "message",
    "reaction_added",
    "reaction_removed",
)
"""The types that are listened to; `message` arrives by the subscriptions message.channels, .groups and .im."""

Kept = Mapping[str, Any]

_log = structlog.get_logger(__name__)


def listen(bolt: AsyncApp, door: Door) -> None:
    """Register one listener for all events.

    Bolt acknowledges an event before its listener runs, but after the listener's middleware: that is where it is kept.
    When that fails nothing is acknowledged, and Slack sends the event again.
    """

    async def keep(body: dict[str, Any], next_: Callable[[], Awaitable[None]]) -> BoltResponse | None:
        if job := job_of(body, door.app.ports):
            await door.app.ports.store.transact(lambda unit: unit.enqueue([job]))
        await next_()
        return None

    async def kept(event: dict[str, Any]) -> None:
        _log.debug("slack_event", type=event["type"])

    for name in EVENTS:
        bolt.event(name, middleware=[keep])(kept)


def job_of(body: Body, ports: Ports) -> NewJob | None:
    """The job of an event, or None when nothing follows from it. `event_id` makes it one of a kind."""
    event = body["event"]
    kept = _kept(event, ports, _me(body))
    if kept is None:
        return None
    event_id = str(body["event_id"])
    return NewJob(
        kind=KIND,
        key=f"slack:{event_id}",
        due_at=ports.now(),
        lane=f"slack:{_place(event)}",
        payload={"event_id": event_id, **kept},
    )


def _kept(event: Body, ports: Ports, me: str) -> Kept | None:
    match event["type"]:
        case "reaction_added" | "reaction_removed":
            known = {*ports.manage.alerts.reactions, ports.manage.follow_ups.emoji}
            # our own tick asks for nothing
            return emoji.kept(event, known, me) if event.get("user") != me else None
        case "app_mention":
            return mentions.kept(event)
        case "member_joined_channel":
            return newcomers.kept(event, me)
        case "assistant_thread_started":
            return pane.begun(event)
        case "message":
            return pane.kept(event) if event.get("channel_type") == "im" else threads.kept(event, me)
        case _:
            return home.kept(event)


def _me(body: Body) -> str:
    """The bot's own user id, as the event tells it."""
    return next((str(one.get("user_id")) for one in body.get("authorizations") or () if one.get("is_bot")), "")


def _place(event: Body) -> str:
    """What must keep its order: events about one message, one thread, or one person's Home."""
    item = event.get("item") or event.get("assistant_thread") or event
    place = item.get("channel") or item.get("channel_id") or event.get("user")
    return f"{place}:{item.get('thread_ts') or item.get('ts') or ''}"


def tasks(app: App) -> list[Task]:
    """What the worker runs for kept events."""

    async def act(_ports: Ports, job: Job) -> None:
        event = job.payload
        match event["type"]:
            case "reaction_added" | "reaction_removed":
                await emoji.act(app, event, looked=job.postponed)
            case "app_mention" | pane.DIRECT:
                await mentions.act(app, event, attempt=job.attempts)
            case "assistant_thread_started":
                await pane.act(app, event)
            case "member_joined_channel":
                await newcomers.act(app, event, attempt=job.attempts)
            case "message":
                await threads.act(app, event)
            case _:
                await home.act(app, event)

    return [Task(name=KIND, run=act)]
