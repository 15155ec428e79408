"""Requests to a calendar's server: what it refuses becomes `Undeliverable`, with the mend."""

from collections.abc import Collection, Mapping
from typing import Any

import httpx

from bot.channels.addresses import http_address
from bot.channels.notice import one_line
from bot.channels.retry_after import asked_wait
from bot.phrasing import cut
from bot.ports import Ports, Undeliverable

PATIENCE = 15.0
"""Seconds for each request."""
LIMITED = 429
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_LONGEST = 200


async def ask(
    ports: Ports,
    who: str,
    method: str,
    url: str,
    *,
    mends: Mapping[int, str],
    allowed: Collection[int] = (),
    **request: Any,
) -> httpx.Response:
    """What `who` answers: a success, or one of the `allowed` statuses. Raises `Undeliverable` for all else.

    `mends` tell for a status what a person can do about it. Of what is sent nothing is repeated in an error.
    """
    try:
        answer = await ports.http.request(method, url, timeout=PATIENCE, **request)
    except httpx.HTTPError as error:
        raise Undeliverable(f"{who} cannot be reached: {type(error).__name__}", retry=True) from error
    if answer.is_success or answer.status_code in allowed:
        return answer
    raise refusal(ports, who, answer, mends)


def refusal(ports: Ports, who: str, answer: httpx.Response, mends: Mapping[int, str]) -> Undeliverable:
    """What a refusal means: for now, or for good."""
    status = answer.status_code
    said = f"{who} answered HTTP {status}{_why(answer)}"
    if status == LIMITED:
        wait = asked_wait(answer.headers.get("Retry-After", ""), ports.now())
        return Undeliverable(f"{who} was asked too often (HTTP {status})", retry=True, after=wait)
    if status in {408, 409, 423} or status >= 500:
        return Undeliverable(said, retry=True, mend=mends.get(status, ""))
    return Undeliverable(said, retry=False, mend=mends.get(status, mends.get(0, "")))


def read(who: str, answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; raises `Undeliverable` where it is none."""
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Undeliverable(
            f"{who} answered with something that is no JSON object",
            retry=False,
            mend="Check the addresses of this calendar in manage.yml.",
        )
    return found


async def token(ports: Ports, who: str, url: str, form: Mapping[str, str], mends: Mapping[int, str]) -> str:
    """The token that an authorization server gives for the `form` (RFC 6749, 4.4 and 4.5)."""
    return str(read(who, await ask(ports, who, "POST", url, mends=mends, data=form)).get("access_token", ""))


def server(url: str) -> str:
    """The address of a server, without a slash at its end; raises `ValueError` for one that is not protected."""
    address = http_address(url).rstrip("/")
    read_ = httpx.URL(address)
    if read_.scheme != "https" and read_.host not in LOCAL:
        raise ValueError("an address with https://, secrets are not sent in the clear")
    return address


def _why(answer: httpx.Response) -> str:
    """The reason that the server gives in JSON, as Google, Microsoft and OAuth (RFC 6749, 5.2) spell it."""
    try:
        found = answer.json()
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    error = found.get("error") or ""
    said = error.get("message") if isinstance(error, dict) else found.get("error_description") or error
    return f": {cut(one_line(str(said)), _LONGEST)}" if said else ""
