"""``api.test``, ``auth.test``, ``apps.connections.open``, ``bots.info`` and ``team.info``: who is who."""

from collections.abc import Mapping

from bot.sandbox.args import Args, Method
from bot.sandbox.refusal import Refused
from bot.sandbox.socket_mode import SocketLink
from bot.sandbox.state import APP_ID, BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Json
from bot.sandbox.workspace import Workspace


def api_test(_workspace: Workspace, args: Args) -> Json:
    """``api.test``: the arguments come back, or the error that was asked for."""
    if args.text("error"):
        raise Refused(args.text("error"), args=args.values)
    return {"args": {name: value for name, value in args.values.items() if name != "token"}}


def auth_test(workspace: Workspace, _args: Args) -> Json:
    """``auth.test``."""
    return {
        "url": workspace.url,
        "team": TEAM_NAME,
        "user": workspace.state.users[BOT_USER_ID].name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


def connections_open(workspace: Workspace, _args: Args) -> Json:
    """``apps.connections.open``: the address of one new websocket."""
    link = workspace.courier.link
    if not isinstance(link, SocketLink):
        raise Refused("socket_mode_disabled")
    base = workspace.url.replace("http://", "ws://", 1)
    return {"url": f"{base}link/?ticket={link.ticket()}&app_id={APP_ID}"}


def bots_info(workspace: Workspace, args: Args) -> Json:
    """``bots.info``."""
    if args.text("bot") not in ("", BOT_ID):
        raise Refused("bot_not_found")
    name = workspace.state.users[BOT_USER_ID].name
    bot = {"id": BOT_ID, "deleted": False, "name": name, "updated": 0, "app_id": APP_ID, "user_id": BOT_USER_ID}
    return {"bot": bot}


def team_info(workspace: Workspace, args: Args) -> Json:
    """``team.info``."""
    if args.text("team") not in ("", TEAM_ID):
        raise Refused("team_not_found")
    return {"team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "url": workspace.url, "icon": {}}}


METHODS: Mapping[str, Method] = {
    "api.test": Method(api_test, "error", tier=4),
    "auth.test": Method(auth_test, tier=5),
    "apps.connections.open": Method(connections_open, app_level=True),
    "bots.info": Method(bots_info, "bot", scopes={"any": "users:read"}, json=False),
    "team.info": Method(team_info, "team domain", scopes={"any": "team:read"}),
}
