"""A bot that listens to webhooks, and an SNS that signs like AWS's."""

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from bot.app import parts
from bot.config.manage import Manage
from bot.config.settings import Settings
from bot.engine.worker import Worker
from bot.report import Report
from bot.telemetry import Telemetry
from handlers.http.inbound.sns import _text_of
from handlers.measured import Measured
from storage.unit_of_work import Store
from tests.fakes.ports import T0, make_ports

PARTS = parts()
TOKEN = "t0ken-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
TOPIC = "arn:aws:sns:eu-west-1:1234567890:alerta-test"
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"


@dataclass
class Taken:
    """Takes reports and keeps them."""

    reports: list[Report] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, reports: Sequence[Report], /) -> None:
        self.reports += reports
        self.came.set()


def listening(
    store: Store,
    webhooks: Mapping[str, Any] | None = None,
    *,
    token: str = TOKEN,
    http: httpx.AsyncClient | None = None,
    **manage: Any,
) -> tuple[Measured, Taken]:
    """A bot with all its real commands, and what it was told."""
    taken = Taken()
    settings = Settings(manage_token=SecretStr(token) if token else None)
    config = Manage.model_validate({"webhooks": webhooks or {}, **manage})
    ports = make_ports(store, report=taken, settings=settings, manage=config, http=http)
    worker = Worker(store, {}, ports, now=ports.now)
    return Measured(ports=ports, parts=PARTS, worker=worker, telemetry=Telemetry("1.2.3")), taken


@dataclass
class Sns:
    """Signs messages, and serves its certificate and the confirmation of subscriptions."""

    now: datetime = T0
    status: int = 200
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        made = made.serial_number(1).not_valid_before(self.now - timedelta(days=1))
        signed = made.not_valid_after(self.now + timedelta(days=1)).sign(self.key, hashes.SHA256())
        self.pem = signed.public_bytes(serialization.Encoding.PEM)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        content = self.pem if request.url.path.endswith(".pem") else b"<ConfirmSubscriptionResponse/>"
        return httpx.Response(self.status, content=content)

    def signed(self, message: Mapping[str, Any], version: str = "1") -> bytes:
        """The message as AWS would send it."""
        whole = {**message, "SignatureVersion": version, "SigningCertURL": CERTIFICATE}
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = self.key.sign(_text_of(whole), padding.PKCS1v15(), algorithm)
        return json.dumps({**whole, "Signature": base64.b64encode(signature).decode()}).encode()


def with_report(bot: Measured, report: Any) -> Measured:
    return replace(bot, ports=replace(bot.ports, report=report))
