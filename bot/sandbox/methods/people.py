"""``users.*`` and ``usergroups.*``: who is in the workspace."""

from collections.abc import Mapping

from bot.sandbox.args import Args, Method, page
from bot.sandbox.refusal import Refused
from bot.sandbox.state import Json
from bot.sandbox.workspace import Workspace


def info(workspace: Workspace, args: Args) -> Json:
    """``users.info``; the address is shown to a token with ``users:read.email``."""
    user = workspace.state.users.get(args.text("user"))
    if user is None:
        raise Refused("user_not_found")
    return {"user": told(workspace, user.to_api())}


def told(workspace: Workspace, shape: Json) -> Json:
    """Give a user without what the token may not see."""
    if "users:read.email" not in workspace.options.scopes:
        shape["profile"].pop("email", None)
    return shape


def list_all(workspace: Workspace, args: Args) -> Json:
    """``users.list``."""
    everyone = [told(workspace, user.to_api()) for user in workspace.state.users.values()]
    users, metadata = page(everyone, args, default=200)
    return {"members": users, "cache_ts": workspace.state.now(), "response_metadata": metadata}


def by_email(workspace: Workspace, args: Args) -> Json:
    """``users.lookupByEmail``."""
    for user in workspace.state.people():
        if user.email == args.text("email").lower():
            return {"user": user.to_api()}
    raise Refused("users_not_found")


def groups(workspace: Workspace, args: Args) -> Json:
    """``usergroups.list``."""
    hidden = set()
    if not args.flag("include_users"):
        hidden.add("users")
    if not args.flag("include_count"):
        hidden.add("user_count")
    shown = [
        {name: value for name, value in group.items() if name not in hidden}
        for group in workspace.state.usergroups.values()
    ]
    return {"usergroups": shown}


def group_users(workspace: Workspace, args: Args) -> Json:
    """``usergroups.users.list``."""
    group = workspace.state.usergroups.get(args.text("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    return {"users": list(group["users"])}


def set_group_users(workspace: Workspace, args: Args) -> Json:
    """``usergroups.users.update``: these people, and no others, are the group from now on."""
    group = workspace.state.usergroups.get(args.text("usergroup"))
    if group is None:
        raise Refused("no_such_subteam")
    users = list(dict.fromkeys(args.words("users")))
    if not users:
        raise Refused("no_users_provided")
    known = {user.id for user in workspace.state.people() if not user.deleted}
    if not known.issuperset(users):
        raise Refused("invalid_users")
    group |= {"users": users, "user_count": len(users), "date_update": workspace.state.now()}
    return {"usergroup": group if args.flag("include_count") else {k: v for k, v in group.items() if k != "user_count"}}


USERS = {"any": "users:read"}
GROUPS = {"any": "usergroups:read"}
METHODS: Mapping[str, Method] = {
    "users.info": Method(info, "include_locale", required="user", scopes=USERS, tier=4, json=False),
    "users.list": Method(list_all, "cursor limit include_locale", scopes=USERS, tier=2, json=False),
    "users.lookupByEmail": Method(by_email, required="email", scopes={"any": "users:read.email"}, json=False),
    "usergroups.list": Method(
        groups, "include_count include_disabled include_users", scopes=GROUPS, tier=2, json=False
    ),
    "usergroups.users.list": Method(
        group_users, "include_disabled", required="usergroup", scopes=GROUPS, tier=2, json=False
    ),
    "usergroups.users.update": Method(
        set_group_users,
        "additional_channels include_count is_shared",
        required="usergroup users",
        scopes={"any": "usergroups:write"},
        tier=2,
    ),
}
