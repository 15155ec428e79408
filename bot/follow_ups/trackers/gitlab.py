"""Issues in GitLab, through its REST API v4: docs.gitlab.com/api/issues.

The key is looked for in descriptions, which GitLab's search reads from the database itself. A line that begins with a
slash would be a quick action there; the text of a follow-up has none.
"""

from typing import Any
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator

from bot.channels.addresses import http_address
from bot.config.fields import Listed
from bot.follow_ups.asking import Api, moment
from bot.follow_ups.issue import is_ours
from bot.outside import Ended, Filed, Issue
from bot.phrasing import cut
from bot.ports import File, Look, Options, Ports, Tracker

LONGEST_TITLE = 255
_MENDS = {
    401: "Set a valid `token` of this tracker in manage.yml; tokens expire.",
    403: "Give the token the scope `api` and at least the role Reporter in this project.",
    404: "Check `project` of this tracker in manage.yml, and that the token may see it.",
}


class GitlabOptions(Options):
    """Issues in a project of GitLab."""

    project: str = Field(
        min_length=1, max_length=255, description="Path of the project, like `example/shop`, or its number."
    )
    token: SecretStr = Field(min_length=1, description="Access token with the scope `api`.")
    labels: Listed[str] = Field(default=(), description="Labels that each gets beside `follow-up`.")
    url: str = Field(default="https://gitlab.com", description="Address of the server.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url).rstrip("/")


def _api(options: GitlabOptions, ports: Ports) -> Api:
    return Api(
        tracker="GitLab",
        base=f"{options.url}/api/v4/projects/{quote(options.project, safe='')}",
        headers={"PRIVATE-TOKEN": options.token.get_secret_value(), "User-Agent": "do-manage"},
        ports=ports,
        mends=_MENDS,
    )


def connect(options: GitlabOptions, ports: Ports) -> File:
    """Give what opens issues."""
    api = _api(options, ports)

    async def file(issue: Issue, /, *, attempt: int) -> Filed:
        if attempt > 1 and (there := await _found(api, issue.key)):
            return there
        labels = dict.fromkeys((*issue.labels, *options.labels))
        given: dict[str, Any] = {
            "title": cut(issue.title, LONGEST_TITLE),
            "description": issue.body,
            "labels": ",".join(label.replace(",", " ") for label in labels),
        }
        if issue.due_on is not None:
            given["due_date"] = issue.due_on.isoformat()
        return _filed(await api.ask("POST", "/issues", json=given))

    return file


def looking(options: GitlabOptions, ports: Ports) -> Look:
    """Give what looks at them. One that was moved is closed in its old place, and goes on in another."""
    api = _api(options, ports)

    async def look(reference: str, /) -> Ended | None:
        issue = await api.there(f"/issues/{quote(reference.lstrip('#'), safe='')}")
        if issue is None or issue["state"] != "closed" or issue.get("moved_to_id") is not None:
            return None
        return Ended(moment(issue.get("closed_at")))

    return look


async def _found(api: Api, key: str) -> Filed | None:
    asked = {"search": key, "in": "description", "scope": "all", "per_page": 20}
    listed = await api.ask("GET", "/issues", params=asked)
    return next((_filed(one) for one in listed if is_ours(one.get("description"), key)), None)


def _filed(issue: Any) -> Filed:
    return Filed(reference=f"#{issue['iid']}", address=str(issue["web_url"]))


GITLAB = Tracker(type="gitlab", options=GitlabOptions, connect=connect, look=looking)
