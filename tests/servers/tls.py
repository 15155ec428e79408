"""An HTTPS server whose certificate expires when a test wants it to."""

import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class TLSServer:
    """A running server, and the certificate that a client must trust to reach it."""

    port: int
    certificate: Path
    not_after: datetime

    @property
    def url(self) -> str:
        """Return the address of its only page, which answers 200 "ok"."""
        return f"https://localhost:{self.port}/"


@asynccontextmanager
async def tls_server(directory: Path, *, not_after: datetime, host: str = "localhost") -> AsyncIterator[TLSServer]:
    """Run an HTTPS server with a self-signed certificate for `host`; its key and certificate go to `directory`."""
    not_after = not_after.astimezone(UTC).replace(microsecond=0)  # all that a certificate can say
    certificate, key = certified(directory, host, not_after)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    app = web.Application()
    app.router.add_get("/", _ok)
    server = TestServer(app)
    await server.start_server(ssl=context)
    try:
        yield TLSServer(server.port, certificate, not_after)
    finally:
        await server.close()


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def certified(directory: Path, host: str, not_after: datetime) -> tuple[Path, Path]:
    """Write a self-signed certificate for `host` and 127.0.0.1, and its key; gives both paths."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    alternatives = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(not_after)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = directory / "certificate.pem", directory / "key.pem"
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, private
