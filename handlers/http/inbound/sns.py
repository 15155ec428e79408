"""Amazon SNS: that a message is AWS's own, by its signature.

Protocol: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
from collections.abc import Mapping, MutableMapping
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.ports import Ports, Refusal

_HOST = re.compile(r"sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?")
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    **dict.fromkeys(
        ("SubscriptionConfirmation", "UnsubscribeConfirmation"),
        ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_PATIENCE = 10.0
_LARGEST = 20_000  # bytes; a certificate has some 2,000
_MOST = 16  # certificates kept; AWS changes a region's once a year
_HINT = "Only messages that AWS has signed are taken, unchanged as SNS sends them."


async def verify(message: Mapping[str, Any], ports: Ports, kept: MutableMapping[str, bytes]) -> None:
    """Check the signature of version 1 or 2; raises `Refusal`, with 503 when the certificate cannot be had now."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    version = str(message.get("SignatureVersion"))
    algorithms: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303 - version 1 is SNS's default
    if version not in algorithms:
        raise _unproven("SignatureVersion must be 1 or 2")
    signed, given = _text_of(message), _signature(message)
    address = str(message.get("SigningCertURL"))
    if not own_address(address) or not urlsplit(address).path.endswith(".pem"):
        raise _unproven("SigningCertURL is no address of AWS's")
    pem = kept.get(address) or await _fetched(address, ports)
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            raise _unproven("the certificate has no RSA key")
        key.verify(given, signed, padding.PKCS1v15(), algorithms[version])
    except (ValueError, InvalidSignature):
        raise _unproven("the signature is wrong") from None
    if not certificate.not_valid_before_utc <= ports.now().astimezone(UTC) <= certificate.not_valid_after_utc:
        raise _unproven("the certificate is not in force")
    if len(kept) < _MOST:  # whoever names many addresses shall not fill the memory
        kept[address] = pem


def own_address(url: str) -> bool:
    """Whether the address is SNS's own, over TLS, at the usual port."""
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        return False
    plain = split.username is None and split.password is None and port in {None, 443}
    return split.scheme == "https" and plain and _HOST.fullmatch(split.hostname or "") is not None


def _text_of(message: Mapping[str, Any]) -> bytes:
    kind = message.get("Type")
    keys = _SIGNED.get(kind) if isinstance(kind, str) else None
    if keys is None:
        raise Refusal(f"Type must be one of {', '.join(_SIGNED)}", _HINT)
    present = [key for key in keys if key in message or key != "Subject"]
    for key in present:
        if not isinstance(message.get(key), str):
            raise Refusal(f"{key} must be text", _HINT)
    return "".join(f"{key}\n{message[key]}\n" for key in present).encode(errors="replace")


def _signature(message: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(str(message.get("Signature", "")), validate=True)
    except (binascii.Error, ValueError):
        raise _unproven("Signature is not base64") from None


async def _fetched(address: str, ports: Ports) -> bytes:
    try:
        answer = await ports.http.get(address, timeout=_PATIENCE)
    except httpx.HTTPError as error:
        said = f"AWS's certificate cannot be fetched: {type(error).__name__}"
        raise Refusal(said, "Try again in a moment.", status=503) from error
    if not answer.is_success or len(answer.content) > _LARGEST:
        raise _unproven("SigningCertURL leads to no certificate")
    return answer.content


def _unproven(why: str) -> Refusal:
    return Refusal(why, _HINT, status=401)
