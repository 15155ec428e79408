"""`POST /slack/events`: events, commands and interactivity over HTTP, each request signed by Slack."""

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier

from bot.config.settings import Settings
from handlers.http.problems import problem

PATH = "/slack/events"
LARGEST = 1_000_000  # bytes; Slack's own largest payloads are views of 250 kB


def routes(settings: Settings, bolt: AsyncApp) -> list[web.RouteDef]:
    """The one route; none without SLACK_SIGNING_SECRET, because then nobody could tell Slack's requests from others."""
    if settings.slack_signing_secret is None:
        return []
    verifier = SignatureVerifier(settings.slack_signing_secret.get_secret_value())

    async def receive(request: web.Request) -> web.Response:
        if (request.content_length or 0) > LARGEST:
            raise web.HTTPRequestEntityTooLarge(LARGEST, request.content_length or 0)
        body = await request.read()
        if len(body) > LARGEST:
            raise web.HTTPRequestEntityTooLarge(LARGEST, len(body))
        if not signed(verifier, request, body):  # before anything of the body is read
            return problem(
                401,
                "the request is not signed by Slack, or older than five minutes",
                "Set SLACK_SIGNING_SECRET to the Signing Secret of the app's Basic Information page; check the clock.",
            )
        try:
            asked = await to_bolt_request(request)
        except ValueError:
            return problem(400, "the body is neither JSON nor a form", "Send what Slack sends.")
        return await to_aiohttp_response(await bolt.async_dispatch(asked))

    return [web.post(PATH, receive)]


def signed(verifier: SignatureVerifier, request: web.Request, body: bytes) -> bool:
    """Whether Slack signed this body within the last five minutes (compared in constant time)."""
    timestamp = request.headers.get("X-Slack-Request-Timestamp", "")
    signature = request.headers.get("X-Slack-Signature", "")
    return timestamp.isascii() and timestamp.isdigit() and verifier.is_valid(body, timestamp, signature)
