"""``views.*``: modals and the App Home."""

from collections.abc import Mapping

from bot.sandbox import modals, shapes
from bot.sandbox.args import Args, Method
from bot.sandbox.refusal import Refused, invalid_arguments
from bot.sandbox.state import Json, View, new_id
from bot.sandbox.tickets import Trigger
from bot.sandbox.workspace import Workspace


def trigger(workspace: Workspace, args: Args) -> Trigger:
    """Give the trigger that the call uses up. Raises ``Refused``."""
    if not args.text("trigger_id"):
        raise invalid_arguments("missing required field: trigger_id")
    return workspace.tickets.redeem(args.text("trigger_id"))


def answer(view: View) -> Json:
    """Give the answer of every method here."""
    return {"view": shapes.view(view)}


def open_view(workspace: Workspace, args: Args) -> Json:
    """``views.open``."""
    body = modals.checked(workspace, "views.open", args.parsed("view", "invalid_arguments"), "modal")
    used = trigger(workspace, args)
    if used.view_id:
        return answer(modals.opened(workspace, used.user, body, push=True))
    return answer(modals.opened(workspace, used.user, body))


def push_view(workspace: Workspace, args: Args) -> Json:
    """``views.push``."""
    body = modals.checked(workspace, "views.push", args.parsed("view", "invalid_arguments"), "modal")
    used = trigger(workspace, args)
    if not used.view_id or workspace.state.view(used.view_id) is None:
        raise Refused("not_found")
    return answer(modals.opened(workspace, used.user, body, push=True))


def update_view(workspace: Workspace, args: Args) -> Json:
    """``views.update``, by ``view_id`` or ``external_id``."""
    view = found(workspace, args)
    if args.text("hash") and args.text("hash") != view.hash:
        raise Refused("hash_conflict")
    given = args.parsed("view", "invalid_arguments")
    same = view.body.get("external_id")
    if isinstance(given, dict) and same and given.get("external_id") == same:
        given = {name: value for name, value in given.items() if name != "external_id"}
    body = modals.checked(workspace, "views.update", given, str(view.body["type"]))
    return answer(modals.replaced(workspace, view, body | ({"external_id": same} if same else {})))


def found(workspace: Workspace, args: Args) -> View:
    """Give the view that the call names. Raises ``Refused``."""
    if args.text("view_id"):
        view = workspace.state.view(args.text("view_id"))
    else:
        wanted = args.text("external_id")
        view = next((v for v in workspace.state.views() if wanted and v.body.get("external_id") == wanted), None)
    if view is None:
        raise Refused("not_found")
    return view


def publish(workspace: Workspace, args: Args) -> Json:
    """``views.publish``: the App Home of one person."""
    user = args.text("user_id")
    if user not in workspace.state.users:
        raise invalid_arguments("invalid `user_id`")
    body = modals.checked(workspace, "views.publish", args.parsed("view", "invalid_arguments"), "home")
    old = workspace.state.homes.get(user)
    if old and args.text("hash") and args.text("hash") != old.hash:
        raise Refused("hash_conflict")
    view_id = old.id if old else new_id("V")
    view = View(view_id, user, body, modals.new_hash(workspace), view_id)
    workspace.state.homes[user] = view
    workspace.state.announce("home", user=user)
    return answer(view)


METHODS: Mapping[str, Method] = {
    "views.open": Method(open_view, "trigger_id interactivity_pointer", required="view", tier=4),
    "views.push": Method(push_view, "trigger_id interactivity_pointer", required="view", tier=4),
    "views.update": Method(update_view, "view_id external_id hash", required="view", tier=4),
    "views.publish": Method(publish, "hash interactivity_pointer", required="user_id view", tier=4),
}
