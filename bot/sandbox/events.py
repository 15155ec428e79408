"""Events as Slack sends them: what happened, to the apps that subscribed, hold the scope and are in the channel."""

import secrets

from bot.sandbox import shapes
from bot.sandbox.courier import Courier
from bot.sandbox.options import EVENT_SCOPES, Options
from bot.sandbox.state import APP_ID, BOT_USER_ID, TEAM_ID, Channel, Json, Message, State, View

CHANNEL_TYPES = {"channel": "channel", "group": "group", "im": "im"}
MESSAGE_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


def envelope(event: Json, state: State) -> Json:
    """Give the outer ``event_callback`` around one event."""
    return {
        "token": "sandbox",
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev0{secrets.token_hex(5).upper()}",
        "event_time": state.now(),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_hex(8)}",
    }


class Events:
    """One method for each thing that can happen; who did it is given by id."""

    def __init__(self, options: Options, state: State, courier: Courier) -> None:
        self.options = options
        self.state = state
        self.courier = courier

    def send(self, subscription: str, event: Json) -> None:
        """Deliver an event when the app subscribed to it and its token holds the scope."""
        scope = EVENT_SCOPES[subscription]
        if subscription in self.options.events and (scope is None or scope in self.options.scopes):
            self.courier.tell(envelope({"event_ts": self.state.next_ts(), **event}, self.state))

    def message(self, message: Message) -> None:
        """Tell that a message was posted; one that mentions the bot is an ``app_mention`` besides."""
        channel = self.state.channels[message.channel]
        if BOT_USER_ID not in channel.members:
            return
        shape = shapes.message(self.state, message, with_metadata="metadata.message:read" in self.options.scopes)
        where = {"channel": channel.id, "event_ts": message.ts}
        self.send(MESSAGE_EVENTS[channel.kind], shape | where | {"channel_type": CHANNEL_TYPES[channel.kind]})
        if f"<@{BOT_USER_ID}" in message.text and not message.by_bot and channel.kind != "im":
            self.send("app_mention", {**shape, **where, "type": "app_mention"})

    def message_changed(self, message: Message, previous: Json) -> None:
        """Tell that a message was edited."""
        self.hidden(message, {"subtype": "message_changed", "previous_message": previous}, with_message=True)

    def message_deleted(self, message: Message, previous: Json) -> None:
        """Tell that a message was deleted."""
        self.hidden(message, {"subtype": "message_deleted", "deleted_ts": message.ts, "previous_message": previous})

    def hidden(self, message: Message, change: Json, *, with_message: bool = False) -> None:
        """Tell of a change of a message, as a hidden message event of its own."""
        channel = self.state.channels[message.channel]
        if BOT_USER_ID not in channel.members:
            return
        ts = self.state.next_ts()
        event: Json = {"type": "message", "channel": channel.id, "ts": ts, "event_ts": ts, "hidden": True, **change}
        if with_message:
            event["message"] = shapes.message(self.state, message, with_metadata=True)
        self.send(MESSAGE_EVENTS[channel.kind], event | {"channel_type": CHANNEL_TYPES[channel.kind]})

    def reaction(self, message: Message, user: str, name: str, *, added: bool) -> None:
        """Tell that a reaction was added to a message or taken back."""
        if BOT_USER_ID not in self.state.channels[message.channel].members:
            return
        kind = "reaction_added" if added else "reaction_removed"
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        self.send(kind, {"type": kind, "user": user, "reaction": name, "item": item, "item_user": message.user})

    def pin(self, message: Message, user: str, *, added: bool) -> None:
        """Tell that a message was pinned or unpinned."""
        channel = self.state.channels[message.channel]
        if BOT_USER_ID not in channel.members:
            return
        kind = "pin_added" if added else "pin_removed"
        item: Json = {
            "type": "message",
            "channel": channel.id,
            "message": shapes.message(self.state, message),
            "created": self.state.now(),
            "created_by": user,
        }
        self.send(
            kind, {"type": kind, "user": user, "channel_id": channel.id, "item": item, "has_pins": bool(channel.pins)}
        )

    def member(self, channel: Channel, user: str, *, joined: bool, inviter: str | None = None) -> None:
        """Tell that someone entered or left a channel of the bot."""
        if channel.kind == "im" or (BOT_USER_ID not in channel.members and user != BOT_USER_ID):
            return
        kind = "member_joined_channel" if joined else "member_left_channel"
        event = {
            "type": kind,
            "user": user,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": TEAM_ID,
        }
        self.send(kind, event | ({"inviter": inviter} if inviter else {}))

    def channel(self, channel: Channel, what: str, user: str) -> None:
        """Tell that a channel was created, archived, unarchived or renamed; of a private one only as a member."""
        if channel.kind == "group" and BOT_USER_ID not in channel.members:
            return
        kind = f"{channel.kind}_{what}"
        if kind not in EVENT_SCOPES:
            return
        short = {"id": channel.id, "name": channel.name, "created": channel.created}
        if what == "created":
            self.send(kind, {"type": kind, "channel": short | {"creator": channel.creator}})
        elif what == "rename":
            self.send(kind, {"type": kind, "channel": short})
        else:
            self.send(kind, {"type": kind, "channel": channel.id, "user": user, "is_moved": 0})

    def home_opened(self, user: str, tab: str, view: View | None) -> None:
        """Tell that a person opened the app's Home or Messages tab."""
        event: Json = {"type": "app_home_opened", "user": user, "channel": self.state.im(user).id, "tab": tab}
        if view and tab == "home":
            event["view"] = shapes.view(view)
        self.send("app_home_opened", event)

    def assistant_started(self, user: str, channel: str, thread_ts: str, viewed: str) -> None:
        """Tell that a person began a thread with the assistant, while looking at the channel ``viewed``."""
        context = {"channel_id": viewed, "team_id": TEAM_ID, "enterprise_id": None} if viewed else {}
        thread = {"user_id": user, "context": context, "channel_id": channel, "thread_ts": thread_ts}
        self.send("assistant_thread_started", {"type": "assistant_thread_started", "assistant_thread": thread})

    def file_shared(self, file_id: str, user: str, channel: str) -> None:
        """Tell that a file was shared in a channel."""
        event = {"type": "file_shared", "file_id": file_id, "user_id": user, "file": {"id": file_id}}
        self.send("file_shared", event | {"channel_id": channel})
