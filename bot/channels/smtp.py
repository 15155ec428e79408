"""One mail to a mail server, and what its refusals mean (RFC 5321: 4xx for now, 5xx for good)."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from bot.channels.notice import one_line
from bot.phrasing import cut
from bot.ports import Undeliverable

PATIENCE = 15.0
"""Seconds for each exchange with the server."""
GREYLISTED = 60.0
"""Seconds to wait after 4xx: a server that greylists takes nothing sooner (RFC 6647 names a minute to a day)."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A mail server and how to speak to it."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    ca_file: Path | None = None
    username: str = ""
    password: SecretStr | None = None


async def send(server: Server, message: EmailMessage, *, sender: str, recipient: str) -> str:
    """Hand the mail to the server; gives its answer ("queued as …"). Raises `Undeliverable` without any secret."""
    said, refused = await send_to_all(server, message, sender=sender, recipients=[recipient])
    if refused:
        raise next(iter(refused.values()))
    return said


async def send_to_all(
    server: Server, message: EmailMessage, *, sender: str, recipients: Sequence[str]
) -> tuple[str, Mapping[str, Undeliverable]]:
    """Hand over one mail for several people; gives the server's answer, and whom of them it refused.

    Raises `Undeliverable` without any secret where it took the mail for nobody.
    """
    import aiosmtplib

    where = f"{server.host}:{server.port}"
    try:
        refused, said = await aiosmtplib.send(
            message,
            sender=sender,
            recipients=list(recipients),
            hostname=server.host,
            port=server.port,
            username=server.username or None,
            password=server.password.get_secret_value() if server.password else None,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            tls_context=_trust(server) if server.tls != "none" else None,
            local_hostname=sender.rpartition("@")[2],
            timeout=PATIENCE,
        )
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _undeliverable(where, error) from error
    except ValueError as error:  # what aiosmtplib says of a login that the server does not offer
        raise Undeliverable(f"{where}: {cut(one_line(str(error)), 200)}", retry=False) from error
    answers = {recipient: _refusal(where, code, text) for recipient, (code, text) in refused.items()}
    return cut(one_line(said), 200), answers


def _trust(server: Server) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)


def _undeliverable(where: str, error: Exception) -> Undeliverable:
    from aiosmtplib import errors

    match error:
        case errors.SMTPAuthenticationError(code=code):
            why = "the mail server refuses the login" if code >= 500 else "the mail server cannot log anyone in now"
            return Undeliverable(f"{where}: {why} (code {code})", retry=code < 500)
        case errors.SMTPRecipientsRefused(recipients=recipients) if recipients:
            first = recipients[0]
            return _refusal(where, first.code, first.message)
        case errors.SMTPResponseException(code=code, message=message):
            return _refusal(where, code, message)
        case _ if type(error) in {errors.SMTPNotSupported, errors.SMTPException}:  # an extension is not offered
            return Undeliverable(f"{where}: {cut(one_line(str(error)), 200)}; look at tls and username", retry=False)
        case _ if _certificate(error):
            return Undeliverable(f"{where}: its certificate is not trusted; see ca_file", retry=False)
        case _:
            return Undeliverable(f"{where} cannot be reached: {_kind(error)}", retry=True)


def _refusal(where: str, code: int, message: str) -> Undeliverable:
    """A code below 400 where an error is raised means that the connection ended amid a dialogue."""
    said = cut(one_line(message), 200)
    final = 500 <= code < 600
    return Undeliverable(f"{where} answered {code}: {said}", retry=not final, after=None if final else GREYLISTED)


def _certificate(error: BaseException | None) -> bool:
    return isinstance(error, ssl.SSLCertVerificationError) or (
        error is not None and (_certificate(error.__cause__) or _certificate(error.__context__))
    )


def _kind(error: Exception) -> str:
    """The name of what went wrong, never its text: that can repeat what was sent."""
    causes: Sequence[BaseException | None] = (error.__cause__, error.__context__, error)
    named = next((c for c in causes if isinstance(c, OSError)), error)
    return "name not known" if isinstance(named, socket.gaierror) else type(named).__name__
