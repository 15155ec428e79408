"""`Identity`: who the bot is in its workspace."""

from dataclasses import dataclass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.refusals import refusal, unreachable


@dataclass(frozen=True)
class Identity:
    """Who the token belongs to, and what it may do (`scopes` is empty where Slack does not say)."""

    user_id: str
    bot_id: str
    team_id: str
    url: str
    scopes: frozenset[str]


async def who(web: AsyncWebClient) -> Identity:
    """Who the token belongs to. Raises `ChatError`."""
    try:
        answer = await web.auth_test()
    except SlackApiError as error:
        body = error.response.data if hasattr(error.response, "data") else {}
        raise refusal("auth.test", "", body if isinstance(body, dict) else {"error": "unreachable"}) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise unreachable("auth.test", error) from error
    scopes = str(answer.headers.get("x-oauth-scopes") or "")
    return Identity(
        user_id=str(answer.get("user_id") or ""),
        bot_id=str(answer.get("bot_id") or ""),
        team_id=str(answer.get("team_id") or ""),
        url=str(answer.get("url") or ""),
        scopes=frozenset(scope.strip() for scope in scopes.split(",") if scope.strip()),
    )
