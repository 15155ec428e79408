"""Every kind of issue tracker keeps the promises of `File`: GitHub and Linear against emulators, the others against
doubles as strict as their documentation."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from bot import registry
from bot.app import parts
from bot.follow_ups.trackers.jira import document
from bot.outside import Issue
from bot.ports import File, Look, Tracker, Undeliverable
from storage.unit_of_work import Store
from tests.fakes import trackers as fakes
from tests.fakes.ports import T0, make_ports
from tests.fakes.trackers import Faulty
from tests.servers.tracker_emulator import GITHUB_TOKEN, LINEAR_TOKEN, REPO, TEAM, Trackers

FOUND = registry.collect(Tracker, registry.modules("bot.follow_ups"), lambda tracker: tracker.type)
KINDS = ("github", "gitlab", "jira", "linear")
TOKENS = {"github": GITHUB_TOKEN, "linear": LINEAR_TOKEN, "gitlab": fakes.TOKEN, "jira": fakes.TOKEN}
ELSEWHERE = {
    "github": {"repo": "writer/nothing"},
    "gitlab": {"project": "example/nothing"},
    "jira": {"project": "NOPE"},
    "linear": {"team": "NOPE"},
}
LINEAR_401 = {
    "errors": [
        {
            "message": "Authentication required, not authenticated",
            "extensions": {"type": "authentication error", "code": "AUTHENTICATION_ERROR"},
        }
    ]
}
UNAUTHORIZED: dict[str, Any] = {
    "github": {"message": "Bad credentials", "status": "401"},
    "gitlab": {"message": "401 Unauthorized"},
    "jira": {"errorMessages": ["You are not authenticated."]},
    "linear": LINEAR_401,
}
REFUSED: dict[str, tuple[int, Any, str]] = {
    "github": (
        422,
        {"message": "Validation Failed", "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}]},
        "HTTP 422: Validation Failed; title is missing_field",
    ),
    "gitlab": (400, {"message": {"title": ["can't be blank"]}}, "HTTP 400: title can't be blank"),
    "jira": (400, {"errorMessages": [], "errors": {"summary": "You must specify a summary."}}, "summary: You must"),
    "linear": (
        200,
        {"data": None, "errors": [{"message": "Argument Validation Error", "extensions": {"code": "INPUT_ERROR"}}]},
        "does not take it: Argument Validation Error",
    ),
}


@dataclass
class Desk:
    """A tracker of one kind with what is connected to it; `look` gives (title, text, labels, day) of its issues."""

    kind: str
    faults: Faulty
    ports: Any
    options: dict[str, Any]
    look: Callable[[], Awaitable[list[tuple[str, str, set[str], str | None]]]]
    issue: Issue
    close: Callable[[str, str], Awaitable[None]]

    def connected(self, **changes: Any) -> File:
        kind = FOUND[self.kind]
        return kind.connect(kind.options.model_validate(self.options | changes), self.ports)

    def looking(self, **changes: Any) -> Look:
        kind = FOUND[self.kind]
        return kind.look(kind.options.model_validate(self.options | changes), self.ports)

    async def ours(self) -> list[tuple[str, str, set[str], str | None]]:
        return [one for one in await self.look() if self.issue.key in one[1]]


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no tracker reads the store."""
    return sqlite_url


