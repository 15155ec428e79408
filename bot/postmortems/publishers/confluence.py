"""Postmortems in Confluence Cloud (REST API v2): one page each in a space, created or updated by its version.

developer.atlassian.com/cloud/confluence/rest/v2: pages and spaces; authentication is the account's mail and API token.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from html import escape
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.channels.addresses import atlassian_site
from bot.channels.retry_after import asked_wait
from bot.outside import Document
from bot.phrasing import cut
from bot.ports import Options, Ports, Publish, Publisher, Undeliverable
from bot.postmortems.publishers.storage_format import Unfit, storage

PATIENCE = 20.0
TITLE = 255
"""Characters that Confluence takes for a title."""
TRIES = 3
"""Updates that may lose against somebody else's before the job comes back later."""

_MENDS = {
    401: "Check `email` and `token` of this place in manage.yml; API tokens expire.",
    403: "Give the account of the token the right to write pages in this space.",
    404: "Check `url` and `space` of this place in manage.yml, and that the account may see and write there.",
    413: "The text is too large for a page (5 MB).",
}


class ConfluenceOptions(Options):
    """Approved postmortems become pages in a space of Confluence Cloud."""

    url: str = Field(description="Address of the site, like `https://example.atlassian.net`.")
    email: str = Field(pattern=r"^[^\s:]+@[^\s:]+$", description="Mail address of the account that writes.")
    token: SecretStr = Field(min_length=1, description="API token of that account.")
    space: str = Field(pattern=r"^~?[A-Za-z0-9]{1,255}$", description="Key of the space.")
    parent: str = Field(default="", pattern=r"^\d*$", description="Number of the page below which they stand.")

    @field_validator("url")
    @classmethod
    def _is_site(cls, url: str) -> str:
        return atlassian_site(url).removesuffix("/wiki")


@dataclass(frozen=True)
class _Page:
    """A page as it stands."""

    id: str
    title: str
    version: int
    body: str


@dataclass(frozen=True)
class _Site:
    """The way to one site. Every refusal becomes an `Undeliverable` that names what was tried, and never the token."""

    options: ConfluenceOptions
    http: httpx.AsyncClient
    now: datetime

    async def call(self, method: str, path: str, **what: Any) -> Any:
        """The answer's JSON; None for 404 to a GET, and for 409."""
        options = self.options
        auth = httpx.BasicAuth(options.email, options.token.get_secret_value())
        try:
            answer = await self.http.request(
                method,
                f"{options.url}/wiki/api/v2{path}",
                auth=auth,
                timeout=PATIENCE,
                headers={"Accept": "application/json"},
                **what,
            )
        except httpx.HTTPError as error:
            host = urlsplit(options.url).hostname
            raise Undeliverable(f"{host} cannot be reached: {type(error).__name__}", retry=True) from error
        if answer.status_code == 409 or (answer.status_code == 404 and method == "GET"):
            return None
        if answer.is_success:
            return _json(answer)
        raise Undeliverable(
            f"Confluence answered HTTP {answer.status_code} to {method} {path.partition('?')[0]}{_reason(answer)}",
            retry=answer.status_code in {408, 425, 429} or answer.status_code >= 500,
            after=asked_wait(answer.headers.get("retry-after", ""), self.now),
            mend=_MENDS.get(answer.status_code, ""),
        )

    async def space(self) -> str:
        """The number of the space."""
        found = await self.call("GET", "/spaces", params={"keys": self.options.space, "limit": 1})
        results = found.get("results") if found else None
        if not results:
            raise Undeliverable(f"there is no space {self.options.space!r}", retry=False, mend=_MENDS[404])
        return str(results[0]["id"])

    async def page(self, number: str) -> _Page | None:
        """The page of that number, unless it is gone."""
        found = await self.call("GET", f"/pages/{number}", params={"body-format": "storage"})
        return _page(found) if found and found.get("status") == "current" else None

    async def titled(self, space: str, title: str) -> _Page | None:
        """The page of that title in the space."""
        asked = {"space-id": space, "title": title, "status": "current", "body-format": "storage", "limit": 1}
        found = await self.call("GET", "/pages", params=asked)
        results = found.get("results") if found else None
        return _page(results[0]) if results else None


