"""Postmortems as pages of Confluence, against a small site that answers as Atlassian documents it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from bot.cards.card import Card
from bot.cards.text import to_markdown
from bot.outside import Document
from bot.ports import Publish, Undeliverable
from bot.postmortems.publishers import confluence
from bot.postmortems.publishers.confluence import ConfluenceOptions
from bot.postmortems.publishers.storage_format import storage
from storage.unit_of_work import Store
from tests.fakes.ports import make_ports
from tests.servers.confluence import EMAIL, TOKEN, Confluence
from tests.servers.confluence import confluence as serve

DOCUMENT = Document(
    incident=7,
    version=3,
    title="Postmortem of incident 7: <b>Checkout</b> & more",
    name="0007-checkout.md",
    markdown=to_markdown(Card(title="Postmortem", steps=("It was down. <script>alert(1)</script> [t12]",))),
)


@pytest.fixture
async def site() -> AsyncIterator[Confluence]:
    async with serve() as running:
        yield running


@pytest.fixture
async def ports(sqlite_url: str) -> AsyncIterator[Any]:
    store = await Store.open(sqlite_url)
    async with httpx.AsyncClient(trust_env=False) as http:
        yield make_ports(store, http=http)
    await store.close()


@pytest.fixture
def publish(site: Confluence, ports: Any) -> Publish:
    return confluence.connect(options(site), ports)


def options(site: Confluence, **more: Any) -> ConfluenceOptions:
    return ConfluenceOptions(**{"url": site.url, "email": EMAIL, "token": SecretStr(TOKEN), "space": "OPS"} | more)


def the_page(site: Confluence) -> dict[str, Any]:
    (page,) = site.pages.values()
    return page


async def test_the_first_version_makes_a_page(site: Confluence, publish: Publish) -> None:
    address = await publish(DOCUMENT)
    page = the_page(site)
    assert page["title"] == DOCUMENT.title
    assert "<li>It was down. &lt;script&gt;alert(1)&lt;/script&gt; [t12]</li>" in page["stored"]
    assert address == f"{site.url}/wiki/pages/viewpage.action?pageId={page['id']}"


async def test_a_new_version_updates_the_page(site: Confluence, publish: Publish) -> None:
    address = await publish(DOCUMENT)
    assert await publish(replace(DOCUMENT, version=4, markdown="# x\n\nnew", address=address)) == address
    page = the_page(site)
    assert page["version"] == {"number": 2, "message": "Version 4 of the postmortem"}
    assert ">new</p>" in page["stored"]


async def test_the_same_text_changes_nothing(site: Confluence, publish: Publish) -> None:
    address = await publish(DOCUMENT)
    await publish(replace(DOCUMENT, address=address))
    await publish(DOCUMENT)
    assert site.written() == ["POST /wiki/api/v2/pages"]


async def test_a_new_title_renames_the_page_instead_of_making_a_second(site: Confluence, publish: Publish) -> None:
    address = await publish(DOCUMENT)
    await publish(replace(DOCUMENT, title="Postmortem of incident 7: Payments are down", address=address))
    assert the_page(site)["title"] == "Postmortem of incident 7: Payments are down"


async def test_a_page_that_was_deleted_is_made_anew(site: Confluence, publish: Publish) -> None:
    address = await publish(DOCUMENT)
    site.pages.clear()
    await publish(replace(DOCUMENT, address=address))
    assert the_page(site)["title"] == DOCUMENT.title


async def test_a_page_of_somebody_else_is_never_written_over(site: Confluence, publish: Publish) -> None:
    site.by_hand(DOCUMENT.title, "<p>ours</p>")
    with pytest.raises(Undeliverable, match="was not written by this bot") as refused:
        await publish(DOCUMENT)
    assert not refused.value.retry
    assert site.written() == []


async def test_an_update_that_somebody_overtook_is_done_again_on_theirs(site: Confluence, publish: Publish) -> None:
    address = await publish(DOCUMENT)
    site.overtaken = 2
    await publish(replace(DOCUMENT, markdown="new", address=address))
    assert the_page(site)["version"]["number"] == 4


@pytest.mark.parametrize(("status", "retry", "after"), [(429, True, 7.0), (503, True, None), (403, False, None)])
async def test_a_refusal_says_whether_to_try_again(
    site: Confluence, publish: Publish, status: int, retry: bool, after: float | None
) -> None:
    site.failing = [status]
    with pytest.raises(Undeliverable, match=f"HTTP {status} to GET /spaces: out of order") as refused:
        await publish(DOCUMENT)
    assert (refused.value.retry, refused.value.after) == (retry, after)


async def test_a_wrong_token_is_told_with_its_mend_and_never_shown(site: Confluence, ports: Any) -> None:
    with pytest.raises(Undeliverable, match="HTTP 401") as refused:
        await confluence.connect(options(site, token=SecretStr("wrong-token")), ports)(DOCUMENT)
    assert "Check `email` and `token`" in refused.value.mend
    assert "wrong-token" not in str(refused.value)


async def test_an_unknown_space_is_named(site: Confluence, ports: Any) -> None:
    with pytest.raises(Undeliverable, match="there is no space 'NOPE'"):
        await confluence.connect(options(site, space="NOPE"), ports)(DOCUMENT)


async def test_a_site_that_is_away_is_tried_again(ports: Any) -> None:
    away = ConfluenceOptions(url="http://127.0.0.1:9", email=EMAIL, token=SecretStr(TOKEN), space="OPS")
    with pytest.raises(Undeliverable, match="cannot be reached") as refused:
        await confluence.connect(away, ports)(DOCUMENT)
    assert refused.value.retry


@pytest.mark.parametrize("url", ["http://example.atlassian.net", "https://u:p@example.atlassian.net", "example"])
def test_an_address_that_would_send_the_token_in_the_clear_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        ConfluenceOptions(url=url, email=EMAIL, token=SecretStr(TOKEN), space="OPS")


@given(st.text(max_size=200))
def test_whatever_a_card_says_becomes_a_page_and_no_markup(said: str) -> None:
    made = storage(to_markdown(Card(title="x", body=(said,), steps=(said,))))
    assert "<script" not in made.lower()
    assert "<ac:" not in made


@given(st.text(alphabet="<>&[]()!*_`#|-\n\\ aac:://\"'x", max_size=80))
def test_hostile_markdown_becomes_no_element_that_was_not_allowed(said: str) -> None:
    assert "<ac:" not in storage(said)
    assert 'href="javascript' not in storage(f"[x](javascript:{said})")
