"""Requests to the API of an outside status page: what it refuses becomes `Undeliverable`, with the mend."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bot.channels.retry_after import asked_wait
from bot.outside import PublicIncident
from bot.phrasing import cut
from bot.ports import Ports, Undeliverable

PATIENCE = 15.0
LIMITED = frozenset({420, 429})
"""What says that too much was asked; Statuspage said 420 in former times."""
_LONGEST = 200


@dataclass(frozen=True, kw_only=True)
class Api:
    """One API: `page` is what people call it, `base` its address without a slash at the end."""

    page: str
    base: str
    headers: Mapping[str, str]
    ports: Ports

    async def ask(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, Any] | None = None, absent: bool = False
    ) -> Any:
        """The JSON that is answered; None where nothing is there and it may be `absent`. Raises `Undeliverable`."""
        try:
            answer = await self.ports.http.request(
                method, f"{self.base}{path}", json=json, params=params, headers=dict(self.headers), timeout=PATIENCE
            )
        except httpx.HTTPError as error:
            raise Undeliverable(f"{self.page} cannot be reached: {type(error).__name__}", retry=True) from error
        if absent and answer.status_code == 404:
            return None
        if not answer.is_success:
            raise self._refused(answer, path)
        try:
            return answer.json()
        except ValueError:
            said = f"{self.page} answered {method} {path} with something else than JSON: check the address in `url`"
            raise Undeliverable(said, retry=False) from None

    def _refused(self, answer: httpx.Response, path: str) -> Undeliverable:
        status, why = answer.status_code, _why(answer)
        if status in {401, 403}:
            return Undeliverable(f"{self.page} refuses the token (HTTP {status}): set a valid one", retry=False)
        if status == 404:
            said = f"{self.page} has nothing at {path} (HTTP 404): check the ids of page and components"
            return Undeliverable(said, retry=False)
        if status in LIMITED:
            wait = asked_wait(answer.headers.get("Retry-After", ""), self.ports.now())
            return Undeliverable(f"{self.page} was asked too often (HTTP {status})", retry=True, after=wait)
        if status == 408 or status >= 500:
            return Undeliverable(f"{self.page} answered HTTP {status}", retry=True)
        return Undeliverable(f"{self.page} does not take it (HTTP {status}){why}", retry=False)


def known(incident: PublicIncident, ids: Mapping[str, str], statuses: Mapping[str, Any]) -> dict[str, Any]:
    """The page's ids of the components with the page's words for how they are; those it does not have are left out."""
    return {ids[name]: statuses[words] for name, words in incident.components.items() if name in ids}


def referenced(incident: PublicIncident) -> str:
    """The text with its key in a last line, by which it is found again where the API keeps no other mark."""
    return f"{incident.text}\n\n{_reference(incident)}"


def is_ours(text: object, incident: PublicIncident) -> bool:
    """Whether this text is the incident's, from an attempt that was cut short."""
    return _reference(incident) in str(text or "").splitlines()


def _reference(incident: PublicIncident) -> str:
    return f"Reference: {incident.key}"


def _why(answer: httpx.Response) -> str:
    """The reason of a refusal, never more of the answer: it could repeat what was sent."""
    try:
        found = answer.json()
    except ValueError:
        return ""
    said = found.get("message") or found.get("error") if isinstance(found, dict) else None
    if isinstance(said, dict):
        said = said.get("message")
    if isinstance(said, list):
        said = "; ".join(str(one) for one in said)
    return f": {cut(' '.join(said.split()), _LONGEST)}" if isinstance(said, str) and said.strip() else ""