def connect(options: ConfluenceOptions, ports: Ports) -> Publish:
    """Give what writes the page of a document. What stands there already is updated; the same text changes nothing.

    A page that the bot did not write is never written over, and what people changed in one of its own stays in the
    page's history.
    """

    async def publish(document: Document) -> str:
        site = _Site(options, ports.http, ports.now())
        body = _body(document)
        space = await site.space()
        title = cut(document.title, TITLE)
        for _ in range(TRIES):
            page = await _known(site, space, document, title)
            if page is None:
                made = await _created(site, space, title, body)
            elif _digest(page.body) == _digest(body) and page.title == title:
                return _address(options, page.id)
            else:
                made = await _updated(site, page, title, body, document)
            if made is not None:
                return _address(options, str(made["id"]))
        raise Undeliverable("others kept changing the page at the same time", retry=True)

    return publish


async def _known(site: _Site, space: str, document: Document, title: str) -> _Page | None:
    """The page of this postmortem: where it was written before, or else by its title."""
    before = re.search(r"pageId=(\d{1,20})", document.address)
    page = await site.page(before[1]) if before else None
    if page is not None and _is_ours(page, document):
        return page
    page = await site.titled(space, title)
    if page is not None and not _is_ours(page, document):
        raise Undeliverable(
            f"a page “{cut(title, 80)}” is there already and was not written by this bot",
            retry=False,
            mend="Rename that page, or name another `space` for this place in manage.yml.",
        )
    return page


async def _created(site: _Site, space: str, title: str, body: str) -> Mapping[str, Any] | None:
    page = {
        "spaceId": space,
        "status": "current",
        "title": title,
        "body": {"representation": "storage", "value": body},
        **({"parentId": site.options.parent} if site.options.parent else {}),
    }
    made: Mapping[str, Any] | None = await site.call("POST", "/pages", json=page)
    return made


async def _updated(site: _Site, page: _Page, title: str, body: str, document: Document) -> Mapping[str, Any] | None:
    changed = {
        "id": page.id,
        "status": "current",
        "title": title,
        "body": {"representation": "storage", "value": body},
        "version": {"number": page.version + 1, "message": f"Version {document.version} of the postmortem"},
    }
    made: Mapping[str, Any] | None = await site.call("PUT", f"/pages/{page.id}", json=changed)
    return made


def _body(document: Document) -> str:
    """The page, with a last line by which the bot knows its own page and its text again.

    Confluence words a body anew when it stores it: only what is told in it stays the same.
    """
    try:
        made = storage(document.markdown)
    except Unfit as unfit:
        raise Undeliverable(str(unfit), retry=False) from unfit
    digest = blake2b(f"{document.title}\0{made}".encode(), digest_size=8).hexdigest()
    return f"{made}\n<p><em>{escape(_mark(document))}, version {document.version}, text {digest}.</em></p>"


def _mark(document: Document) -> str:
    return f"Kept by do-manage: postmortem of incident {document.incident}"


def _is_ours(page: _Page, document: Document) -> bool:
    return f"{_mark(document)}," in page.body


def _digest(body: str) -> str:
    found = re.findall(r", version \d+, text ([0-9a-f]{16})\.", body)
    return found[-1] if found else ""


def _page(found: Mapping[str, Any]) -> _Page:
    return _Page(
        id=str(found["id"]),
        title=str(found["title"]),
        version=int(found["version"]["number"]),
        body=str(((found.get("body") or {}).get("storage") or {}).get("value") or ""),
    )


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        mend = "Check that `url` of this place in manage.yml is a site of Confluence Cloud."
        raise Undeliverable("Confluence answered with something that is no JSON", retry=False, mend=mend) from None


def _reason(answer: httpx.Response) -> str:
    """What Confluence says is wrong, where it says so."""
    try:
        said = answer.json().get("errors") or ()
        titles = [str(one.get("title") or one.get("detail") or "") for one in said]
    except (ValueError, AttributeError):
        return ""
    told = "; ".join(title for title in titles if title)
    return f": {cut(told, 200)}" if told else ""


def _address(options: ConfluenceOptions, page: str) -> str:
    """The page by its number: it leads there whatever the page is called later."""
    return f"{options.url}/wiki/pages/viewpage.action?pageId={page}"


CONFLUENCE = Publisher(type="confluence", options=ConfluenceOptions, connect=connect)
