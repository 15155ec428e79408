"""What Twilio sends: answers by SMS, keys pressed in a call, and what became of messages and calls.

Each request is signed (www.twilio.com/docs/usage/security); an unsigned one is answered 403 before it is looked into.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta

import structlog
from aiohttp import web

from bot.alerts import escalating
from bot.app import App
from bot.cards.marks import plain
from bot.channels import twilio, twiml
from bot.channels.addresses import person_of
from bot.channels.notice import Notice, notice
from bot.channels.segments import shortened
from bot.channels.sms import SEGMENTS
from bot.notifications import answers
from bot.oncall import people
from bot.permissions import Caller
from handlers.http.problems import problem
from handlers.slack.door import caller_of
from storage.tables import leases

PATHS = (twilio.SMS_PATH, twilio.VOICE_PATH, twilio.STATUS_PATH)
"""Paths without a token: each request is signed."""
_LOST = {
    "undelivered": "the message was not delivered",
    "failed": "it failed",
    "busy": "the line was busy",
    "no-answer": "nobody answered",
    "canceled": "it was cancelled",
}
_REMEMBERED = timedelta(days=7)
_TEST = Notice(number=None, severity="", summary="This is a test page. Nothing is wrong, and there is nothing to do")

_log = structlog.get_logger(__name__)


Form = Mapping[str, str]
Answer = Callable[[App, web.Request, Form], Awaitable[str]]


def routes(app: App) -> list[web.RouteDef]:
    """The routes; none without a Twilio account, because then nobody could tell Twilio's requests from others."""
    if not twilio.accounts(app.ports):
        return []

    async def sms(request: web.Request) -> web.Response:
        return await _answered(request, app, _sms)

    async def voice(request: web.Request) -> web.Response:
        return await _answered(request, app, _voice)

    async def status(request: web.Request) -> web.Response:
        return await _answered(request, app, _status)

    handlers = (sms, voice, status)
    return [web.post(path, handler) for path, handler in zip(PATHS, handlers, strict=True)]


async def _answered(request: web.Request, app: App, answer: Answer) -> web.Response:
    """Answer with TwiML, once it is proven that Twilio asks."""
    try:
        given = await request.post()
    except ValueError:  # bytes that are no text among them
        return problem(400, "the body is not a form", "Send what Twilio sends.")
    values = {name: [one for one in given.getall(name) if isinstance(one, str)] for name in given}
    form = {name: several[-1] for name, several in values.items() if several}
    account = twilio.accounts(app.ports).get(form.get("AccountSid", ""))
    url = f"{app.ports.settings.public_url or f'{request.scheme}://{request.host}'}{request.raw_path}"
    token = account.auth_token.get_secret_value() if account else ""
    if not account or not twilio.signed(token, url, values, request.headers.get("X-Twilio-Signature", "")):
        _log.warning("twilio_unsigned", path=request.path, account=form.get("AccountSid", "")[:40])
        return problem(
            403,
            "the request is not signed by Twilio",
            "Set auth_token to that of the account, and PUBLIC_URL to the address that Twilio was given.",
        )
    return web.Response(text=await answer(app, request, form), content_type="text/xml")


async def _sms(app: App, _request: web.Request, form: Form) -> str:
    """Run the command that somebody texted, as the person whose number it is; strangers get no word."""
    ports, sender, message = app.ports, form.get("From", ""), form.get("MessageSid", "")
    person = await people.by_phone(ports, sender) if sender else ""
    if not person or not message:
        _log.warning("sms_from_stranger", sender=sender[:20], message=message[:40])
        return twiml.message("")
    if not await _first_time(app, message, person):
        return twiml.message("")
    command = answers.argv(form.get("Body", ""))
    if command in {None, ("help",)}:
        card = answers.HELP
    else:
        card = await app.invoke(command or (), await _caller(app, person, "sms"))
    return twiml.message(shortened(answers.said(card, ports.now()), "", SEGMENTS))


async def _first_time(app: App, message: str, person: str) -> bool:
    """Whether this message has not come before: Twilio repeats what it got no answer to."""
    now = app.ports.now()
    holder = await app.ports.store.transact(
        lambda unit: leases.take(
            unit.conn,
            f"twilio:{message[:64]}",
            owner=person,
            token=secrets.token_hex(8),
            until=now + _REMEMBERED,
            now=now,
        )
    )
    return holder is None


async def _voice(app: App, request: web.Request, form: Form) -> str:
    """Act on the key that was pressed: 1 acknowledges, any other says the page again."""
    number, who = request.query.get("alert", ""), request.query.get("who", "")
    person = person_of(who) or await people.by_phone(app.ports, who) or f"phone:{who}"
    if form.get("Digits") == "1" and not number:
        return twiml.goodbye("Thank you. This was a test.")
    if form.get("Digits") == "1":
        card = await app.invoke((answers.ACK, number), await _caller(app, person, "phone"))
        return twiml.goodbye(" ".join([plain(card.title), *map(plain, card.body[:2])]))
    told = _TEST
    if number:
        told = notice(await app.invoke(("alert", "show", number), await _caller(app, person, "phone")))
    return twiml.call(told, f"{app.ports.settings.public_url}{request.raw_path}")


async def _status(app: App, request: web.Request, form: Form) -> str:
    """Note that a message or a call did not reach anybody, so that the next channel is used."""
    state, page = form.get("MessageStatus") or form.get("CallStatus", ""), request.query.get("page", "")
    if state in _LOST and page:
        code = form.get("ErrorCode", "")
        why = f"{_LOST[state]} (Twilio error {code})" if code.isdecimal() else _LOST[state]
        if not await escalating.undelivered(app.ports, page, why):
            _log.warning("no_such_page", page=page[:200], state=state)
    return twiml.message("")


async def _caller(app: App, person: str, via: str) -> Caller:
    return replace(await caller_of(app.ports, person), via=via)
