"""Who may come in: whoever holds MANAGE_TOKEN; without one, programs on this machine."""

import hmac
import ipaddress
from collections.abc import Callable, Collection
from functools import lru_cache
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import SecretStr

from handlers.http.plain import Head
from handlers.http.problems import problem

_MEND = "Send the header: Authorization: Bearer, and the bot's MANAGE_TOKEN after it."


def admitted(token: SecretStr | None, open_paths: Collection[str]) -> Middleware:
    """The middleware that lets requests in. `open_paths` take everybody's: they check them, or tell nothing."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path in open_paths or _pattern(request) in open_paths:
            return await handler(request)
        return refused(request, token) or await handler(request)

    return middleware


def _pattern(request: web.Request) -> str:
    """The path as its route spells it: "/oncall/{name}.ics"."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else ""


def refused(request: web.Request, token: SecretStr | None) -> web.Response | None:
    """Give the refusal of a request that lacks the token, or that comes from elsewhere when there is none."""
    return _unproven(request, token.get_secret_value()) if token else _foreign(request)


def plainly_admitted(token: SecretStr | None) -> Callable[[Head], bool]:
    """The same of the heads of plain requests."""

    def admitted(head: Head) -> bool:
        if token:
            return _proves(head.authorization, token.get_secret_value())
        return _here(head.host) and head.origin in {None, _own(head.host)}

    return admitted


def _proves(authorization: str, token: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(errors="replace"), token.encode())


def _unproven(request: web.Request, token: str) -> web.Response | None:
    given = request.headers.get("Authorization", "")
    if _proves(given, token):
        return None
    error = "the bearer token is wrong" if given.partition(" ")[2] else "a bearer token is needed"
    return problem(401, error, _MEND, headers={"WWW-Authenticate": 'Bearer realm="do-manage"'})


def _foreign(request: web.Request) -> web.Response | None:
    """Refuse what a web page could send through a browser on this machine (DNS rebinding, foreign origins)."""
    if not _here(request.headers.get("Host", "")):
        return problem(
            403,
            "without a token only this machine is answered",
            "Ask http://127.0.0.1 or localhost; to be reached by other names, start the bot with MANAGE_TOKEN.",
        )
    origin = request.headers.get("Origin")
    if origin is not None and origin != _own(request.headers["Host"]):
        return problem(403, "another web page may not use the bot", "Start it with MANAGE_TOKEN, and send that.")
    return None


def _own(host: str) -> str:
    return f"http://{host}"


@lru_cache(maxsize=64)
def _here(host: str) -> bool:
    """Whether the name is this machine's; remembered, for nearly all requests name the same."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
