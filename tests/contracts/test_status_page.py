"""Every kind of outside status page keeps the promises of `Tell`, against doubles as strict as their documentation."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from bot.app import parts
from bot.outside import PublicIncident
from bot.ports import Tell, Undeliverable
from storage.unit_of_work import Store
from tests.fakes.ports import T0, make_ports
from tests.fakes.status_pages import PAGE, TOKEN, Cachet, Instatus, Statuspage, serving

KINDS = ("statuspage", "instatus", "cachet")
SERVERS: dict[str, Any] = {"statuspage": Statuspage, "instatus": Instatus, "cachet": Cachet}
IDS = {"Shop": "11", "Mail": "12"}
WORDS = {
    "statuspage": {"fine": "operational", "partial": "partial_outage", "down": "major_outage"},
    "instatus": {"fine": "OPERATIONAL", "partial": "PARTIALOUTAGE", "down": "MAJOROUTAGE"},
    "cachet": {"fine": 1, "partial": 3, "down": 4},
}
RESOLVED = {"statuspage": "resolved", "instatus": "resolved", "cachet": 4}
BEGIN = PublicIncident(
    key="12-3",
    reference="",
    title="Trouble with Shop",
    phase="investigating",
    text="We look into it.",
    components={"Shop": "major outage"},
    started_at=T0,
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@dataclass
class Told:
    """A page of one kind, and what is connected to it."""

    kind: str
    page: Any
    ports: Any

    def connected(self, **changes: Any) -> Tell:
        kind = parts().pages[self.kind]
        given: dict[str, Any] = {"token": TOKEN, "components": IDS}
        given |= (
            {"url": self.page.url} if self.kind == "cachet" else {"page": PAGE, "url": f"{self.page.url}{self.root}"}
        )
        return kind.connect(kind.options.model_validate(given | changes), self.ports)

    @property
    def root(self) -> str:
        return "/v1" if self.kind == "statuspage" else ""

    @property
    def words(self) -> dict[str, Any]:
        return WORDS[self.kind]


@pytest.fixture(params=KINDS)
async def told(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Told]:
    async with serving(SERVERS[request.param]) as page, httpx.AsyncClient(trust_env=False) as http:
        page.components = dict.fromkeys(IDS.values(), WORDS[request.param]["fine"])
        yield Told(request.param, page, make_ports(store, http=http))


def test_there_is_a_kind_for_each_vendor() -> None:
    assert set(KINDS) == set(parts().pages)


async def test_a_first_text_opens_an_incident_there(told: Told) -> None:
    reference = await told.connected()(BEGIN)
    (made,) = told.page.incidents.values()
    assert (str(made["id"]), made["name"]) == (reference, "Trouble with Shop")
    assert "We look into it." in told.page.updates()[0]
    assert told.page.components == {"11": told.words["down"], "12": told.words["fine"]}


async def test_a_further_text_is_added_to_it(told: Told) -> None:
    tell = told.connected()
    reference = await tell(BEGIN)
    over = replace(BEGIN, key="12-4", reference=reference, phase="resolved", text="It is over.")
    assert await tell(replace(over, components={"Shop": "operational"})) == reference
    (made,) = told.page.incidents.values()
    assert len(told.page.updates()) == 2
    assert "It is over." in told.page.updates()[1]
    assert made["status"] == RESOLVED[told.kind]
    assert set(told.page.components.values()) == {told.words["fine"]}


async def test_components_alone_open_no_incident(told: Told) -> None:
    alone = replace(BEGIN, key="", title="", phase="", text="", components={"Mail": "partial outage"})
    assert await told.connected()(alone) == ""
    assert told.page.incidents == {}
    assert told.page.components["12"] == told.words["partial"]


async def test_what_is_as_it_should_be_is_left_alone(told: Told) -> None:
    tell = told.connected()
    await tell(BEGIN)
    told.page.calls.clear()
    await tell(BEGIN)
    assert told.page.calls == []


async def test_a_component_without_an_id_there_is_left_out(told: Told) -> None:
    await told.connected(components={"Mail": "12"})(BEGIN)
    assert told.page.components["11"] == told.words["fine"]


async def test_a_first_text_that_was_cut_short_is_not_told_twice(told: Told) -> None:
    told.page.cut()
    tell = told.connected()
    with pytest.raises(Undeliverable) as caught:
        await tell(BEGIN)
    assert caught.value.retry
    reference = await tell(BEGIN)
    assert [str(one["id"]) for one in told.page.incidents.values()] == [reference]
    assert len(told.page.updates()) == 1


async def test_a_further_text_that_was_cut_short_is_not_told_twice(told: Told) -> None:
    tell = told.connected()
    reference = await tell(BEGIN)
    further = replace(BEGIN, key="12-4", reference=reference, phase="identified")
    told.page.cut()
    with pytest.raises(Undeliverable):
        await tell(further)
    assert await tell(further) == reference
    assert len(told.page.updates()) == 2


async def test_the_same_words_in_another_text_are_told_again(told: Told) -> None:
    tell = told.connected()
    reference = await tell(BEGIN)
    await tell(replace(BEGIN, key="12-4", reference=reference))
    assert len(told.page.updates()) == 2


@pytest.mark.parametrize("number", [0, 1])
async def test_what_is_taken_back_is_replaced_there_and_told_to_nobody(told: Told, number: int) -> None:
    tell = told.connected()
    reference = await tell(BEGIN)
    first = replace(BEGIN, reference=reference)
    further = replace(first, key="12-4", text="Cards were stolen.", phase="identified")
    await tell(further)
    gone = (first, further)[number]
    back = replace(gone, text="This update was withdrawn.", taken_back=gone.text)

    assert await tell(back) == reference
    changes = list(told.page.calls)
    assert await tell(back) == reference

    texts = told.page.updates()
    assert gone.text not in texts[number]
    assert "This update was withdrawn." in texts[number]
    assert (first, further)[1 - number].text in texts[1 - number]
    assert (len(texts), told.page.calls, told.page.notified) == (2, changes, [])


async def test_what_is_taken_back_of_what_is_not_there_is_nothing_to_do(told: Told) -> None:
    await told.connected()(replace(BEGIN, reference="999", taken_back=BEGIN.text, text="This update was withdrawn."))
    assert told.page.incidents == {}


async def test_an_incident_that_somebody_deleted_there_is_opened_anew(told: Told) -> None:
    tell = told.connected()
    await tell(BEGIN)
    told.page.incidents.clear()
    await tell(replace(BEGIN, key="12-4", reference="999"))
    assert len(told.page.incidents) == 1


async def test_a_wrong_token_is_final_and_not_repeated_in_the_error(told: Told) -> None:
    with pytest.raises(Undeliverable, match=r"refuses the token \(HTTP 401\): set a valid one") as caught:
        await told.connected(token="wrong-token-7c1")(BEGIN)
    assert not caught.value.retry
    assert "wrong-token-7c1" not in str(caught.value)
    assert told.page.incidents == {}


async def test_what_is_not_there_is_final_and_names_the_mend(told: Told) -> None:
    alone = replace(BEGIN, key="", text="")
    with pytest.raises(Undeliverable, match="check the ids of page and components") as caught:
        await told.connected(components={"Shop": "404"})(alone)
    assert not caught.value.retry


async def test_what_is_refused_is_final_and_says_why(told: Told) -> None:
    told.page.fail(422)
    with pytest.raises(Undeliverable, match=r"does not take it \(HTTP 422\): as planned") as caught:
        await told.connected()(BEGIN)
    assert not caught.value.retry


async def test_too_much_is_tried_again_when_the_page_says(told: Told) -> None:
    told.page.fail(429, Retry_After="60")
    with pytest.raises(Undeliverable, match="asked too often") as caught:
        await told.connected()(BEGIN)
    assert (caught.value.retry, caught.value.after) == (True, 60.0)


@pytest.mark.parametrize("status", [408, 500, 502, 503])
async def test_a_server_that_fails_is_tried_again(told: Told, status: int) -> None:
    told.page.fail(status)
    with pytest.raises(Undeliverable, match=f"HTTP {status}") as caught:
        await told.connected()(BEGIN)
    assert caught.value.retry


async def test_a_server_that_is_away_is_tried_again(told: Told) -> None:
    where = "http://127.0.0.1:1"
    with pytest.raises(Undeliverable, match="cannot be reached: ConnectError") as caught:
        await told.connected(url=where)(BEGIN)
    assert caught.value.retry
