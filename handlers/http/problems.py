"""Whatever goes wrong at the HTTP door is said in one form: {"error": "...", "hint": "..."}."""

from collections.abc import Iterable, Mapping

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from storage.unit_of_work import StoreError

LARGEST_BODY = 1_000_000
"""Bytes; a body of that size or more is refused."""
RETRY_AFTER = 5
"""Seconds after which a client whose request could not be served for now may try again."""

_log = structlog.get_logger(__name__)


def problem(
    status: int, error: str, hint: str = "", *, headers: Mapping[str, str] | None = None, **more: object
) -> web.Response:
    """The answer to a request that is refused or cannot be served; `more` are further keys of its body."""
    return web.json_response({"error": error, "hint": hint, **more}, status=status, headers=headers)


def later(error: str, hint: str, **more: object) -> web.Response:
    """503: it is not the client's fault, and trying again helps."""
    return problem(503, error, hint, headers={"Retry-After": str(RETRY_AFTER)}, **more)


def told(paths: Iterable[str]) -> Middleware:
    """The middleware that turns every error into a problem; `paths` are those that a lost client may want."""
    known = ", ".join(sorted(paths))

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            if refusal.status < 400:
                raise
            return _of(refusal, request, known)
        except StoreError as lost:
            _log.error("store_lost", path=request.path, error=str(lost))
            return store_lost()
        except Exception:  # noqa: BLE001 - logged with its trace; the client learns only that it was our fault
            _log.exception("request_failed", method=request.method, path=request.path)
            return problem(500, "something failed inside the bot", "Its log has the details.")

    return middleware


def store_lost() -> web.Response:
    """503 because of the database; which one, and why, is for the log alone."""
    return later(
        "the database cannot be reached", "Nothing was changed. Try again in a moment; the bot's log says more."
    )


def _of(refusal: web.HTTPException, request: web.Request, known: str) -> web.Response:
    match refusal:
        case web.HTTPNotFound():
            return problem(404, f"there is nothing at {request.path[:200]}", f"There is: {known}.")
        case web.HTTPMethodNotAllowed(allowed_methods=allowed):
            allow = ", ".join(sorted(allowed))
            return problem(
                405, f"{request.path} does not take {request.method}", f"It takes {allow}.", headers={"Allow": allow}
            )
        case web.HTTPRequestEntityTooLarge():
            return problem(413, "the body is too large", f"Send less than {LARGEST_BODY:,} bytes.")
        case _:
            return problem(refusal.status, refusal.reason.lower(), refusal.text or "")
