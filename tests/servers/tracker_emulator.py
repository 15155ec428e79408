"""An independent GitHub and Linear: the npm package `emulate`, whose issues are the oracle for ours.

It takes any token for that of its first user, limits no rates and has GitHub's issues without their search.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.servers.process import answers, free_port, missing, running
from tests.servers.slack_emulator import HERE, node

GITHUB_TOKEN, LINEAR_TOKEN = "github-token-of-the-tests", "linear-token-of-the-tests"
REPO, TEAM = "writer/shop", "OPS"
_HAND = "linear-token-of-a-person"
_WRITER = "writer@example.com"
_STATES = [
    {"name": "Todo", "type": "unstarted"},
    {"name": "Done", "type": "completed"},
    {"name": "Canceled", "type": "canceled"},
]
_ISSUES = "{ issues(first: 250) { nodes { title description dueDate url labels { nodes { name } } } } }"


@dataclass(frozen=True)
class Trackers:
    """The running emulators; their issues stay for as long as they run, so tests look for their own keys."""

    github: str
    linear: str

    async def github_issues(self) -> list[dict[str, Any]]:
        """All issues of the repository, as GitHub's API gives them."""
        asked = {"state": "all", "per_page": "100"}
        async with httpx.AsyncClient(base_url=self.github, trust_env=False) as http:
            answer = await http.get(f"/repos/{REPO}/issues", params=asked, headers=_bearer(GITHUB_TOKEN))
        answer.raise_for_status()
        return answer.json()

    async def close_on_github(self, reference: str, reason: str) -> None:
        """Close an issue there: "completed" or "not_planned"."""
        body = {"state": "closed", "state_reason": reason}
        async with httpx.AsyncClient(base_url=self.github, trust_env=False) as http:
            path = f"/repos/{REPO}/issues/{reference.lstrip('#')}"
            answer = await http.patch(path, json=body, headers=_bearer(GITHUB_TOKEN))
        answer.raise_for_status()

    async def close_on_linear(self, reference: str, state: str) -> None:
        """Move an issue there into a state of that name."""
        query = "mutation($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success } }"
        body = {"query": query, "variables": {"id": reference, "input": {"stateId": state}}}
        async with httpx.AsyncClient(base_url=self.linear, trust_env=False) as http:
            answer = await http.post("/graphql", json=body, headers=_bearer(_HAND))
        assert answer.json()["data"]["issueUpdate"]["success"], answer.text

    async def linear_issues(self) -> list[dict[str, Any]]:
        """All issues of the workspace, as Linear's API gives them."""
        async with httpx.AsyncClient(base_url=self.linear, trust_env=False) as http:
            answer = await http.post("/graphql", json={"query": _ISSUES}, headers=_bearer(LINEAR_TOKEN))
        answer.raise_for_status()
        return answer.json()["data"]["issues"]["nodes"]


@pytest.fixture(scope="session")
def trackers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trackers]:
    """Give the running emulators with one repository and one team."""
    program = node()
    if not (HERE / "node_modules/emulate").is_dir():
        missing("the npm packages of tests/servers/emulate (Debian package npm, then ./do test installs them)")
    github, linear = free_port(), free_port()
    log = tmp_path_factory.mktemp("emulate") / "trackers.log"
    argv = [program, str(HERE / "trackers.mjs"), str(github), str(linear), json.dumps(_seed())]
    with running(argv, ready=lambda: answers(github) and answers(linear), log=log):
        yield Trackers(f"http://127.0.0.1:{github}", f"http://127.0.0.1:{linear}")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _seed() -> dict[str, Any]:
    owner, name = REPO.split("/")
    return {
        "tokens": {GITHUB_TOKEN: {"login": owner, "scopes": ["repo"]}},
        "github": {"users": [{"login": owner}], "repos": [{"owner": owner, "name": name}]},
        "linear": {
            "organization": {"name": "Example", "url_key": "example"},
            "users": [{"email": _WRITER, "name": "Writer", "admin": True}],
            "teams": [{"key": TEAM, "name": "Operations", "states": _STATES}],
            "labels": [{"name": "follow-up", "team": TEAM, "color": "#111111"}],
            "tokens": [
                {"token": LINEAR_TOKEN, "user": _WRITER, "scopes": ["read", "issues:create"]},
                {"token": _HAND, "user": _WRITER, "scopes": ["read", "write"]},
            ],
            "strict_scopes": True,
        },
    }
