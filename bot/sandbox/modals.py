"""Views: checked as Slack checks them, kept in a stack of modals or as an App Home for each person."""

import json
import secrets
from typing import Any

from bot.sandbox import blocks as block_kit
from bot.sandbox.content import check_block_texts
from bot.sandbox.elements import Report, text
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import Json, View, new_id
from bot.sandbox.workspace import Workspace

DEEPEST = 3
LARGEST = 250_000
FIELDS = frozenset(
    [
        "type",
        "title",
        "blocks",
        "close",
        "submit",
        "private_metadata",
        "callback_id",
        "clear_on_close",
        "notify_on_close",
        "external_id",
        "submit_disabled",
    ]
)


def checked(workspace: Workspace, method: str, body: Any, kind: str) -> Json:
    """Give a view as Slack keeps it. Raises ``Refused``."""
    if not isinstance(body, dict):
        raise invalid_arguments("must be an object [json-pointer:/view]")
    if len(json.dumps(body)) > LARGEST:
        raise Refused("view_too_large")
    problems = frame_problems(body, kind)
    if kind == "modal" or body.get("type") == "home":
        problems += block_kit.check(body.get("blocks"), "modal" if kind == "modal" else "home")
    if problems:
        raise invalid_arguments(*problems)
    for unknown in sorted(body.keys() - FIELDS):
        workspace.violate(method, "unknown_view_field", unknown)
    check_block_texts(workspace, method, [body["blocks"], body.get("title"), body.get("submit"), body.get("close")])
    external_id = body.get("external_id")
    if external_id and any(view.body.get("external_id") == external_id for view in workspace.state.views()):
        raise Refused("duplicate_external_id")
    return {**body, "blocks": block_kit.with_ids(body["blocks"])}


def frame_problems(body: Json, kind: str) -> list[str]:
    """Give what is wrong with a view apart from its blocks."""
    report = Report()
    if body.get("type") != kind:
        report.problem(f"unsupported type: {body.get('type')}", "/view/type")
    blocks = body.get("blocks")
    has_input = isinstance(blocks, list) and any(isinstance(b, dict) and b.get("type") == "input" for b in blocks)
    if kind == "modal":
        text(24, plain=True)(body.get("title"), "/view/title", report)
        if has_input and not body.get("submit"):
            report.problem("missing required field: submit", "/view")
    for name in ("submit", "close"):
        if body.get(name) is None:
            continue
        if kind == "home":
            report.problem(f"invalid additional property: {name}", "/view")
        else:
            text(24, plain=True)(body[name], f"/view/{name}", report)
    for name, most in (("callback_id", 255), ("external_id", 255), ("private_metadata", 3000)):
        if len(str(body.get(name) or "")) > most:
            report.problem(f"must be less than {most + 1} characters", f"/view/{name}")
    return report.problems


def new_hash(workspace: Workspace) -> str:
    """Give a hash that changes with each change of a view."""
    return f"{workspace.state.now()}.{secrets.token_hex(4)}"


def show(workspace: Workspace, user: str) -> None:
    """Let the page of a person draw their modals anew."""
    workspace.state.announce("modals", user=user)


def opened(workspace: Workspace, user: str, body: Json, *, push: bool = False) -> View:
    """Open a modal, on top of those that are open when ``push``. Raises ``Refused`` when the stack is full."""
    stack = workspace.state.modals.setdefault(user, [])
    if not push:
        stack.clear()
    if len(stack) >= DEEPEST:
        raise Refused("push_limit_reached")
    view_id = new_id("V")
    root_id = stack[0].id if stack else view_id
    view = View(view_id, user, body, new_hash(workspace), root_id, stack[-1].id if stack else None)
    stack.append(view)
    show(workspace, user)
    return view


def replaced(workspace: Workspace, view: View, body: Json) -> View:
    """Give an open view other content."""
    view.body = body
    view.hash = new_hash(workspace)
    show(workspace, view.user)
    return view


def closed(workspace: Workspace, view: View, *, everything: bool = False) -> list[View]:
    """Close a modal, or the whole stack; give back what was closed."""
    stack = workspace.state.modals.get(view.user, [])
    gone = list(stack) if everything else [view]
    workspace.state.modals[view.user] = [kept for kept in stack if kept not in gone]
    show(workspace, view.user)
    return gone
