"""CalDAV (RFC 4791): Nextcloud, Fastmail, iCloud, Radicale and others."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

import httpx
from pydantic import Field, SecretStr, field_validator, model_validator

from bot.calendars import asking, entry
from bot.channels.addresses import mailbox
from bot.outside import Booked, Invitation
from bot.ports import Book, Calendar, Options, Ports, Undeliverable

WHO = "the CalDAV server"
TRIES = 3
"""How often an entry that others change at the same time is looked at anew."""
_MENDS = {
    0: "Check `url` of this calendar in manage.yml: it is the address of one calendar, not of the server.",
    401: "Check `username` and `password` of this calendar in manage.yml; many servers want an app password.",
    403: "Let this user write into the calendar, or name another one as `url` in manage.yml.",
    404: "Check `url` of this calendar in manage.yml: there is no calendar.",
    507: "Make room on the CalDAV server.",
}


class CalDavOptions(Options):
    """One calendar on a server that speaks CalDAV."""

    url: str = Field(description="Address of the calendar, like `https://dav.example.com/calendars/team/incidents`.")
    username: str = Field(default="", description="User to log in as; without one nobody logs in.")
    password: SecretStr | None = Field(default=None, description="Password of that user.")
    organizer: str = Field(
        default="",
        description="Mail address that invites; a server that schedules (RFC 6638) tells the attendees. Without one "
        "the entry names no attendees.",
    )

    @field_validator("url")
    @classmethod
    def _is_safe(cls, given: str) -> str:
        return asking.server(given)

    @field_validator("organizer")
    @classmethod
    def _is_address(cls, given: str) -> str:
        return mailbox(given)[1] if given else given

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password together, or neither")
        return self


@dataclass(frozen=True)
class _Collection:
    """The calendar, as a collection of files."""

    options: CalDavOptions
    ports: Ports

    async def ask(self, method: str, name: str, *allowed: int, **request: object) -> httpx.Response:
        """Ask for one file of it."""
        given = self.options
        login = (given.username, given.password.get_secret_value()) if given.password else None
        address = f"{given.url}/{quote(name, safe='')}"
        return await asking.ask(
            self.ports,
            WHO,
            method,
            address,
            mends=_MENDS,
            allowed=allowed,
            auth=login or httpx.USE_CLIENT_DEFAULT,
            **request,
        )


def connect(options: CalDavOptions, ports: Ports) -> Book:
    """Give what keeps the file of a meeting. Its name comes from the meeting's identity, so that there is one."""
    collection = _Collection(options, ports)

    async def book(invitation: Invitation) -> Booked:
        name = f"{invitation.uid}.ics"
        if invitation.cancelled:
            await collection.ask("DELETE", name, 404, 410)
            return Booked(name)
        text = entry.entry(invitation, now=ports.now(), organizer=options.organizer)
        known = invitation.reference != ""
        for _ in range(TRIES):
            if await (_changed(collection, name, text, invitation) if known else _put(collection, name, text)):
                return Booked(name)
            known = not known  # there after all, or gone meanwhile
        raise Undeliverable(f"{WHO}: others kept changing the entry at the same time", retry=True)

    return book


async def _put(collection: _Collection, name: str, text: str, etag: str = "") -> bool:
    """Write the file, only where there is none, or only over what `etag` names; False where it is otherwise."""
    match = {"If-Match": etag} if etag else {"If-None-Match": "*"}
    headers = {"Content-Type": f"{entry.MEDIA_TYPE}; charset=utf-8", **match}
    answer = await collection.ask("PUT", name, 412, content=text.encode(), headers=headers)
    return answer.status_code != httpx.codes.PRECONDITION_FAILED


async def _changed(collection: _Collection, name: str, text: str, invitation: Invitation) -> bool:
    """Bring the file up to date, unless an attempt that was cut short has done so; False where there is none."""
    found = await collection.ask("GET", name, 404, 410)
    if not found.is_success:
        return False
    if entry.times(found.text) == (invitation.starts_at, invitation.ends_at):
        return True
    etag = found.headers.get("ETag", "")
    if not etag:
        raise Undeliverable(f"{WHO} answers without an ETag, as RFC 4791 wants one", retry=False)
    return await _put(collection, name, text, etag)


CALDAV = Calendar(type="caldav", options=CalDavOptions, connect=connect)
