"""``assistant.threads.setSuggestedPrompts``: what a person may ask with one click in a thread of the assistant."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox import posting
from bot.sandbox.args import Args, Method
from bot.sandbox.methods import lookup
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import Channel, Json, Message
from bot.sandbox.workspace import Workspace

MOST = 4


def set_prompts(workspace: Workspace, args: Args) -> Json:
    """Show them below the first message of the thread; without ``thread_ts`` the newest message takes them."""
    channel = lookup.channel(workspace, args.text("channel_id"))
    prompts = args.parsed("prompts", "invalid_arguments")
    if not isinstance(prompts, list) or not 0 < len(prompts) <= MOST or not all(map(_is_prompt, prompts)):
        raise invalid_arguments(f"must be 1 to {MOST} objects with title and message [json-pointer:/prompts]")
    message = _meant(channel, args.text("thread_ts"))
    message.prompts = {"title": args.text("title"), "prompts": prompts}
    posting.show(workspace, message)
    return {}


def _meant(channel: Channel, thread_ts: str) -> Message:
    if thread_ts and thread_ts not in channel.messages:
        raise Refused("invalid_thread_ts")
    if not channel.messages:
        raise Refused("message_not_found")
    return channel.messages[thread_ts] if thread_ts else list(channel.messages.values())[-1]


def _is_prompt(given: Any) -> bool:
    return isinstance(given, dict) and all(isinstance(given.get(k), str) and given[k] for k in ("title", "message"))


METHODS: Mapping[str, Method] = {
    "assistant.threads.setSuggestedPrompts": Method(
        set_prompts, "thread_ts title", required="channel_id prompts", scopes={"any": "assistant:write"}, tier=4
    ),
}
