"""What the workspace knows: people, channels, messages, files and views. Kept in memory, never on disk."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]

TEAM_ID = "T0SANDBOX"
TEAM_NAME = "Sandbox"
TEAM_DOMAIN = "sandbox"
APP_ID = "A0DOMANAGE"
BOT_ID = "B0DOMANAGE"
BOT_USER_ID = "U0BOT"
SLACKBOT_ID = "USLACKBOT"
USERGROUP_ID = "S0ONCALL"


@dataclass
class User:
    """A person or the bot. ``name`` is the handle that ``@`` completes."""

    id: str
    name: str
    real_name: str
    tz: str = "Etc/UTC"
    is_bot: bool = False
    is_admin: bool = False
    deleted: bool = False

    @property
    def email(self) -> str:
        """The address in the workspace's own, reserved domain."""
        return f"{self.name}@{TEAM_DOMAIN}.example"

    def to_api(self) -> Json:
        """Give the ``user`` object of the Web API."""
        profile = {"real_name": self.real_name, "display_name": self.name, "team": TEAM_ID}
        if self.is_bot:
            profile |= {"api_app_id": APP_ID, "bot_id": BOT_ID}
        else:
            profile["email"] = self.email
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "name": self.name,
            "real_name": self.real_name,
            "deleted": self.deleted,
            "tz": self.tz,
            "tz_label": self.tz,
            "tz_offset": 0,
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 0,
            "profile": profile,
        }


@dataclass
class Message:
    """One message. ``only_for`` makes it ephemeral; ``streaming`` is true between start and stop of a stream."""

    channel: str
    ts: str
    user: str
    text: str = ""
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    thread_ts: str | None = None
    metadata: Json | None = None
    by_bot: bool = False
    subtype: str | None = None
    edited: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    only_for: str | None = None
    streaming: bool = False
    broadcast: bool = False
    username: str | None = None
    extra: Json = field(default_factory=dict)
    prompts: Json | None = None


@dataclass
class Channel:
    """A public channel, a private one (``group``) or a direct conversation with the bot (``im``)."""

    id: str
    name: str
    created: int
    creator: str
    kind: Literal["channel", "group", "im"] = "channel"
    is_general: bool = False
    is_archived: bool = False
    topic: str = ""
    topic_by: str = ""
    purpose: str = ""
    purpose_by: str = ""
    members: list[str] = field(default_factory=list)
    messages: dict[str, Message] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    bookmarks: list[Json] = field(default_factory=list)
    canvas: str = ""
    tabs: list[str] = field(default_factory=list)

    def replies(self, thread_ts: str) -> list[Message]:
        """Give the answers in a thread, oldest first, without its first message and without ephemeral ones."""
        return [m for m in self.messages.values() if m.thread_ts == thread_ts and m.ts != thread_ts and not m.only_for]


@dataclass
class File:
    """An uploaded file, or a canvas; ``content`` is empty until the bytes have been sent to its upload address."""

    id: str
    name: str
    length: int
    created: int
    user: str
    title: str = ""
    content: bytes | None = None
    complete: bool = False
    mode: Literal["hosted", "canvas"] = "hosted"
    channels: list[str] = field(default_factory=list)


@dataclass
class View:
    """A modal or an App Home as the app sent it (``body``) with the identity that Slack adds."""

    id: str
    user: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None


