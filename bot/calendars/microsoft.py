"""Calendars of Microsoft 365, through Microsoft Graph, by an application that acts for itself."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from pydantic import Field, SecretStr, field_validator

from bot.calendars import asking
from bot.channels.addresses import mailbox
from bot.outside import Booked, Invitation
from bot.ports import Book, Calendar, Options, Ports

WHO = "Microsoft Graph"
MARK = "String {5f2c1f0e-7c0a-4f59-9f0e-2b9b9d0a6c11} Name do-manage"
"""The extended property by which an event is found again whose id was never heard of."""
_MENDS = {
    0: "Check the options of this calendar in manage.yml.",
    400: "Check `tenant`, `client_id` and `client_secret` of this calendar in manage.yml.",
    401: "Check `tenant`, `client_id` and `client_secret` of this calendar in manage.yml; secrets run out.",
    403: "Grant the application the permission Calendars.ReadWrite (application, with an admin's consent).",
    404: "Check `user` of this calendar in manage.yml: there is no such mailbox.",
}


class MicrosoftOptions(Options):
    """The calendar of one mailbox in Microsoft 365."""

    tenant: str = Field(min_length=1, pattern=r"^[A-Za-z0-9.-]+$", description="Id or domain of the tenant.")
    client_id: str = Field(min_length=1, description="Id of the registered application.")
    client_secret: SecretStr = Field(description="Secret of the application.")
    user: str = Field(description="Mailbox that invites: a mail address.")
    url: str = Field(default="https://graph.microsoft.com/v1.0", description="Address of the API.")
    login_url: str = Field(default="https://login.microsoftonline.com", description="Address that gives tokens.")

    @field_validator("user")
    @classmethod
    def _is_address(cls, given: str) -> str:
        return mailbox(given)[1]

    @field_validator("url", "login_url")
    @classmethod
    def _is_safe(cls, given: str) -> str:
        return asking.server(given)


@dataclass(frozen=True)
class _Events:
    """The events of the mailbox, with a token for now."""

    options: MicrosoftOptions
    ports: Ports
    token: str

    async def ask(
        self, method: str, event: str = "", *allowed: int, body: Any = None, params: Any = None
    ) -> dict[str, Any] | None:
        """What Graph answers; None for nothing, or for one of the `allowed` statuses."""
        at = f"{self.options.url}/users/{quote(self.options.user, safe='@')}/events"
        answer = await asking.ask(
            self.ports,
            WHO,
            method,
            f"{at}/{quote(event, safe='')}" if event else at,
            mends=_MENDS,
            allowed=allowed,
            # ids that stay the same, and times in UTC
            headers={
                "Authorization": f"Bearer {self.token}",
                "Prefer": 'IdType="ImmutableId", outlook.timezone="UTC"',
            },
            params=params,
            json=body,
        )
        return asking.read(WHO, answer) if answer.is_success and answer.content else None

    async def marked(self, uid: str) -> dict[str, Any] | None:
        """The event that bears our mark."""
        wanted = f"singleValueExtendedProperties/Any(ep: ep/id eq '{MARK}' and ep/value eq '{uid}')"
        found = await self.ask("GET", params={"$filter": wanted, "$top": "1", "$select": "id,start,end"})
        listed = (found or {}).get("value") or []
        return dict(listed[0]) if listed else None


def connect(options: MicrosoftOptions, ports: Ports) -> Book:
    """Give what keeps the event of a meeting.

    It is looked for by a mark before it is made, and made with a `transactionId`, of which Graph makes one event alone.
    """

    async def book(invitation: Invitation) -> Booked:
        events = _Events(options, ports, await _token(options, ports))
        reference = invitation.reference
        found = await events.ask("GET", reference, 404) if reference else await events.marked(invitation.uid)
        if invitation.cancelled:
            if found is not None:  # Graph tells the attendees
                await events.ask("DELETE", str(found["id"]), 404)
            return Booked(reference)
        if found is None:
            found = await events.ask("POST", body=_event(invitation, made=True)) or {}
        elif not _is_at(found, invitation):
            await events.ask("PATCH", str(found["id"]), body=_event(invitation, made=False))
        return Booked(str(found.get("id", "")))

    return book


async def _token(options: MicrosoftOptions, ports: Ports) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": options.client_id,
        "client_secret": options.client_secret.get_secret_value(),
        "scope": f"{'/'.join(options.url.split('/')[:3])}/.default",
    }
    at = f"{options.login_url}/{options.tenant}/oauth2/v2.0/token"
    return await asking.token(ports, WHO, at, form, _MENDS)


def _event(invitation: Invitation, *, made: bool) -> dict[str, Any]:
    """The event; when it is `made`, with what tells that it is ours."""
    body: dict[str, Any] = {
        "subject": invitation.title,
        "body": {"contentType": "text", "content": invitation.description},
        "start": _moment(invitation.starts_at),
        "end": _moment(invitation.ends_at),
        "attendees": [{"emailAddress": {"address": one}, "type": "required"} for one in invitation.attendees],
        "responseRequested": False,
    }
    if made:
        body["transactionId"] = str(uuid5(NAMESPACE_URL, f"{invitation.uid}:{invitation.sequence}"))
        body["singleValueExtendedProperties"] = [{"id": MARK, "value": invitation.uid}]
    return body


def _moment(at: datetime) -> dict[str, str]:
    return {"dateTime": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"), "timeZone": "UTC"}


def _is_at(found: dict[str, Any], invitation: Invitation) -> bool:
    """Whether it is at the right time, from an attempt that was cut short."""
    edges = (("start", invitation.starts_at), ("end", invitation.ends_at))
    return all(
        str((found.get(name) or {}).get("dateTime", "")).startswith(_moment(at)["dateTime"]) for name, at in edges
    )


MICROSOFT = Calendar(type="microsoft", options=MicrosoftOptions, connect=connect)
