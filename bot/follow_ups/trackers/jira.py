"""Issues in Jira Cloud, through its REST API v3: developer.atlassian.com/cloud/jira/platform/rest/v3.

Texts are documents there, not Markdown. The key is looked for with JQL. What a project does not have on its screen (a
due date, labels) Jira refuses by name: the issue is opened without it.
"""

import re
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.channels.addresses import atlassian_site
from bot.config.fields import Listed
from bot.follow_ups.asking import Api, Refused, moment
from bot.follow_ups.issue import is_ours
from bot.outside import Ended, Filed, Issue
from bot.phrasing import cut
from bot.ports import File, Look, Options, Ports, Tracker

LONGEST_SUMMARY = 255
OPTIONAL = frozenset({"duedate", "labels"})
PUT_ASIDE = frozenset({"won't do", "won't fix", "duplicate", "cannot reproduce", "declined"})
"""Jira's own resolutions of what nobody has done."""
_ADDRESS = re.compile(r"(https?://\S+)")
_ESCAPED = re.compile(r"\\(.)")
_MENDS = {
    400: "Check `project` and `issue_type` of this tracker in manage.yml, and which fields the project wants.",
    401: "Check `email` and `token` of this tracker in manage.yml; API tokens expire.",
    403: "Give the account of the token the right to create issues in this project.",
    404: "Check `url` and `project` of this tracker in manage.yml.",
}


class JiraOptions(Options):
    """Issues in a project of Jira Cloud."""

    url: str = Field(description="Address of the site, like `https://example.atlassian.net`.")
    email: str = Field(pattern=r"^[^\s:]+@[^\s:]+$", description="Mail address of the account that opens them.")
    token: SecretStr = Field(min_length=1, description="API token of that account.")
    project: str = Field(pattern=r"^[A-Z][A-Z0-9_]{1,99}$", description="Key of the project, like `OPS`.")
    issue_type: str = Field(default="Task", min_length=1, max_length=60, description="Type of the issues.")
    labels: Listed[str] = Field(default=(), description="Labels that each gets beside `follow-up`.")

    @field_validator("url")
    @classmethod
    def _is_site(cls, url: str) -> str:
        return atlassian_site(url)


def _api(options: JiraOptions, ports: Ports) -> Api:
    return Api(
        tracker="Jira",
        base=f"{options.url}/rest/api/3",
        headers={"Accept": "application/json", "User-Agent": "do-manage"},
        ports=ports,
        mends=_MENDS,
        auth=httpx.BasicAuth(options.email, options.token.get_secret_value()),
    )


def connect(options: JiraOptions, ports: Ports) -> File:
    """Give what opens issues."""
    api = _api(options, ports)

    async def file(issue: Issue, /, *, attempt: int) -> Filed:
        made = (await _found(api, options.project, issue.key)) if attempt > 1 else ""
        if not made:
            made = await _created(api, _fields(options, issue))
        return Filed(reference=made, address=f"{options.url}/browse/{made}")

    return file


def looking(options: JiraOptions, ports: Ports) -> Look:
    """Give what looks at them: projects name their states as they like, each is of the category done or of another."""
    api = _api(options, ports)

    async def look(reference: str, /) -> Ended | None:
        asked = {"fields": "status,resolution,statuscategorychangedate"}
        issue = await api.there(f"/issue/{quote(reference, safe='')}", asked)
        fields = (issue or {}).get("fields") or {}
        if ((fields.get("status") or {}).get("statusCategory") or {}).get("key") != "done":
            return None
        why = str((fields.get("resolution") or {}).get("name") or "").casefold()
        return Ended(moment(fields.get("statuscategorychangedate")), done=why not in PUT_ASIDE)

    return look


async def _found(api: Api, project: str, key: str) -> str:
    """The issue that holds the key, "" when there is none."""
    asked = {"jql": f'project = "{project}" AND description ~ "{key}"', "fields": ["description"], "maxResults": 20}
    found = await api.ask("POST", "/search/jql", json=asked)
    ours = (one for one in found["issues"] if is_ours((one.get("fields") or {}).get("description"), key))
    return next((str(one["key"]) for one in ours), "")


async def _created(api: Api, fields: dict[str, Any]) -> str:
    try:
        return str((await api.ask("POST", "/issue", json={"fields": fields}))["key"])
    except Refused as refused:
        if not refused.fields or not refused.fields <= OPTIONAL & set(fields):
            raise
        left = {name: value for name, value in fields.items() if name not in refused.fields}
        return str((await api.ask("POST", "/issue", json={"fields": left}))["key"])


def _fields(options: JiraOptions, issue: Issue) -> dict[str, Any]:
    labels = dict.fromkeys((*issue.labels, *options.labels))
    fields: dict[str, Any] = {
        "project": {"key": options.project},
        "issuetype": {"name": options.issue_type},
        "summary": cut(issue.title, LONGEST_SUMMARY),
        "description": document(issue.body),
        "labels": ["-".join(label.split()) for label in labels],
    }
    return fields | ({"duedate": issue.due_on.isoformat()} if issue.due_on else {})


def document(body: str) -> dict[str, Any]:
    """The text of an issue in the Atlassian Document Format: paragraphs of plain text and links (pure)."""
    paragraphs = [" ".join(part.split()) for part in body.split("\n\n")]
    content = [{"type": "paragraph", "content": _inline(one)} for one in paragraphs if one]
    return {"type": "doc", "version": 1, "content": content}


def _inline(text: str) -> list[dict[str, Any]]:
    parts = [part for part in _ADDRESS.split(text) if part]
    return [
        {"type": "text", "text": part, "marks": [{"type": "link", "attrs": {"href": part}}]}
        if _ADDRESS.fullmatch(part)
        else {"type": "text", "text": _ESCAPED.sub(r"\1", part)}
        for part in parts
    ]


JIRA = Tracker(type="jira", options=JiraOptions, connect=connect, look=looking)
