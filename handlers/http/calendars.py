"""`GET /oncall/NAME.ics?token=…`: on-call schedules for calendar programs, which cannot send headers."""

from aiohttp import web

from bot.oncall.subscriptions import PATH, calendar
from handlers.http.problems import problem
from handlers.measured import Measured

PATHS = (PATH,)
LONGEST_TOKEN = 200


def routes(app: Measured) -> list[web.RouteDef]:
    """The one route; each calendar has a secret of its own in its address."""

    async def give(request: web.Request) -> web.Response:
        token = request.query.get("token", "")[:LONGEST_TOKEN]
        text = await calendar(app.ports, request.match_info["name"], token)
        if text is None:  # said alike for all that is wrong: names are nobody's business
            return problem(
                404,
                "there is no calendar at this address",
                "Ask the bot for the present one: manage oncall calendar.",
            )
        return web.Response(
            body=text,
            headers={
                "Content-Type": "text/calendar; charset=utf-8",
                "Content-Disposition": f'inline; filename="{request.match_info["name"]}.ics"',
                "Cache-Control": "private, max-age=300",
            },
        )

    return [web.get(PATH, give)]
