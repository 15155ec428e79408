"""A person at the workspace: what the page and a test can do in their name."""

from dataclasses import dataclass, field
from typing import Any

from bot.sandbox import interactions, modals, posting, responses, rooms, shapes, values
from bot.sandbox.blocks import interactive
from bot.sandbox.link import Answer
from bot.sandbox.refusal import Refused
from bot.sandbox.state import BOT_USER_ID, SLACKBOT_ID, Channel, Json, Message, User, View
from bot.sandbox.workspace import Workspace


@dataclass(frozen=True)
class Outcome:
    """What came of an interaction: whether the app acknowledged it, how fast (seconds) and with what.

    ``errors`` are the sentences under the inputs of a modal, by block id; ``problem`` is what the person is told.
    """

    acked: bool
    seconds: float = 0.0
    errors: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    message: Message | None = None
    options: list[Json] = field(default_factory=list)


class Impossible(ValueError):
    """What was asked cannot be done at this workspace; the text says why."""


@dataclass(frozen=True)
class Person:
    """One person. Channels are given by id or ``#name``; texts are in Slack's wire format (escaped, ``<@U…>``)."""

    workspace: Workspace
    user: User

    async def command(self, name: str, text: str = "", *, channel: str = "#general") -> Outcome:
        """Type a slash command in a channel."""
        workspace = self.workspace
        where = self.channel(channel)
        if name not in {command.command for command in workspace.options.commands}:
            known = ", ".join(command.command for command in workspace.options.commands)
            raise Impossible(f"{name} is not a command of this workspace; there is {known or 'none'}")
        body = interactions.command(workspace, self.user, name, text, where)
        answer = await workspace.courier.ask("slash_commands", body, accepts_response=True)
        if not answer.acked:
            problem = unanswered(name, answer)
            told = posting.publish(workspace, where, SLACKBOT_ID, problem, only_for=self.user.id)
            return Outcome(acked=False, seconds=answer.seconds, problem=problem, message=told)
        message = self.answered(body["response_url"], answer)
        return Outcome(acked=True, seconds=answer.seconds, message=message)

    def answered(self, url: str, answer: Answer) -> Message | None:
        """Post what the acknowledgement of a command carries, if anything."""
        if not answer.body:
            return None
        target = self.workspace.tickets.response_urls[url.rpartition("/")[2]]
        try:
            return responses.respond(self.workspace, target, answer.body)
        except Refused as refusal:
            self.workspace.violate("ack", refusal.error, str(answer.body)[:200])
            return None

    async def say(self, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Post a message, or an answer in a thread."""
        where = self.member_of(channel)
        if where.is_archived:
            raise Impossible(f"#{where.name} is archived")
        blocks = posting.person_blocks(text)
        return posting.publish(self.workspace, where, self.user.id, text, blocks=blocks, thread_ts=thread_ts)

    async def react(self, channel: str, ts: str, name: str) -> bool:
        """Add a reaction; false when it is there already."""
        return posting.react(self.workspace, self.open_message(channel, ts), self.user.id, name)

    async def unreact(self, channel: str, ts: str, name: str) -> bool:
        """Take a reaction back; false when there is none."""
        return posting.unreact(self.workspace, self.open_message(channel, ts), self.user.id, name)

    async def pin(self, channel: str, ts: str, *, pinned: bool = True) -> bool:
        """Pin or unpin a message."""
        act = posting.pin if pinned else posting.unpin
        return act(self.workspace, self.open_message(channel, ts), self.user.id)

    async def join(self, channel: str) -> bool:
        """Become a member of a public channel."""
        return rooms.join(self.workspace, self.channel(channel), self.user.id)

    async def invite(self, channel: str, user: str) -> bool:
        """Bring someone, or the bot, into a channel."""
        return rooms.join(self.workspace, self.channel(channel), user, self.user.id)

    async def archive(self, channel: str, *, archived: bool = True) -> None:
        """Archive a channel, or open it again."""
        act = rooms.archive if archived else rooms.unarchive
        act(self.workspace, self.channel(channel), self.user.id)

    async def press(
        self, channel: str, ts: str, action_id: str, value: Any = None, *, state: Json | None = None
    ) -> Outcome:
        """Press a button or choose in a menu of a message; ``value`` is what is chosen."""
        message = self.message(channel, ts)
        blocks = [*(message.blocks or [])]
        for attachment in message.attachments or []:
            blocks += attachment.get("blocks") or []
        block, element = interactive_element(blocks, action_id, value)
        chosen = interactions.action(self.workspace, block, element, value)
        payload = interactions.message_action(self.workspace, self.user, message, chosen, state)
        return outcome(await self.workspace.courier.ask("interactive", payload))

    async def press_in_view(
        self, view_id: str, action_id: str, value: Any = None, *, state: Json | None = None
    ) -> Outcome:
        """Press a button or choose in a menu of a modal or of the App Home."""
        view = self.view(view_id)
        block, element = interactive_element(view.body["blocks"], action_id, value)
        chosen = interactions.action(self.workspace, block, element, value)
        payload = interactions.view_action(self.workspace, self.user, view, chosen, state)
        return outcome(await self.workspace.courier.ask("interactive", payload))

    async def suggest(self, view_id: str, action_id: str, typed: str) -> Outcome:
        """Type in an external menu of a view; the outcome carries the options."""
        view = self.view(view_id)
        block, element = interactive_element(view.body["blocks"], action_id, None)
        container = {"container": {"type": "view", "view_id": view.id}, "view": shapes.view(view)}
        payload = interactions.suggestion(self.user, block, element, typed, container)
        answer = await self.workspace.courier.ask("interactive", payload, accepts_response=True)
        groups = answer.body.get("option_groups") or []
        options = answer.body.get("options") or [option for group in groups for option in group["options"]]
        return Outcome(answer.acked, answer.seconds, options=options)

    async def shortcut(self, callback_id: str, channel: str | None = None, ts: str | None = None) -> Outcome:
        """Use a shortcut on a message, or a global one without channel and timestamp."""
        kind = "message" if channel and ts else "global"
        known = {(shortcut.callback_id, shortcut.type) for shortcut in self.workspace.options.shortcuts}
        if (callback_id, kind) not in known:
            raise Impossible(f"the app has no {kind} shortcut {callback_id!r}")
        if channel and ts:
            message = self.message(channel, ts)
            payload = interactions.message_shortcut(self.workspace, self.user, callback_id, message)
        else:
            payload = interactions.global_shortcut(self.workspace, self.user, callback_id)
        return outcome(await self.workspace.courier.ask("interactive", payload))

    async def submit(self, view_id: str, given: Json | None = None) -> Outcome:
        """Submit a modal; see ``values.collect`` for the form of the values."""
        view = self.view(view_id)
        entered = values.collect(view.body["blocks"], given or {})
        if errors := values.input_errors(view.body["blocks"], entered):
            return Outcome(acked=False, errors=errors)
        payload = interactions.submission(self.workspace, self.user, view, entered)
        answer = await self.workspace.courier.ask("interactive", payload, accepts_response=True)
        if not answer.acked:
            return outcome(answer)
        return await self.settle(view, answer)

    async def settle(self, view: View, answer: Answer) -> Outcome:
        """Do with a submitted modal what the app's answer says; without one it closes."""
        workspace = self.workspace
        what = answer.body.get("response_action")
        try:
            if what == "errors":
                return Outcome(acked=True, seconds=answer.seconds, errors=shown_errors(view, answer.body))
            if what == "update":
                modals.replaced(workspace, view, modals.checked(workspace, "ack", answer.body.get("view"), "modal"))
            elif what == "push":
                body = modals.checked(workspace, "ack", answer.body.get("view"), "modal")
                modals.opened(workspace, self.user.id, body, push=True)
            elif workspace.state.view(view.id):
                modals.closed(workspace, view, everything=what == "clear")
        except Refused as refusal:
            workspace.violate("ack", refusal.error, str(refusal.extra or answer.body)[:400])
            return Outcome(acked=True, seconds=answer.seconds, problem="We had some trouble connecting. Try again?")
        return Outcome(acked=True, seconds=answer.seconds)

    async def close(self, view_id: str) -> Outcome:
        """Close a modal without submitting it; the app hears of it when it asked to."""
        view = self.view(view_id)
        gone = modals.closed(self.workspace, view, everything=bool(view.body.get("clear_on_close")))
        for one in gone:
            if one.body.get("notify_on_close"):
                payload = interactions.closing(self.user, one, cleared=len(gone) > 1)
                await self.workspace.courier.ask("interactive", payload)
        return Outcome(acked=True)

    async def open_assistant(self, viewed: str = "") -> Message:
        """Begin a thread with the app as one's assistant, while looking at the channel ``viewed``; gives its root."""
        if not self.workspace.options.assistant:
            raise Impossible("The app has no assistant: its manifest lacks assistant_view.")
        channel = self.workspace.state.im(self.user.id)
        root = posting.note(self.workspace, channel, BOT_USER_ID, "assistant_app_thread", "New Assistant Thread")
        self.workspace.events.assistant_started(self.user.id, channel.id, root.ts, viewed)
        return root

    async def open_home(self, tab: str = "home") -> View | None:
        """Open the app's ``home`` or ``messages`` tab; give back what is published there now."""
        self.workspace.events.home_opened(self.user.id, tab, self.workspace.state.homes.get(self.user.id))
        return self.workspace.state.homes.get(self.user.id)

    @property
    def modal(self) -> View | None:
        """The modal on top, if one is open."""
        stack = self.workspace.state.modals.get(self.user.id)
        return stack[-1] if stack else None

    def channel(self, name: str) -> Channel:
        """Give a channel that the person can see. Raises ``Impossible``."""
        found = self.workspace.state.channel(name)
        if found is None or (found.kind != "channel" and self.user.id not in found.members):
            raise Impossible(f"{self.user.real_name} sees no channel {name!r}")
        return found

    def member_of(self, name: str) -> Channel:
        """Give a channel that the person is in. Raises ``Impossible``."""
        found = self.channel(name)
        if self.user.id not in found.members:
            raise Impossible(f"{self.user.real_name} is not in #{found.name}: join it first")
        return found

    def message(self, channel: str, ts: str) -> Message:
        """Give a message that the person can see. Raises ``Impossible``."""
        found = self.channel(channel).messages.get(ts)
        if found is None or found.only_for not in (None, self.user.id):
            raise Impossible(f"there is no message {ts!r} in {channel}")
        return found

    def open_message(self, channel: str, ts: str) -> Message:
        """Give a message that can still be marked. Raises ``Impossible``."""
        if self.channel(channel).is_archived:
            raise Impossible(f"{channel} is archived: its messages can be read only")
        return self.message(channel, ts)

    def view(self, view_id: str) -> View:
        """Give an open view of the person. Raises ``Impossible``."""
        found = self.workspace.state.view(view_id)
        if found is None or found.user != self.user.id:
            raise Impossible(f"{self.user.real_name} has no open view {view_id!r}")
        return found


def unanswered(name: str, answer: Answer) -> str:
    """Give what Slack tells a person whose command came to nothing."""
    if answer.reason == "connection_failed":
        return f"{name} failed because the app is not connected (dispatch_failed). Start the bot and try again."
    return f"{name} did not respond within 3 seconds (operation_timeout)."


def outcome(answer: Answer) -> Outcome:
    """Give the outcome of an interaction whose answer carries nothing."""
    problem = "" if answer.acked else "The app did not respond. Try again?"
    return Outcome(acked=answer.acked, seconds=answer.seconds, problem=problem)


def interactive_element(blocks: list[Json], action_id: str, value: Any) -> tuple[Json, Json]:
    """Give the element with that action id; among several the one that has the value. Raises ``Impossible``."""
    found = [(block, element) for block, element in interactive(blocks) if element["action_id"] == action_id]
    if not found:
        there = ", ".join(sorted({element["action_id"] for _, element in interactive(blocks)}))
        raise Impossible(f"there is no element {action_id!r} to press; there is {there or 'none'}")
    return next((pair for pair in found if value is not None and pair[1].get("value") == value), found[0])


def shown_errors(view: View, body: Json) -> dict[str, str]:
    """Give the errors of a modal; keys that are no input block are Slack's to refuse."""
    inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
    errors = {str(key): str(text) for key, text in (body.get("errors") or {}).items()}
    if not errors or not errors.keys() <= inputs:
        raise Refused("invalid_errors", unknown=sorted(errors.keys() - inputs))
    return {key: text for key, text in errors.items() if key in inputs}


class PeopledWorkspace(Workspace):
    """A workspace in whose people's name one can act; ``serve`` gives it."""

    def person(self, user: str) -> Person:
        """Act as a person. Raises ``KeyError`` when there is no such user."""
        return Person(self, self.state.users[user])
