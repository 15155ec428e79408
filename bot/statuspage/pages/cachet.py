"""Cachet 3, through its REST API: docs.cachethq.io, API reference (incidents, incident updates, components).

It keeps no marks of ours, so each text ends with its reference: an attempt that was cut short is found by that.
Cachet 2 is no longer maintained and speaks otherwise (`/api/v1`, header `X-Cachet-Token`): it is not served.
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
_STATUSES = {"operational": 1, "degraded": 2, "partial outage": 3, "major outage": 4}
_PHASES = {"investigating": 1, "identified": 2, "monitoring": 3, "resolved": 4}


class CachetOptions(Options):
    """A Cachet of version 3."""

    url: str = Field(description="Address of the status page, like https://status.example.com.")
    token: SecretStr = Field(min_length=1, description="API key, from the dashboard's settings.")
    components: dict[str, str] = Field(
        default_factory=dict, description="The page's ids of components, by their names in `statuspage.components`."
    )
    notify: bool = Field(default=True, description="Whether the page tells its subscribers.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url).rstrip("/")


def connect(options: CachetOptions, ports: Ports) -> Tell:
    """Give what brings the page up to date."""
    api = Api(
        page="Cachet",
        base=f"{options.url}/api",
        headers={"Authorization": f"Bearer {options.token.get_secret_value()}", "Accept": "application/json"},
        ports=ports,
    )

    async def tell(incident: PublicIncident, /) -> str:
        reference = await _told(api, options, incident) if incident.text else incident.reference
        await _components(api, known(incident, options.components, _STATUSES))
        return reference

    return tell


async def _told(api: Api, options: CachetOptions, incident: PublicIncident) -> str:
    """Tell of the incident unless the page knows it; gives the page's id of it."""
    if incident.taken_back:
        return await _taken_back(api, incident)
    said: dict[str, Any] = {"message": referenced(incident), "status": _PHASES[incident.phase]}
    if incident.reference:
        path = f"/incidents/{quote(incident.reference, safe='')}"
        if await api.ask("GET", path, absent=True) is not None:
            updates = await api.ask("GET", f"{path}/updates", params={"sort": "-created_at", "per_page": AT_ONCE})
            if not any(is_ours(one["attributes"].get("message"), incident) for one in updates["data"]):
                await api.ask("POST", f"{path}/updates", json=said)
            return incident.reference
    newest = await api.ask("GET", "/incidents", params={"sort": "-id", "per_page": AT_ONCE})
    for one in newest["data"]:
        if is_ours(one["attributes"].get("message"), incident):
            return str(one["id"])
    named = {
        "name": cut(incident.title, _LONGEST_NAME),
        "visible": True,
        "notifications": options.notify,
        "occurred_at": f"{incident.started_at:%Y-%m-%d %H:%M:%S}",
        **said,
    }
    return str((await api.ask("POST", "/incidents", json=named))["data"]["id"])


async def _taken_back(api: Api, incident: PublicIncident) -> str:
    """Replace the words that have our reference: the first ones are the incident's own, further ones are updates."""
    path = f"/incidents/{quote(incident.reference, safe='')}"
    there = await api.ask("GET", path, absent=True)
    if there is None:
        return incident.reference
    updates = await api.ask("GET", f"{path}/updates", params={"sort": "-created_at", "per_page": AT_ONCE})
    told = [(path, there["data"]), *((f"{path}/updates/{one['id']}", one) for one in updates["data"])]
    for where, one in told:
        attributes = one["attributes"]
        message, status = attributes.get("message"), attributes["status"]
        if is_ours(message, incident) and message != referenced(incident):
            kept = {"status": status["value"] if isinstance(status, dict) else status}
            kept |= {"name": attributes["name"]} if where == path else {}
            await api.ask("PUT", where, json={**kept, "message": referenced(incident)})
    return incident.reference


async def _components(api: Api, wanted: dict[str, int]) -> None:
    """Set those that are not as they should be."""
    for component, status in wanted.items():
        path = f"/components/{quote(component, safe='')}"
        found = (await api.ask("GET", path))["data"]["attributes"]["status"]
        # a number, or with its name beside it: that changed between releases of version 3
        if str(found["value"] if isinstance(found, dict) else found) != str(status):
            await api.ask("PUT", path, json={"status": status})


CACHET = Page(type="cachet", options=CachetOptions, connect=connect)
