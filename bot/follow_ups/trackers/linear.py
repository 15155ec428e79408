"""Issues in Linear, through its GraphQL API: linear.app/developers/graphql.

Errors come with any HTTP status, 200 among them; too much is HTTP 400 with the code RATELIMITED. The key is looked for
among the team's newest issues.
"""

import re
from typing import Any

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.channels.addresses import http_address
from bot.config.fields import Listed
from bot.follow_ups.asking import Api, moment
from bot.follow_ups.issue import is_ours
from bot.outside import Ended, Filed, Issue
from bot.phrasing import cut
from bot.ports import File, Look, Options, Ports, Tracker, Undeliverable

LONGEST_TITLE = 255
NEWEST = 100
_LIMITED_WAIT = 60.0
_PERSONAL = "lin_api_"
_TEAM = (
    "query($key: String!) "
    "{ teams(filter: {key: {eq: $key}}) { nodes { id labels(first: 100) { nodes { id name } } } } }"
)
_NEWEST = (
    "query($team: String!, $first: Int!) "
    "{ team(id: $team) { issues(first: $first) { nodes { identifier url description } } } }"
)
_CREATE = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { identifier url } } }"
_STATE = "query($id: String!) { issue(id: $id) { completedAt canceledAt } }"
_GONE = re.compile(r"could not find|not found", re.IGNORECASE)
"""What Linear says of an issue that was deleted; its code for that stands for other mistakes, too."""
_TOKEN = "Set a valid `token` of this tracker in manage.yml."  # noqa: S105 - what to do about one
_MENDS = {401: _TOKEN, 403: "Give the account of the token access to this team."}


class LinearOptions(Options):
    """Issues in a team of Linear."""

    team: str = Field(pattern=r"^[A-Z][A-Z0-9]{0,9}$", description="Key of the team, like `ENG`.")
    token: SecretStr = Field(min_length=1, description="Personal API key, or the access token of an OAuth app.")
    labels: Listed[str] = Field(
        default=(), description="Labels of the team that each gets beside `follow-up`; those it does not have are left."
    )
    url: str = Field(default="https://api.linear.app/graphql", description="Address of the API; another one for tests.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url).rstrip("/")


def _api(options: LinearOptions, ports: Ports) -> Api:
    token = options.token.get_secret_value()
    return Api(
        tracker="Linear",
        base=options.url,
        headers={
            "Authorization": token if token.startswith(_PERSONAL) else f"Bearer {token}",
            "User-Agent": "do-manage",
        },
        ports=ports,
        mends=_MENDS,
    )


def connect(options: LinearOptions, ports: Ports) -> File:
    """Give what opens issues."""
    api = _api(options, ports)

    async def file(issue: Issue, /, *, attempt: int) -> Filed:
        team = await _team(api, options.team)
        if attempt > 1 and (there := await _found(api, team["id"], issue.key)):
            return there
        wanted = {name.casefold() for name in (*issue.labels, *options.labels)}
        labels = [one["id"] for one in team["labels"]["nodes"] if str(one["name"]).casefold() in wanted]
        given: dict[str, Any] = {
            "teamId": team["id"],
            "title": cut(issue.title, LONGEST_TITLE),
            "description": issue.body,
            "labelIds": labels,
        }
        if issue.due_on is not None:
            given["dueDate"] = issue.due_on.isoformat()
        made = (await _ask(api, _CREATE, {"input": given}))["issueCreate"]
        if not made["success"]:
            raise Undeliverable("Linear did not open the issue", retry=True)
        return _filed(made["issue"])

    return file


def looking(options: LinearOptions, ports: Ports) -> Look:
    """Give what looks at them."""
    api = _api(options, ports)

    async def look(reference: str, /) -> Ended | None:
        try:
            issue = (await _ask(api, _STATE, {"id": reference}))["issue"] or {}
        except Undeliverable as refused:
            if _GONE.search(str(refused)):
                return None
            raise
        if issue.get("completedAt"):
            return Ended(moment(issue["completedAt"]))
        return Ended(moment(issue["canceledAt"]), done=False) if issue.get("canceledAt") else None

    return look


async def _team(api: Api, key: str) -> Any:
    nodes = (await _ask(api, _TEAM, {"key": key}))["teams"]["nodes"]
    if not nodes:
        mend = "Check `team` of this tracker in manage.yml, and that the account of the token belongs to it."
        raise Undeliverable(f"Linear knows no team {key}", retry=False, mend=mend)
    return nodes[0]


async def _found(api: Api, team: str, key: str) -> Filed | None:
    listed = (await _ask(api, _NEWEST, {"team": team, "first": NEWEST}))["team"]["issues"]["nodes"]
    return next((_filed(one) for one in listed if is_ours(one.get("description"), key)), None)


async def _ask(api: Api, query: str, variables: dict[str, Any]) -> Any:
    """What the query gives; any error in the answer is one, whatever its status says."""
    answer = await api.answer("POST", "", json={"query": query, "variables": variables})
    if answer.status_code >= 500 or answer.status_code == 429:
        raise api.refused(answer)
    codes = _codes(answer)
    if "RATELIMITED" in codes:
        raise Undeliverable("Linear was asked too often", retry=True, after=_LIMITED_WAIT)
    if "AUTHENTICATION_ERROR" in codes:
        raise Undeliverable("Linear refuses the token", retry=False, mend=_TOKEN)
    if not answer.is_success:
        raise api.refused(answer)
    found = api.read(answer)
    if codes or not isinstance(found, dict) or not isinstance(found.get("data"), dict):
        raise Undeliverable(
            f"Linear does not take it: {_said(found)}", retry=False, mend="Look at the team's settings."
        )
    return found["data"]


def _codes(answer: httpx.Response) -> list[str]:
    """A code for each error of the answer."""
    try:
        found = answer.json()
    except ValueError:
        return []
    errors = found.get("errors") if isinstance(found, dict) else None
    listed = [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return [str((one.get("extensions") or {}).get("code") or "ERROR") for one in listed]


def _said(found: Any) -> str:
    errors = found.get("errors") if isinstance(found, dict) else None
    if not isinstance(errors, list) or not errors or not isinstance(errors[0], dict):
        return "it gave no data"
    extensions = errors[0].get("extensions") or {}
    said = extensions.get("userPresentableMessage") or errors[0].get("message") or "it gave no reason"
    return cut(" ".join(str(said).split()), 200).rstrip(".")


def _filed(issue: Any) -> Filed:
    return Filed(reference=str(issue["identifier"]), address=str(issue["url"]))


LINEAR = Tracker(type="linear", options=LinearOptions, connect=connect, look=looking)
