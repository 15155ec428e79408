"""Google Calendar, by a service account that acts for a user of the domain.

A service account by itself can invite nobody: it needs domain-wide delegation, and then acts for `subject`.
"""

import asyncio
import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import Field, field_validator

from bot.calendars import asking
from bot.channels.addresses import mailbox
from bot.outside import Booked, Invitation
from bot.ports import Book, Calendar, Options, Ports, Undeliverable

WHO = "Google Calendar"
SCOPE = "https://www.googleapis.com/auth/calendar.events"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LASTS = timedelta(minutes=10)
"""How long the statement that is exchanged for a token is good for; Google allows an hour."""
SLOW_DOWN = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})
"""Reasons of a 403 that pass by themselves."""
GONE = (404, 410)
_MENDS = {
    0: "Check the options of this calendar in manage.yml.",
    400: "Check `key_file` and `subject` of this calendar, and that the domain delegates the scope "
    f"{SCOPE} to the service account.",
    401: f"Let the domain delegate the scope {SCOPE} to the service account (admin console, API controls).",
    403: "Turn the Google Calendar API on in the service account's project, and let `subject` write into the calendar.",
    404: "Check `calendar` of this calendar in manage.yml, and that `subject` sees it.",
}


class GoogleOptions(Options):
    """One calendar of a Google Workspace."""

    key_file: Path = Field(description="Key of the service account, the JSON file that Google gives.")
    subject: str = Field(description="User for whom the service account acts, who then invites: a mail address.")
    calendar: str = Field(
        default="primary", min_length=1, description="Id of the calendar; `primary` is the user's own."
    )
    url: str = Field(default="https://www.googleapis.com/calendar/v3", description="Address of the API.")

    @field_validator("key_file")
    @classmethod
    def _is_there(cls, path: Path) -> Path:
        if not path.is_file():
            raise ValueError("the path of an existing file")
        return path

    @field_validator("subject")
    @classmethod
    def _is_address(cls, given: str) -> str:
        return mailbox(given)[1]

    @field_validator("url")
    @classmethod
    def _is_safe(cls, given: str) -> str:
        return asking.server(given)


@dataclass(frozen=True)
class _Events:
    """The events of the calendar, with a token for now."""

    options: GoogleOptions
    ports: Ports
    token: str

    async def ask(self, method: str, event: str = "", *allowed: int, body: Any = None) -> dict[str, Any] | None:
        """What the API answers; None where nothing is there, or where it says one of the `allowed` statuses."""
        at = f"{self.options.url}/calendars/{quote(self.options.calendar, safe='')}/events"
        answer = await asking.ask(
            self.ports,
            WHO,
            method,
            f"{at}/{quote(event, safe='')}" if event else at,
            mends=_MENDS,
            allowed=(403, *allowed),
            headers={"Authorization": f"Bearer {self.token}"},
            params={"sendUpdates": "all"} if method != "GET" else None,
            json=body,
        )
        if answer.status_code == 403:  # HTTP's forbidden, and Google's too many
            refused, passes = asking.refusal(self.ports, WHO, answer, _MENDS), _reason(answer) in SLOW_DOWN
            raise Undeliverable(str(refused), retry=passes, mend="" if passes else refused.mend)
        if not answer.is_success or not answer.content:
            return None
        return asking.read(WHO, answer)

    async def there(self, event: str) -> dict[str, Any] | None:
        """The event, where it stands and was not deleted."""
        found = await self.ask("GET", event, *GONE)
        return found if found and found.get("status") != "cancelled" else None


def connect(options: GoogleOptions, ports: Ports) -> Book:
    """Give what keeps the event of a meeting. The bot chooses its id, by which Google refuses a second one."""

    async def book(invitation: Invitation) -> Booked:
        events = _Events(options, ports, await _token(options, ports))
        id_ = invitation.reference or event_id(invitation.uid)
        if invitation.cancelled:
            await events.ask("DELETE", id_, *GONE)
            return Booked(id_)
        if not invitation.reference and await events.ask("POST", "", 409, body=_event(invitation, id_)):
            return Booked(id_)
        found = await events.there(id_)
        if found is None:  # somebody deleted it there: an id cannot be used again
            id_ = event_id(f"{invitation.uid}:{invitation.sequence}")
            await events.ask("POST", "", 409, body=_event(invitation, id_))
        elif not _is_at(found, invitation):
            await events.ask("PATCH", id_, body=_event(invitation))
        return Booked(id_)

    return book


def event_id(key: str) -> str:
    """An id as Google wants one, letters a to v and digits, always the same for this key."""
    return blake2b(key.encode(), digest_size=20).hexdigest()


def statement(account: dict[str, Any], subject: str, now: datetime) -> str:
    """What the service account says of itself, signed by its key (RFC 7523); raises `ValueError` for no such key."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(str(account["private_key"]).encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("its key is no RSA key")  # noqa: TRY004 - a wrong file, not a wrong type
    claims = {
        "iss": account["client_email"],
        "sub": subject,
        "scope": SCOPE,
        "aud": account["token_uri"],
        "iat": int(now.timestamp()),
        "exp": int((now + LASTS).timestamp()),
    }
    head = {"alg": "RS256", "typ": "JWT", "kid": account.get("private_key_id", "")}
    said = ".".join(_part(json.dumps(one).encode()) for one in (head, claims))
    return f"{said}.{_part(key.sign(said.encode(), PKCS1v15(), SHA256()))}"


async def _token(options: GoogleOptions, ports: Ports) -> str:
    try:
        said, at = await asyncio.to_thread(_stated, options, ports.now())
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Undeliverable(
            f"{options.key_file} is no key of a service account ({type(error).__name__})",
            retry=False,
            mend="Create a JSON key for the service account and set its path as `key_file` in manage.yml.",
        ) from error
    return await asking.token(ports, WHO, at, {"grant_type": GRANT, "assertion": said}, _MENDS)


def _stated(options: GoogleOptions, now: datetime) -> tuple[str, str]:
    """The statement, and where it is exchanged; raises whatever a file that is no key leads to."""
    account = json.loads(options.key_file.read_text())
    return statement(account, options.subject, now), asking.server(str(account["token_uri"]))


def _event(invitation: Invitation, id_: str = "") -> dict[str, Any]:
    return {
        **({"id": id_} if id_ else {}),
        "summary": invitation.title,
        "description": invitation.description,
        "start": {"dateTime": invitation.starts_at.isoformat(), "timeZone": invitation.zone},
        "end": {"dateTime": invitation.ends_at.isoformat(), "timeZone": invitation.zone},
        "attendees": [{"email": address} for address in invitation.attendees],
        "status": "confirmed",
    }


def _is_at(found: dict[str, Any], invitation: Invitation) -> bool:
    """Whether it is at the right time, from an attempt that was cut short."""
    try:
        said = [datetime.fromisoformat(found[edge]["dateTime"]) for edge in ("start", "end")]
    except (KeyError, TypeError, ValueError):
        return False
    return said == [invitation.starts_at, invitation.ends_at]


def _reason(answer: Any) -> str:
    try:
        return str(answer.json()["error"]["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return ""


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


GOOGLE = Calendar(type="google", options=GoogleOptions, connect=connect)