@dataclass
class State:
    """All there is. Whoever changes it calls ``announce``, and every watcher hears of it.

    ``url`` is the address of the workspace's page, ending in a slash.
    """

    clock: Callable[[], float]
    users: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    modals: dict[str, list[View]] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    usergroups: dict[str, Json] = field(default_factory=dict)
    watchers: list[Callable[[Json], None]] = field(default_factory=list)
    last_ts: int = 0
    url: str = ""

    def announce(self, change: str, **data: Any) -> None:
        """Tell every watcher of one change."""
        for watcher in tuple(self.watchers):
            watcher({"type": change, **data})

    def next_ts(self) -> str:
        """Give a message timestamp: Unix seconds with six decimals, unique and rising."""
        self.last_ts = max(int(self.clock() * 1_000_000), self.last_ts + 1)
        return f"{self.last_ts // 1_000_000}.{self.last_ts % 1_000_000:06d}"

    def now(self) -> int:
        """Unix seconds."""
        return int(self.clock())

    def channel(self, name_or_id: str) -> Channel | None:
        """Find a channel by id, by ``#name`` or by name; an archived one keeps its name."""
        if name_or_id in self.channels:
            return self.channels[name_or_id]
        wanted = name_or_id.removeprefix("#")
        return next((c for c in self.channels.values() if c.kind != "im" and c.name == wanted), None)

    def im(self, user: str) -> Channel:
        """Give the direct conversation between a person and the bot, opened where there is none yet."""
        channel_id = f"D{user[1:]}"
        if channel_id not in self.channels:
            members = [user, BOT_USER_ID]
            self.channels[channel_id] = Channel(channel_id, user, self.now(), user, kind="im", members=members)
            self.announce("channel", channel=channel_id)
        return self.channels[channel_id]

    def people(self) -> list[User]:
        """Everyone but the bot and the workspace's own voice."""
        return [user for user in self.users.values() if not user.is_bot and user.id != SLACKBOT_ID]

    def messages(self, channel: str) -> list[Message]:
        """All messages of a channel, oldest first, with threads and ephemeral ones."""
        found = self.channel(channel)
        return list(found.messages.values()) if found else []

    def views(self) -> Iterator[View]:
        """Every open modal and every App Home."""
        for stack in self.modals.values():
            yield from stack
        yield from self.homes.values()

    def view(self, view_id: str) -> View | None:
        """Find an open modal or an App Home by its id."""
        return next((view for view in self.views() if view.id == view_id), None)


def new_id(prefix: str) -> str:
    """Give an identifier in Slack's manner: a letter for the kind, then capitals and digits."""
    return f"{prefix}0{secrets.token_hex(5).upper()}"


def fresh(clock: Callable[[], float], bot_name: str) -> State:
    """Give a workspace on its first day: people named by their role, #general, #alerts and #incidents."""
    state = State(clock)
    for user in (
        User("U0YOU", "you", "You", is_admin=True),
        User("U0ONCALL", "oncall-engineer", "On-call engineer"),
        User("U0BACKUP", "backup-oncall", "Backup on-call"),
        User("U0LEAD", "engineering-lead", "Engineering lead", is_admin=True),
        User(BOT_USER_ID, bot_name, bot_name, is_bot=True),
        User(SLACKBOT_ID, "slackbot", "Workspace"),
    ):
        state.users[user.id] = user
    people = [user.id for user in state.people()]
    for channel_id, name, purpose, with_bot in (
        ("C0GENERAL", "general", "Announcements and work for everyone", False),
        ("C0ALERTS", "alerts", "What is wrong with production, and who is on it", True),
        ("C0INCIDENTS", "incidents", "Every incident, from declaration to postmortem", True),
    ):
        state.channels[channel_id] = Channel(
            channel_id,
            name,
            state.now(),
            people[0],
            is_general=name == "general",
            purpose=purpose,
            purpose_by=people[0],
            members=[*people, *([BOT_USER_ID] if with_bot else [])],
        )
    for person in people:
        state.im(person)
    state.usergroups[USERGROUP_ID] = oncall_group(state.now())
    return state


def oncall_group(now: int) -> Json:
    """Give the user group @oncall as the Web API shows it."""
    return {
        "id": USERGROUP_ID,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": "On-call",
        "handle": "oncall",
        "description": "Whoever is on call now",
        "is_external": False,
        "date_create": now,
        "date_update": now,
        "date_delete": 0,
        "user_count": 2,
        "users": ["U0ONCALL", "U0BACKUP"],
    }
