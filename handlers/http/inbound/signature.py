"""Signatures of bodies by a shared secret: HMAC-SHA256 in hexadecimal (RFC 2104), compared in constant time (pure)."""

import hashlib
import hmac
from collections.abc import Iterable

from pydantic import SecretStr

from bot.ports import Refusal


def check(secret: SecretStr | None, body: bytes, given: Iterable[str], header: str) -> bool:
    """Say that one of the given signatures is right, or False when there is no secret to check them by.

    Raises `Refusal` when none of them is, or none is given.
    """
    if secret is None:
        return False
    candidates = [one.strip().removeprefix("sha256=").lower() for one in given if one.strip()]
    if not candidates:
        raise Refusal(
            f"the body is not signed: {header} is missing", "Have the sender sign with its secret.", status=401
        )
    right = hmac.new(secret.get_secret_value().encode(), body, hashlib.sha256).hexdigest().encode()
    fits = [hmac.compare_digest(right, one.encode(errors="replace")) for one in candidates]
    if not any(fits):
        raise Refusal(
            f"the signature in {header} is wrong",
            "The secret in manage.yml must be the one that the sender signs with, and the body must come unchanged.",
            status=401,
        )
    return True
