"""Atlassian Statuspage, through its Manage API v1: developer.statuspage.io.

The key of what was told last stands in the incident's metadata, which is written together with the text: an attempt
that was cut short is found by it, and not told twice. Limits: 60 requests a minute for each key.
"""

from typing import Any
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator

from bot.channels.addresses import http_address
from bot.outside import PublicIncident
from bot.phrasing import cut
from bot.ports import Options, Page, Ports, Tell
from bot.statuspage.asking import Api, known

MARK = "do-manage"
AT_ONCE = 100
_LONGEST_NAME, _LONGEST_BODY = 255, 25_000
_STATUSES = {
    "operational": "operational",
    "degraded": "degraded_performance",
    "partial outage": "partial_outage",
    "major outage": "major_outage",
}


class StatuspageOptions(Options):
    """A page at Atlassian Statuspage."""

    page: str = Field(min_length=1, max_length=100, description="Id of the page.")
    token: SecretStr = Field(min_length=1, description="API key of a user who may change the page.")
    components: dict[str, str] = Field(
        default_factory=dict, description="The page's ids of components, by their names in `statuspage.components`."
    )
    notify: bool = Field(default=True, description="Whether the page tells its subscribers.")
    url: str = Field(default="https://api.statuspage.io/v1", description="Address of the API; another one for tests.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url).rstrip("/")


def connect(options: StatuspageOptions, ports: Ports) -> Tell:
    """Give what brings the page up to date."""
    api = Api(
        page="Statuspage",
        base=f"{options.url}/pages/{quote(options.page, safe='')}",
        headers={"Authorization": f"OAuth {options.token.get_secret_value()}"},
        ports=ports,
    )

    async def tell(incident: PublicIncident, /) -> str:
        reference = await _told(api, options, incident) if incident.text else incident.reference
        await _components(api, known(incident, options.components, _STATUSES))
        return reference

    return tell


async def _told(api: Api, options: StatuspageOptions, incident: PublicIncident) -> str:
    """Tell of the incident unless the page knows it; gives the page's id of it."""
    if incident.taken_back:
        return await _taken_back(api, incident)
    there = None
    if incident.reference:
        there = await api.ask("GET", f"/incidents/{quote(incident.reference, safe='')}", absent=True)
    else:
        newest = await api.ask("GET", "/incidents", params={"limit": AT_ONCE})
        there = next((one for one in newest if _key(one) == incident.key), None)
    if there is not None and _key(there) == incident.key:
        return str(there["id"])
    affected = known(incident, options.components, _STATUSES)
    said: dict[str, Any] = {
        "status": incident.phase,
        "body": cut(incident.text, _LONGEST_BODY),
        "metadata": {MARK: {"key": incident.key}},
        "components": affected,
        "component_ids": list(affected),
        "deliver_notifications": options.notify,
    }
    if there is not None:
        path = f"/incidents/{quote(str(there['id']), safe='')}"
        return str((await api.ask("PATCH", path, json={"incident": said}))["id"])
    named = {"name": cut(incident.title, _LONGEST_NAME), **said}
    return str((await api.ask("POST", "/incidents", json={"incident": named}))["id"])


async def _taken_back(api: Api, incident: PublicIncident) -> str:
    """Replace the words wherever they stand in the incident: updates have no key by which one could be told apart."""
    path, words = f"/incidents/{quote(incident.reference, safe='')}", cut(incident.taken_back, _LONGEST_BODY)
    there = await api.ask("GET", path, absent=True) or {}
    for one in there.get("incident_updates") or ():
        if one.get("body") == words:
            said = {"body": incident.text, "deliver_notifications": False}
            where = f"{path}/incident_updates/{quote(str(one['id']), safe='')}"
            await api.ask("PATCH", where, json={"incident_update": said})
    return incident.reference


async def _components(api: Api, wanted: dict[str, str]) -> None:
    """Set those that are not as they should be; asked for in pages, because whole lists are limited harder."""
    number, missing = 1, dict(wanted)
    while missing:
        listed = await api.ask("GET", "/components", params={"page": number, "per_page": AT_ONCE})
        for one in listed:
            if missing.pop(one["id"], one["status"]) != one["status"]:
                await _set(api, one["id"], wanted[one["id"]])
        if len(listed) < AT_ONCE:
            break
        number += 1
    for unknown, status in missing.items():  # the page refuses it by name
        await _set(api, unknown, status)


async def _set(api: Api, component: str, status: str) -> None:
    await api.ask("PATCH", f"/components/{quote(component, safe='')}", json={"component": {"status": status}})


def _key(incident: Any) -> str:
    mark = (incident.get("metadata") or {}).get(MARK)
    return str(mark.get("key", "")) if isinstance(mark, dict) else ""


STATUSPAGE = Page(type="statuspage", options=StatuspageOptions, connect=connect)
