"""A certificate is trusted and does not run out soon."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from bot.health.failures import failure
from bot.phrasing import plural
from bot.ports import Check, Observation, Options, Ports

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_EXPIRED = 10  # OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED
_DAY = timedelta(days=1)


class TlsOptions(Options):
    """A host that speaks TLS."""

    host: str = Field(min_length=1, description="Host name, or address.")
    port: int = Field(default=443, ge=1, le=65535, description="Port.")
    server_name: str = Field(default="", description="Name that the certificate must have; default is the host.")
    ca_file: Path | None = Field(
        default=None, description="File with the certificates (PEM) to trust instead of the system's."
    )
    degraded_days: float = Field(default=21, ge=0, description="Days to expiry below which it is degraded.")
    down_days: float = Field(default=3, ge=0, description="Days to expiry below which it is down.")

    def model_post_init(self, _context: Any) -> None:
        """Load the parser with the configuration; in a round it would count as the latency of other checks."""
        import cryptography.x509  # noqa: F401


async def probe(options: TlsOptions, ports: Ports) -> Observation:
    """Shake hands as a client would, then read when the certificate expires. The latency is that of the handshake."""
    at = f"{options.host}:{options.port}"
    if options.ca_file and not options.ca_file.is_file():
        return Observation(ok=False, detail=f"ca_file {options.ca_file} is not there")
    # loading the system's certificates takes long enough to count as latency of the other checks
    context = await asyncio.to_thread(ssl.create_default_context, cafile=options.ca_file)
    begun = time.perf_counter()
    try:
        async with _handshake(options, context) as certificate:
            latency = (time.perf_counter() - begun) * 1000
            return _judged(options, certificate.not_valid_after_utc, ports.now(), latency)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code == _EXPIRED:
            return await _expired(options, ports.now())
        return Observation(ok=False, detail=failure(error, at))
    except (OSError, ValueError) as error:
        return Observation(ok=False, detail=failure(error, at))


@asynccontextmanager
async def _handshake(options: TlsOptions, context: ssl.SSLContext) -> AsyncIterator["Certificate"]:
    """The certificate that the host shows, while the connection is open."""
    from cryptography.x509 import load_der_x509_certificate

    name = options.server_name or options.host
    _, writer = await asyncio.open_connection(options.host, options.port, ssl=context, server_hostname=name)
    try:
        shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        yield load_der_x509_certificate(shown)
    finally:
        writer.transport.abort()  # nothing was asked, so nothing is waited for


async def _expired(options: TlsOptions, now: datetime) -> Observation:
    """Say since when: only a handshake that trusts anything lets us read a certificate that has expired."""
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname = False
    anything.verify_mode = ssl.CERT_NONE
    async with _handshake(options, anything) as certificate:
        end = certificate.not_valid_after_utc
    if end > now:  # then it is one of those that signed it
        return Observation(ok=False, detail="a certificate in the chain has expired")
    return _judged(options, end, now, None)


def _judged(options: TlsOptions, end: datetime, now: datetime, latency: float | None) -> Observation:
    days = (end - now) / _DAY
    whole = int(abs(days))
    span = plural(whole, "day") if whole else "less than a day"
    down = days < options.down_days
    return Observation(
        ok=not down,
        detail=f"certificate expired {span} ago" if days < 0 else f"certificate expires in {span}",
        latency_ms=latency,
        slow=days < options.degraded_days,
        value=days,
        threshold=options.down_days if down else options.degraded_days,
        unit="days",
        metrics={"days_left": days},
    )


TLS = Check(type="tls", options=TlsOptions, probe=probe)