@pytest.fixture(params=KINDS)
async def desk(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[Desk]:
    kind = request.param
    key = f"followup3x{uuid4().hex[:12]}"
    body = f"Follow-up of an incident\n\nMessage: https://example.slack.com/archives/C1/p1\n\nReference: {key}"
    issue = Issue(key=key, title="Raise the pool", body=body, labels=("follow-up",), due_on=date(2026, 12, 4))
    faults = Faulty(TOKENS[kind], UNAUTHORIZED[kind])
    double = {"gitlab": fakes.Gitlab, "jira": fakes.Jira}.get(kind)
    async with httpx.AsyncClient(transport=faults) as http:
        if double is None:
            trackers = request.getfixturevalue("trackers")
            yield emulated(kind, trackers, faults, make_ports(store, http=http), issue)
            return
        async with fakes.serving(double()) as tracker:
            yield doubled(kind, tracker, faults, make_ports(store, http=http), issue)


def emulated(kind: str, trackers: Trackers, faults: Faulty, ports: Any, issue: Issue) -> Desk:
    async def github() -> list[tuple[str, str, set[str], str | None]]:
        found = await trackers.github_issues()
        return [(i["title"], i["body"], {label["name"] for label in i["labels"]}, None) for i in found]

    async def linear() -> list[tuple[str, str, set[str], str | None]]:
        found = await trackers.linear_issues()
        return [
            (i["title"], i["description"], {label["name"] for label in i["labels"]["nodes"]}, i["dueDate"])
            for i in found
        ]

    async def close(reference: str, how: str) -> None:
        if kind == "github":
            await trackers.close_on_github(reference, "completed" if how == "done" else "not_planned")
        else:
            await trackers.close_on_linear(reference, "Done" if how == "done" else "Canceled")

    if kind == "github":
        options = {"repo": REPO, "url": trackers.github, "token": GITHUB_TOKEN}
        return Desk(kind, faults, ports, options, github, issue, close)
    options = {"team": TEAM, "url": f"{trackers.linear}/graphql", "token": LINEAR_TOKEN}
    return Desk(kind, faults, ports, options, linear, issue, close)


def doubled(kind: str, tracker: Any, faults: Faulty, ports: Any, issue: Issue) -> Desk:
    async def look() -> list[tuple[str, str, set[str], str | None]]:
        if kind == "gitlab":
            return [(i["title"], i["description"], set(i["labels"]), i["due_date"]) for i in tracker.issues]
        return [
            (i["summary"], str(i["description"]), set(i.get("labels", ())), i.get("duedate")) for i in tracker.issues
        ]

    async def close(reference: str, how: str) -> None:
        tracker.close(reference, how)

    if kind == "gitlab":
        options = {"project": fakes.PROJECT, "url": tracker.url, "token": fakes.TOKEN}
    else:
        options = {"project": fakes.KEY, "url": tracker.url, "token": fakes.TOKEN, "email": fakes.EMAIL}
    return Desk(kind, faults, ports, options, look, issue, close)


def test_there_is_a_kind_for_each_vendor() -> None:
    assert set(KINDS) == set(parts().trackers)


async def test_an_issue_is_opened_with_all_that_is_known(desk: Desk) -> None:
    filed = await desk.connected()(desk.issue, attempt=1)
    ((title, text, labels, day),) = await desk.ours()
    assert (title, labels) == ("Raise the pool", {"follow-up"})
    assert "https://example.slack.com/archives/C1/p1" in text
    assert day == (None if desk.kind == "github" else "2026-12-04")
    assert filed.address.startswith("http://127.0.0.1")
    assert filed.reference.lstrip("#").rpartition("-")[2].isdecimal()


async def test_an_attempt_that_was_cut_short_is_found_again(desk: Desk) -> None:
    desk.faults.cut()
    file = desk.connected()
    with pytest.raises(Undeliverable, match="cannot be reached: ReadError") as caught:
        await file(desk.issue, attempt=1)
    assert caught.value.retry
    filed = await file(desk.issue, attempt=2)
    assert len(await desk.ours()) == 1
    assert filed == await file(desk.issue, attempt=3)


async def test_an_attempt_that_did_nothing_is_made_again(desk: Desk) -> None:
    desk.faults.fail(503)
    file = desk.connected()
    with pytest.raises(Undeliverable):
        await file(desk.issue, attempt=1)
    await file(desk.issue, attempt=2)
    assert len(await desk.ours()) == 1


async def test_another_one_with_the_same_title_is_opened_beside_it(desk: Desk) -> None:
    file, other = desk.connected(), "followup4x000000000000"
    first = await file(desk.issue, attempt=1)
    body = desk.issue.body.replace(desk.issue.key, other)
    assert await file(replace(desk.issue, key=f"{other}{uuid4().hex}", body=body), attempt=2) != first


async def test_a_title_without_end_is_cut(desk: Desk) -> None:
    await desk.connected()(replace(desk.issue, title="long " * 200), attempt=1)
    ((title, *_),) = await desk.ours()
    assert title.endswith("…")


async def test_a_wrong_token_is_final_and_not_repeated_in_the_error(desk: Desk) -> None:
    with pytest.raises(Undeliverable) as caught:
        await desk.connected(token="wrong-token-7c1")(desk.issue, attempt=1)
    assert not caught.value.retry
    assert "token" in caught.value.mend
    assert "wrong-token-7c1" not in f"{caught.value}{caught.value.mend}"
    assert await desk.ours() == []


@pytest.mark.parametrize("attempt", [1, 2])
async def test_a_place_that_does_not_exist_is_final_and_names_the_mend(desk: Desk, attempt: int) -> None:
    (option,) = ELSEWHERE[desk.kind]
    with pytest.raises(Undeliverable) as caught:
        await desk.connected(**ELSEWHERE[desk.kind])(desk.issue, attempt=attempt)
    assert not caught.value.retry
    assert f"`{option}`" in caught.value.mend


async def test_what_is_refused_is_final_and_says_why(desk: Desk) -> None:
    status, body, said = REFUSED[desk.kind]
    desk.faults.fail(status, body)
    with pytest.raises(Undeliverable) as caught:
        await desk.connected()(desk.issue, attempt=1)
    assert said in str(caught.value)
    assert not caught.value.retry


async def test_too_much_is_tried_again_when_the_tracker_says(desk: Desk) -> None:
    desk.faults.fail(429, Retry_After="60")
    with pytest.raises(Undeliverable, match="asked too often") as caught:
        await desk.connected()(desk.issue, attempt=1)
    assert (caught.value.retry, caught.value.after) == (True, 60.0)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_a_server_that_fails_is_tried_again(desk: Desk, status: int) -> None:
    desk.faults.fail(status)
    with pytest.raises(Undeliverable, match=f"HTTP {status}") as caught:
        await desk.connected()(desk.issue, attempt=1)
    assert caught.value.retry


async def test_a_server_that_is_away_is_tried_again(desk: Desk) -> None:
    with pytest.raises(Undeliverable, match="cannot be reached: ConnectError") as caught:
        await desk.connected(url="http://127.0.0.1:1")(desk.issue, attempt=1)
    assert caught.value.retry


async def test_something_else_than_json_is_final_and_names_the_address(desk: Desk) -> None:
    desk.faults.planned.append(httpx.Response(200, text="<html>Sign in</html>"))
    with pytest.raises(Undeliverable, match="something else than JSON") as caught:
        await desk.connected()(desk.issue, attempt=1)
    assert (caught.value.retry, "`url`" in caught.value.mend) == (False, True)


async def test_an_issue_that_is_open_has_not_ended(desk: Desk) -> None:
    filed = await desk.connected()(desk.issue, attempt=1)
    assert await desk.looking()(filed.reference) is None


async def test_an_issue_that_was_closed_is_done_since_then(desk: Desk) -> None:
    filed = await desk.connected()(desk.issue, attempt=1)
    await desk.close(filed.reference, "done")
    ended = await desk.looking()(filed.reference)
    assert ended is not None
    assert ended.done
    assert ended.at.utcoffset() == timedelta(0)
    assert ended.at > T0 - timedelta(days=365)


@pytest.mark.parametrize("desk", ["github", "jira", "linear"], indirect=True)
async def test_an_issue_that_was_put_aside_is_not_done(desk: Desk) -> None:
    filed = await desk.connected()(desk.issue, attempt=1)
    await desk.close(filed.reference, "put aside")
    ended = await desk.looking()(filed.reference)
    assert ended is not None
    assert not ended.done


@pytest.mark.parametrize("desk", ["gitlab"], indirect=True)
async def test_an_issue_that_was_moved_to_another_project_has_not_ended(desk: Desk) -> None:
    filed = await desk.connected()(desk.issue, attempt=1)
    await desk.close(filed.reference, "moved")
    assert await desk.looking()(filed.reference) is None


async def test_an_issue_that_is_gone_has_not_ended(desk: Desk) -> None:
    filed = await desk.connected()(desk.issue, attempt=1)
    assert await desk.looking()(f"{filed.reference}0007") is None


@pytest.mark.parametrize("desk", ["linear"], indirect=True)
async def test_an_issue_that_linear_says_is_gone_has_not_ended(desk: Desk) -> None:
    told = {"code": "INPUT_ERROR", "userPresentableMessage": "Could not find referenced Issue."}
    body = {"errors": [{"message": "Entity not found: Issue", "extensions": told}], "data": None}
    desk.faults.fail(200, body)
    assert await desk.looking()("OPS-1") is None


async def test_looking_is_refused_like_opening(desk: Desk) -> None:
    desk.faults.fail(429, Retry_After="60")
    with pytest.raises(Undeliverable, match="asked too often") as limited:
        await desk.looking()("OPS-1")
    with pytest.raises(Undeliverable) as wrong:
        await desk.looking(token="wrong-token-7c1")("OPS-1")
    assert (limited.value.retry, wrong.value.retry) == (True, False)
    assert "token" in wrong.value.mend
    assert "wrong-token-7c1" not in f"{wrong.value}{wrong.value.mend}"


@pytest.mark.parametrize("desk", ["github"], indirect=True)
@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry_After": "30"}, 30.0),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": str(int(T0.timestamp()) + 120)}, 120.0),
    ],
)
async def test_github_says_403_too_when_too_much_was_asked(desk: Desk, headers: dict[str, str], after: float) -> None:
    desk.faults.fail(403, {"message": "You have exceeded a secondary rate limit."}, **headers)
    with pytest.raises(Undeliverable, match="asked too often") as caught:
        await desk.connected()(desk.issue, attempt=1)
    assert (caught.value.retry, caught.value.after) == (True, after)


