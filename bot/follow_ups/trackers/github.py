"""Issues in GitHub, through its REST API: docs.github.com/rest/issues/issues.

Looked for among the newest issues of the repository, because GitHub's search learns of new ones minutes later.
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

NEWEST = 100
LONGEST_TITLE = 256
PUT_ASIDE = frozenset({"not_planned", "duplicate"})
"""Why issues are closed that nobody has done."""
_MENDS = {
    401: "Set a valid `token` of this tracker in manage.yml; tokens expire.",
    403: "Give the token the permission to write issues in this repository.",
    404: "Check `repo` of this tracker in manage.yml, and that the token may read and write its issues.",
    410: "Turn issues on in the settings of the repository.",
}


class GithubOptions(Options):
    """Issues in a repository of GitHub."""

    repo: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", description="Repository, like `example/shop`."
    )
    token: SecretStr = Field(min_length=1, description="Token that may write issues of that repository.")
    labels: Listed[str] = Field(default=(), description="Labels that each gets beside `follow-up`.")
    url: str = Field(
        default="https://api.github.com",
        description="Address of the API; of GitHub Enterprise Server `https://HOST/api/v3`.",
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url).rstrip("/")


def _api(options: GithubOptions, ports: Ports) -> Api:
    return Api(
        tracker="GitHub",
        base=f"{options.url}/repos/{quote(options.repo)}",
        headers={
            "Authorization": f"Bearer {options.token.get_secret_value()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "do-manage",
        },
        ports=ports,
        mends=_MENDS,
    )


def connect(options: GithubOptions, ports: Ports) -> File:
    """Give what opens issues."""
    api = _api(options, ports)

    async def file(issue: Issue, /, *, attempt: int) -> Filed:
        if attempt > 1 and (there := await _found(api, issue.key)):
            return there
        given = {
            "title": cut(issue.title, LONGEST_TITLE),
            "body": issue.body,
            "labels": list(dict.fromkeys((*issue.labels, *options.labels))),
        }
        return _filed(await api.ask("POST", "/issues", json=given))

    return file


def looking(options: GithubOptions, ports: Ports) -> Look:
    """Give what looks at them."""
    api = _api(options, ports)

    async def look(reference: str, /) -> Ended | None:
        issue = await api.there(f"/issues/{quote(reference.lstrip('#'), safe='')}")
        if issue is None or issue["state"] != "closed":
            return None
        return Ended(moment(issue.get("closed_at")), done=issue.get("state_reason") not in PUT_ASIDE)

    return look


async def _found(api: Api, key: str) -> Filed | None:
    newest = {"state": "all", "sort": "created", "direction": "desc", "per_page": NEWEST}
    listed = await api.ask("GET", "/issues", params=newest)
    return next((_filed(one) for one in listed if is_ours(one.get("body"), key)), None)


def _filed(issue: Any) -> Filed:
    return Filed(reference=f"#{issue['number']}", address=str(issue["html_url"]))


GITHUB = Tracker(type="github", options=GithubOptions, connect=connect, look=looking)
