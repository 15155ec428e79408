"""What the page can do, each deed with the JSON that it takes."""

from collections.abc import Awaitable, Callable, Mapping

from bot.sandbox import typed
from bot.sandbox.people import Impossible, Outcome, Person
from bot.sandbox.state import Json
from bot.sandbox.workspace import Workspace

Deed = Callable[[Workspace, Json], Awaitable[Json]]


def who(workspace: Workspace, body: Json) -> Person:
    """Give the person who acts. Raises ``Impossible``."""
    if body.get("user") not in {user.id for user in workspace.state.people()}:
        raise Impossible("There is no such person.")
    return Person(workspace, workspace.state.users[body["user"]])


def told(outcome: Outcome) -> Json:
    """Give an outcome for the page."""
    return {"acked": outcome.acked, "errors": outcome.errors, "problem": outcome.problem, "options": outcome.options}


async def say(workspace: Workspace, body: Json) -> Json:
    """``{user, channel, text, thread_ts?}``."""
    text = typed.wire(workspace.state, str(body["text"]).strip())
    if not text:
        raise Impossible("There is nothing to send.")
    message = await who(workspace, body).say(body["channel"], text, body.get("thread_ts"))
    return {"ts": message.ts}


async def command(workspace: Workspace, body: Json) -> Json:
    """``{user, channel, text}``, where the text begins with the command."""
    name, _, text = str(body["text"]).strip().partition(" ")
    known = {one.command: one for one in workspace.options.commands}
    if name in known and known[name].should_escape:
        text = typed.wire(workspace.state, text, named=True)
    return told(await who(workspace, body).command(name, text.strip(), channel=body["channel"]))


async def react(workspace: Workspace, body: Json) -> Json:
    """``{user, channel, ts, name, on}``."""
    person = who(workspace, body)
    act = person.react if body["on"] else person.unreact
    return {"changed": await act(body["channel"], body["ts"], body["name"])}


async def pin(workspace: Workspace, body: Json) -> Json:
    """``{user, channel, ts, on}``."""
    return {"changed": await who(workspace, body).pin(body["channel"], body["ts"], pinned=bool(body["on"]))}


async def press(workspace: Workspace, body: Json) -> Json:
    """``{user, action_id, value?, state?}`` and either ``channel, ts`` or ``view_id``."""
    person, value, state = who(workspace, body), body.get("value"), body.get("state")
    if body.get("view_id"):
        return told(await person.press_in_view(body["view_id"], body["action_id"], value, state=state))
    return told(await person.press(body["channel"], body["ts"], body["action_id"], value, state=state))


async def suggest(workspace: Workspace, body: Json) -> Json:
    """``{user, view_id, action_id, typed}``."""
    return told(await who(workspace, body).suggest(body["view_id"], body["action_id"], str(body["typed"])))


async def shortcut(workspace: Workspace, body: Json) -> Json:
    """``{user, callback_id, channel?, ts?}``."""
    return told(await who(workspace, body).shortcut(body["callback_id"], body.get("channel"), body.get("ts")))


async def submit(workspace: Workspace, body: Json) -> Json:
    """``{user, view_id, values}``."""
    return told(await who(workspace, body).submit(body["view_id"], body.get("values")))


async def close(workspace: Workspace, body: Json) -> Json:
    """``{user, view_id}``."""
    return told(await who(workspace, body).close(body["view_id"]))


async def home(workspace: Workspace, body: Json) -> Json:
    """``{user, tab}``."""
    await who(workspace, body).open_home("messages" if body.get("tab") == "messages" else "home")
    return {}


async def assistant(workspace: Workspace, body: Json) -> Json:
    """``{user}``: begin a thread with the assistant."""
    return {"ts": (await who(workspace, body).open_assistant()).ts}


async def join(workspace: Workspace, body: Json) -> Json:
    """``{user, channel}``."""
    return {"changed": await who(workspace, body).join(body["channel"])}


async def invite_bot(workspace: Workspace, body: Json) -> Json:
    """``{user, channel}``: bring the bot into a channel."""
    return {"changed": await who(workspace, body).invite(body["channel"], workspace.bot_user_id)}


async def demo(workspace: Workspace, body: Json) -> Json:
    """``{mode}``: ok, slow, errors or down."""
    if workspace.demo is None:
        raise Impossible("This workspace runs without the demo service.")
    await workspace.demo.set_mode(str(body["mode"]))
    return {}


DEEDS: Mapping[str, Deed] = {
    "say": say,
    "command": command,
    "react": react,
    "pin": pin,
    "press": press,
    "suggest": suggest,
    "shortcut": shortcut,
    "submit": submit,
    "close": close,
    "home": home,
    "assistant": assistant,
    "join": join,
    "invite-bot": invite_bot,
    "demo": demo,
}
