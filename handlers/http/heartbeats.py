"""`POST` or `GET /api/heartbeats/NAME`: a sign of life."""

from aiohttp import web

from bot.app import App
from bot.heartbeats import service
from handlers.http.problems import problem

PATH = "/api/heartbeats/{name}"


async def beat(request: web.Request, app: App) -> web.Response:
    """Take a beat: 200 when it is on disk, 404 for a heartbeat that is not configured."""
    try:
        kept = await service.beat(app.ports, request.match_info["name"])
    except service.UnknownHeartbeat as unknown:
        names = ", ".join(config.name for config in app.ports.manage.heartbeats) or "none"
        return problem(404, str(unknown), f"Name it in manage.yml under heartbeats; there are: {names}.")
    due = kept.due_at.isoformat() if kept.due_at else None
    return web.json_response({"heartbeat": kept.name, "state": kept.pulse.value, "due_at": due})
