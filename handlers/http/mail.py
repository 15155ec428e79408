"""Answers to pages by mail: the link that acknowledges, and replies that a mail server hands over.

`GET /acknowledge` only asks, because mail scanners open links; `POST /acknowledge` does it. `POST /webhooks/email`
takes a whole mail (RFC 5322), as mail servers and inbound-mail services can hand it to a program or an address.
"""

import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage
from html import escape

import structlog
from aiohttp import web
from pydantic import SecretStr

from bot.app import App
from bot.cards.card import Card, Level
from bot.cards.html import page, to_html
from bot.cards.json import to_json
from bot.channels.email import LINK_PATH
from bot.channels.proofs import Claim, read_link, read_mail_ids
from bot.notifications import answers
from handlers.http.problems import problem
from handlers.slack.door import caller_of

REPLY_PATH = "/webhooks/email"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")
_NO_SECRET = "Set MANAGE_TOKEN: it signs what is answered to."  # noqa: S105 - the name of a setting, no secret
_BUTTON = "font:inherit;font-weight:600;padding:10px 18px;border:0;border-radius:6px;background:#1a7f37;color:#fff"

_log = structlog.get_logger(__name__)


def routes(app: App) -> list[web.RouteDef]:
    """The routes of both."""

    async def ask(request: web.Request) -> web.Response:
        return await _ask(request, app)

    async def act(request: web.Request) -> web.Response:
        return await _act(request, app)

    async def reply(request: web.Request) -> web.Response:
        return await _reply(request, app)

    return [web.get(LINK_PATH, ask), web.post(LINK_PATH, act), web.post(REPLY_PATH, reply)]


async def _ask(request: web.Request, app: App) -> web.Response:
    """Show the alert with one button; nothing changes."""
    token = request.query.get("token", "")
    claim = _claim(app, token)
    if isinstance(claim, str):
        return _refused(claim)
    caller = replace(await caller_of(app.ports, claim.person), via="email")
    card = await app.invoke(("alert", "show", str(claim.alert)), caller)
    command = app.ports.settings.slack_command
    shown = to_html(replace(card, buttons=(), hint=""), command)
    button = (
        f'<form method="post" action="{LINK_PATH.removeprefix("/")}" style="margin:20px 0 0">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        f'<button type="submit" style="{_BUTTON}">Acknowledge</button></form>'
    )
    return _page(f"Alert #{claim.alert}", shown + (button if card.data.get("state") == "firing" else ""))


async def _act(request: web.Request, app: App) -> web.Response:
    """Acknowledge as the person whom the mail was for."""
    try:
        given = (await request.post()).get("token", "")
    except ValueError:  # bytes that are no text among them
        given = ""
    claim = _claim(app, given if isinstance(given, str) else "")
    if isinstance(claim, str):
        return _refused(claim)
    caller = replace(await caller_of(app.ports, claim.person), via="email")
    card = await app.invoke((answers.ACK, str(claim.alert)), caller)
    status = 403 if card.level is Level.DENIED else 400 if card.level is Level.USAGE else 200
    return _page(f"Alert #{claim.alert}", to_html(replace(card, buttons=()), app.ports.settings.slack_command), status)


async def _reply(request: web.Request, app: App) -> web.Response:
    """Run the command in an answer to a page's mail; who answers is proven by the id of the mail, not by `From`."""
    secret = app.ports.settings.manage_token
    if secret is None:
        return problem(409, "answers by mail cannot be proven", _NO_SECRET)
    if request.content_type != "message/rfc822":
        mend = "Send the header: Content-Type: message/rfc822, and the mail as it was received."
        return problem(415, f"the body must be a mail, not {request.content_type[:100]}", mend)
    message = email.message_from_bytes(await request.read(), policy=email.policy.default)
    read = _read(message, secret)
    if isinstance(read, str):
        _log.warning("mail_not_understood", why=read)
        return problem(422, read, 'Answer the mail of a page with "ack" or "resolve" as the first word.')
    claim, argv = read
    card = await app.invoke(argv, replace(await caller_of(app.ports, claim.person), via="email"))
    return web.json_response(to_json(card))


def _read(message: EmailMessage, secret: SecretStr) -> tuple[Claim, tuple[str, ...]] | str:
    """Who answers which alert with what, or in words why nobody does."""
    if _automatic(message):
        return "the mail was sent by a machine"
    ids = " ".join(str(header) for name in ("References", "In-Reply-To") for header in message.get_all(name, []))
    claim = read_mail_ids(ids, secret)
    if claim is None:
        return "the mail does not answer a page of this bot"
    body = message.get_body(preferencelist=("plain", "html"))
    text = body.get_content() if body is not None else ""
    if body is not None and body.get_content_type() == "text/html":
        text = re.sub(r"<[^>]{0,2000}>", " ", re.sub(r"(?i)<br\s*/?>|</p>|</div>", "\n", text))
    argv = answers.argv(answers.own_words(str(text).replace("\r\n", "\n")), claim.alert)
    if argv is None or argv[0] not in {answers.ACK, "resolve"}:
        return "the mail holds no answer that is understood"
    return (claim, argv) if argv[1] == str(claim.alert) else "the mail answers one alert and names another"


def _automatic(message: EmailMessage) -> bool:
    """Whether a vacation notice or the like, which answers everything (RFC 3834)."""
    automatic = str(message.get("Auto-Submitted", "no")).strip().lower()
    bulk = str(message.get("Precedence", "")).strip().lower() in {"bulk", "auto_reply", "junk", "list"}
    return not automatic.startswith("no") or bulk or "X-Autoreply" in message or "X-Autorespond" in message


def _claim(app: App, token: str) -> Claim | str:
    secret = app.ports.settings.manage_token
    if secret is None or not _TOKEN.fullmatch(token):
        return "the link is not complete, or not one of this bot's"
    return read_link(token, app.ports.now(), secret)


def _refused(why: str) -> web.Response:
    card = Card(
        title="Not acknowledged",
        level=Level.WARNING,
        body=(f"{why[0].upper()}{why[1:]}.",),
        hint="Acknowledge in Slack instead, or by the link in a newer mail.",
    )
    return _page("Not acknowledged", to_html(card), 410 if "expired" in why else 400)


def _page(title: str, body: str, status: int = 200) -> web.Response:
    return web.Response(text=page(title, body), content_type="text/html", status=status, headers=_HEADERS)
