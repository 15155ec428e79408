"""Requests to the API of an issue tracker: what it refuses becomes `Undeliverable`, with the mend."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.channels.retry_after import asked_wait
from bot.phrasing import cut
from bot.ports import Ports, Undeliverable

PATIENCE = 15.0
AGAIN = frozenset({408, 425, 429})
"""Refusals that time alone can mend, beside all from 500 on."""
GONE = frozenset({301, 307, 308, 404, 410})
"""Answers that say of an issue that it is not there, or not there any more."""
LONG_AGO = datetime.fromtimestamp(0, UTC)
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Api:
    """One API: `tracker` is what people call it, `base` its address without a slash at the end.

    `mends` tell what a person can do about an HTTP status.
    """

    tracker: str
    base: str
    headers: Mapping[str, str]
    ports: Ports
    mends: Mapping[int, str] = field(default_factory=dict)
    auth: httpx.Auth | None = None

    async def there(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON at this address, None where nothing is any more. Raises `Undeliverable`."""
        answer = await self.answer("GET", path, params=params)
        if answer.status_code in GONE:
            return None
        if answer.is_success:
            return self.read(answer)
        raise self.refused(answer)

    async def ask(self, method: str, path: str, *, json: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """The JSON that is answered. Raises `Undeliverable`; `Refused` where the tracker named the fields."""
        answer = await self.answer(method, path, json=json, params=params)
        if answer.is_success:
            return self.read(answer)
        raise self.refused(answer)

    async def answer(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        """Whatever is answered. Raises `Undeliverable` when nothing is."""
        try:
            return await self.ports.http.request(
                method,
                f"{self.base}{path}",
                json=json,
                params=params,
                headers=dict(self.headers),
                auth=self.auth,
                timeout=PATIENCE,
            )
        except httpx.HTTPError as error:
            raise Undeliverable(f"{self.tracker} cannot be reached: {type(error).__name__}", retry=True) from error

    def read(self, answer: httpx.Response) -> Any:
        """The JSON of an answer; raises `Undeliverable` for anything else."""
        try:
            return answer.json()
        except ValueError:
            said = f"{self.tracker} answered with something else than JSON"
            raise Undeliverable(said, retry=False, mend="Check `url` of this tracker in manage.yml.") from None

    def refused(self, answer: httpx.Response) -> Undeliverable:
        """The refusal in words, without what was sent."""
        status = answer.status_code
        if status == 429 or (status == 403 and self._exhausted(answer)):
            said = f"{self.tracker} was asked too often (HTTP {status})"
            return Undeliverable(said, retry=True, after=self._wait(answer), mend="It takes more after a while.")
        again = status in AGAIN or status >= 500
        said = f"{self.tracker} answered HTTP {status}{_why(answer)}"
        mend = self.mends.get(status, "")
        if 300 <= status < 400:
            mend = "What it was asked for has moved: name its new place in manage.yml."
        return Refused(said, retry=again, after=self._wait(answer) if again else None, mend=mend, fields=_named(answer))

    def _exhausted(self, answer: httpx.Response) -> bool:
        return "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"

    def _wait(self, answer: httpx.Response) -> float | None:
        asked = asked_wait(answer.headers.get("retry-after", ""), self.ports.now())
        reset = answer.headers.get("x-ratelimit-reset", "")
        if asked is None and reset.isascii() and reset.isdecimal():
            return min(max(float(reset[:12]) - self.ports.now().timestamp(), 0.0), 3600.0)
        return asked


class Refused(Undeliverable):
    """An answer that is no success. `fields` are those that the tracker named as wrong."""

    def __init__(self, message: str, *, retry: bool, after: float | None, mend: str, fields: frozenset[str]) -> None:
        super().__init__(message, retry=retry, after=after, mend=mend)
        self.fields = fields


def moment(said: object) -> datetime:
    """The time that a tracker tells (UTC); one that cannot be read was before everything."""
    try:
        read = datetime.fromisoformat(str(said))
    except ValueError:
        return LONG_AGO
    return read.astimezone(UTC) if read.tzinfo else LONG_AGO


def _why(answer: httpx.Response) -> str:
    """The reason of a refusal, never more of the answer: it could repeat what was sent."""
    try:
        found = answer.json()
    except ValueError:
        return ""
    said = "; ".join(dict.fromkeys(" ".join(reason.split()) for reason in _reasons(found) if reason.strip()))
    return f": {cut(said, _LONGEST).rstrip('.')}" if said else ""


def _reasons(found: Any) -> Iterator[str]:
    """What the four trackers say is wrong: `message`, `error`, `errors`, `errorMessages`, each a text or a tree."""
    if isinstance(found, list):
        for one in found:
            yield from _reasons(one)
    elif isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for name, inner in found.items():
            if name in {"message", "error", "errorMessages"} and isinstance(inner, str | list):
                yield from _reasons(inner)
            elif name == "message" and isinstance(inner, dict):
                yield from (f"{key} {', '.join(_reasons(value))}" for key, value in inner.items())
            elif name == "errors" and isinstance(inner, dict):
                yield from (f"{key}: {value}" for key, value in inner.items() if isinstance(value, str))
            elif name == "errors" and isinstance(inner, list):
                yield from (said for one in inner for said in _of_field(one))


def _of_field(error: Any) -> Iterator[str]:
    """One entry of `errors`: GitHub names the field and a code, GraphQL has a message."""
    if isinstance(error, dict) and isinstance(error.get("field"), str) and isinstance(error.get("code"), str):
        yield f"{error['field']} is {error['code']}"
    else:
        yield from _reasons(error)


def _named(answer: httpx.Response) -> frozenset[str]:
    try:
        found = answer.json()
    except ValueError:
        return frozenset()
    errors = found.get("errors") if isinstance(found, dict) else None
    return frozenset(map(str, errors)) if isinstance(errors, dict) else frozenset()