@pytest.mark.parametrize("desk", ["github"], indirect=True)
async def test_a_repository_that_was_renamed_is_told(desk: Desk) -> None:
    desk.faults.fail(307, {"message": "Moved Permanently"})
    with pytest.raises(Undeliverable, match="HTTP 307: Moved Permanently") as caught:
        await desk.connected()(desk.issue, attempt=1)
    assert "has moved" in caught.value.mend


@pytest.mark.parametrize("desk", ["linear"], indirect=True)
async def test_linear_says_400_when_too_much_was_asked(desk: Desk) -> None:
    desk.faults.fail(400, {"errors": [{"message": "Rate limit exceeded", "extensions": {"code": "RATELIMITED"}}]})
    with pytest.raises(Undeliverable, match="asked too often") as caught:
        await desk.connected()(desk.issue, attempt=1)
    assert caught.value.retry


@pytest.mark.parametrize("desk", ["jira"], indirect=True)
async def test_jira_gets_it_without_what_its_screen_does_not_have(desk: Desk) -> None:
    said = "Field 'duedate' cannot be set. It is not on the appropriate screen, or unknown."
    desk.faults.fail(400, {"errorMessages": [], "errors": {"duedate": said}})
    await desk.connected()(desk.issue, attempt=1)
    ((*_, labels, day),) = await desk.ours()
    assert (labels, day) == ({"follow-up"}, None)


@pytest.mark.parametrize("desk", ["linear"], indirect=True)
async def test_linear_leaves_out_labels_that_the_team_does_not_have(desk: Desk) -> None:
    await desk.connected(labels=["nobody made this"])(desk.issue, attempt=1)
    ((_, _, labels, _),) = await desk.ours()
    assert labels == {"follow-up"}


def test_jira_shows_words_as_they_are_and_links_addresses() -> None:
    shown = document("Owner: a\\_b\n\nMessage: https://example.com/x y")["content"]
    assert [node["text"] for node in shown[0]["content"]] == ["Owner: a_b"]
    link = {"type": "link", "attrs": {"href": "https://example.com/x"}}
    assert [node.get("marks") for node in shown[1]["content"]] == [None, [link], None]
