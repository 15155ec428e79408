"""A real mail server on loopback: aiosmtpd, in the test's own event loop, with STARTTLS, login and answers to order."""

import asyncio
import email
import email.policy
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.tls import certified

USER, PASSWORD = "alerts", "smtp-test-password"


@dataclass
class MailServer:
    """What arrived, and what is answered next: `refusals` to a recipient, `dropped` after the mail, each once."""

    port: int = 0
    certificate: Path | None = None
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    at_data: list[str] = field(default_factory=list)
    dropped: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.refusals:
            return self.refusals.pop()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        if self.at_data:
            return self.at_data.pop()
        content = envelope.content
        assert isinstance(content, bytes)
        self.received.append(email.message_from_bytes(content, policy=email.policy.default))
        self.envelopes.append(envelope)
        self.secure.append(server.transport.get_extra_info("ssl_object") is not None)
        if self.dropped:
            self.dropped -= 1
            server.transport.abort()
        return "250 queued as 1234"

    @property
    def once(self) -> list[EmailMessage]:
        """The mails as a mailbox keeps them: one of each Message-ID."""
        return list({str(mail["Message-ID"]): mail for mail in self.received}.values())


@asynccontextmanager
async def mail_server(directory: Path, *, tls: str = "none", login: bool = False) -> AsyncIterator[MailServer]:
    """Run a mail server; `tls` is none, starttls (needed before anything else) or tls (from the start)."""
    kept = MailServer()
    context = None
    if tls != "none":
        kept.certificate, key = certified(directory, "localhost", datetime.now(UTC) + timedelta(days=1))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(kept.certificate, key)

    def allowed(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it does not see that TLS is there from the start
            return SMTP(
                kept,
                hostname="localhost",
                tls_context=context if tls == "starttls" else None,
                require_starttls=tls == "starttls",
                authenticator=allowed if login else None,
                auth_required=login,
                auth_require_tls=tls == "starttls",
                loop=asyncio.get_running_loop(),
            )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if tls == "tls" else None
    )
    kept.port = server.sockets[0].getsockname()[1]
    try:
        yield kept
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncIterator[MailServer]:
    """Give a mail server that takes everything in the clear."""
    async with mail_server(tmp_path) as server:
        yield server
