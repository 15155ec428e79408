"""Instatus, through its API: instatus.com/help/api (incidents, incident updates, components).

It keeps no marks of ours, so each text ends with its reference: an attempt that was cut short is found by that.
"""

from typing import Any
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator

from bot.channels.addresses import http_address
from bot.outside import PublicIncident
from bot.phrasing import cut
from bot.ports import Options, Page, Ports, Tell
from bot.statuspage.asking import Api, is_ours, known, referenced

AT_ONCE = 100
_LONGEST_NAME = 255
_STATUSES = {
    "operational": "OPERATIONAL",
    "degraded": "DEGRADEDPERFORMANCE",
    "partial outage": "PARTIALOUTAGE",
    "major outage": "MAJOROUTAGE",
}


class InstatusOptions(Options):
    """A page at Instatus."""

    page: str = Field(min_length=1, max_length=100, description="Id of the page.")
    token: SecretStr = Field(min_length=1, description="API key, from the developer settings of a user.")
    components: dict[str, str] = Field(
        default_factory=dict, description="The page's ids of components, by their names in `statuspage.components`."
    )
    notify: bool = Field(default=True, description="Whether the page tells its subscribers.")
    url: str = Field(default="https://api.instatus.com", description="Address of the API; another one for tests.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url).rstrip("/")


def connect(options: InstatusOptions, ports: Ports) -> Tell:
    """Give what brings the page up to date."""
    api = Api(
        page="Instatus",
        base=f"{options.url}/v1/{quote(options.page, safe='')}",
        headers={"Authorization": f"Bearer {options.token.get_secret_value()}"},
        ports=ports,
    )

    async def tell(incident: PublicIncident, /) -> str:
        reference = await _told(api, options, incident) if incident.text else incident.reference
        await _components(api, known(incident, options.components, _STATUSES))
        return reference

    return tell


async def _told(api: Api, options: InstatusOptions, incident: PublicIncident) -> str:
    """Tell of the incident unless the page knows it; gives the page's id of it."""
    if incident.taken_back:
        return await _taken_back(api, incident)
    there = None
    if incident.reference:
        there = await api.ask("GET", f"/incidents/{quote(incident.reference, safe='')}", absent=True)
    else:
        listed = await api.ask("GET", "/incidents", params={"page": 1, "per_page": AT_ONCE})
        there = next((one for one in listed if _knows(one, incident)), None)
    if there is not None and _knows(there, incident):
        return str(there["id"])
    affected = known(incident, options.components, _STATUSES)
    said: dict[str, Any] = {
        "message": referenced(incident),
        "status": incident.phase.upper(),
        "components": list(affected),
        "statuses": [{"id": one, "status": status} for one, status in affected.items()],
        "notify": options.notify,
    }
    if there is not None:
        await api.ask("POST", f"/incidents/{quote(str(there['id']), safe='')}/incident-updates", json=said)
        return str(there["id"])
    started = f"{incident.started_at:%Y-%m-%dT%H:%M:%S}.000Z"
    named = {"name": cut(incident.title, _LONGEST_NAME), "started": started, **said}
    return str((await api.ask("POST", "/incidents", json=named))["id"])


async def _taken_back(api: Api, incident: PublicIncident) -> str:
    """Replace the words of the update that has our reference."""
    path = f"/incidents/{quote(incident.reference, safe='')}"
    there = await api.ask("GET", path, absent=True) or {}
    for one in there.get("updates") or ():
        if is_ours(one.get("message"), incident) and one["message"] != referenced(incident):
            kept = {name: one[name] for name in ("started", "status") if one.get(name)}
            where = f"{path}/incident-updates/{quote(str(one['id']), safe='')}"
            await api.ask("PUT", where, json={**kept, "message": referenced(incident), "notify": False})
    return incident.reference


async def _components(api: Api, wanted: dict[str, str]) -> None:
    """Set those that are not as they should be."""
    for component, status in wanted.items():
        path = f"/components/{quote(component, safe='')}"
        if (await api.ask("GET", path))["status"] != status:
            await api.ask("PUT", path, json={"status": status})


def _knows(there: Any, incident: PublicIncident) -> bool:
    return any(is_ours(one.get("message"), incident) for one in there.get("updates") or ())


INSTATUS = Page(type="instatus", options=InstatusOptions, connect=connect)
