"""What proves that an answer comes from whoever was told: signed links, and marks in the ids of mails (pure).

Both are HMAC-SHA256 under keys that are derived from MANAGE_TOKEN, one for each purpose.
"""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import SecretStr

_LINK = "acknowledge by link, 1"
_MAIL = "answer to mail, 1"
_PERSON = r"[UW][A-Z0-9]{2,20}"
_CLAIM = re.compile(rf"([1-9]\d{{0,17}}):({_PERSON}):([1-9]\d{{0,11}})")
_MAIL_ID = re.compile(rf"<do-manage\.(\d{{1,18}})\.({_PERSON})\.([0-9a-f]{{16}})\.([0-9a-f]{{32}})@[^<>@\s]+>")


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Whom an answer is from, and about which alert."""

    alert: int
    person: str


def link_token(alert: int, person: str, expires: datetime, secret: SecretStr) -> str:
    """The token of a link by which `person` may acknowledge `alert` until it expires."""
    said = f"{alert}:{person}:{int(expires.timestamp())}".encode()
    return base64.urlsafe_b64encode(said + b":" + _mac(secret, _LINK, said)).decode().rstrip("=")


def read_link(token: str, now: datetime, secret: SecretStr) -> Claim | str:
    """What the token proves, or in words why it proves nothing."""
    wrong = "the link is not complete, or not one of this bot's"
    if len(token) > 200 or not token.isascii():
        return wrong
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except binascii.Error:
        return wrong
    said, given = raw[:-33], raw[-32:]
    if raw[-33:-32] != b":" or not hmac.compare_digest(given, _mac(secret, _LINK, said)):
        return wrong
    read = _CLAIM.fullmatch(said.decode("ascii", "replace"))
    if read is None:
        return wrong
    if datetime.fromtimestamp(int(read[3]), UTC) <= now:
        return "the link has expired"
    return Claim(alert=int(read[1]), person=read[2])


def mail_id(alert: int, person: str, key: str, domain: str, secret: SecretStr | None) -> str:
    """The Message-ID of a page, the same for one key; with a secret its answer proves whose it is."""
    page = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).hexdigest()
    if secret is None or not re.fullmatch(_PERSON, person):
        return f"<do-manage.{alert}.{page}@{domain}>"
    return f"<do-manage.{alert}.{person}.{page}.{_mail_mac(secret, alert, person, page)}@{domain}>"


def read_mail_ids(header: str, secret: SecretStr) -> Claim | None:
    """What the ids in In-Reply-To or References prove: the last one of ours that is signed, None without any."""
    for alert, person, page, given in reversed(_MAIL_ID.findall(header[:20_000])):
        if hmac.compare_digest(given, _mail_mac(secret, int(alert), person, page)):
            return Claim(alert=int(alert), person=person)
    return None


def _mail_mac(secret: SecretStr, alert: int, person: str, page: str) -> str:
    return _mac(secret, _MAIL, f"{alert}:{person}:{page}".encode())[:16].hex()


def _mac(secret: SecretStr, purpose: str, said: bytes) -> bytes:
    key = hmac.new(secret.get_secret_value().encode(), purpose.encode(), hashlib.sha256).digest()
    return hmac.new(key, said, hashlib.sha256).digest()
