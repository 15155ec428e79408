"""Twilio, as its channels share it: the account, one request, and what proves that a callback is Twilio's.

Protocol: www.twilio.com/docs/usage/api (REST, form-encoded) and www.twilio.com/docs/usage/security (signatures).
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import httpx
from pydantic import Field, SecretStr, field_validator, model_validator

from bot.channels.addresses import http_address
from bot.channels.notice import one_line
from bot.channels.retry_after import asked_wait
from bot.phrasing import cut
from bot.ports import Options, Ports, Undeliverable

STATUS_PATH = "/webhooks/twilio/status"
SMS_PATH = "/webhooks/twilio/sms"
VOICE_PATH = "/webhooks/twilio/voice"
_PATIENCE = 10.0
_NUMBER = re.compile(r"\+?\d{7,15}")  # whose it is, the page says; cards are kept in many places
_USUAL_PORT = {"https": 443, "http": 80}


class TwilioOptions(Options):
    """A Twilio account."""

    account_sid: str = Field(pattern=r"^AC[0-9a-fA-F]{32}$", description="Account SID, `AC…`.")
    auth_token: SecretStr = Field(
        min_length=1, description="Auth token of the account; it also proves that callbacks are Twilio's."
    )
    api_key: str = Field(
        default="", pattern=r"^(SK[0-9a-fA-F]{32})?$", description="SID of an API key to send with, `SK…`."
    )
    api_secret: SecretStr | None = Field(default=None, description="Secret of that API key.")
    url: str = Field(default="https://api.twilio.com", description="Address of Twilio's API; another for tests.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return http_address(url).rstrip("/")

    @model_validator(mode="after")
    def _key_with_secret(self) -> Self:
        if bool(self.api_key) != bool(self.api_secret):
            raise ValueError("api_key and api_secret together, or neither")
        return self

    @property
    def credentials(self) -> tuple[str, str]:
        """User and password of a request."""
        if self.api_secret is not None:
            return self.api_key, self.api_secret.get_secret_value()
        return self.account_sid, self.auth_token.get_secret_value()


async def ask(
    ports: Ports, options: TwilioOptions, method: str, resource: str, values: Mapping[str, str | Sequence[str]]
) -> Mapping[str, Any]:
    """One request about the account's `resource` ("Messages"); raises `Undeliverable`.

    429 and 5xx are tried again, and what never arrived; every other refusal is final. Twilio says why with a code of
    its own (www.twilio.com/docs/api/errors).
    """
    address = f"{options.url}/2010-04-01/Accounts/{options.account_sid}/{resource}.json"
    query, form = (values, None) if method == "GET" else (None, values)
    try:
        answer = await ports.http.request(
            method, address, params=query, data=form, auth=options.credentials, timeout=_PATIENCE
        )
    except httpx.HTTPError as error:
        raise Undeliverable(f"Twilio cannot be reached: {type(error).__name__}", retry=True) from error
    found = _object(answer)
    if answer.is_success:
        return found
    why = _NUMBER.sub("(the number)", cut(one_line(str(found.get("message") or "no reason given")), 200))
    code = f", error {found['code']}" if isinstance(found.get("code"), int) else ""
    raise Undeliverable(
        f"Twilio answered HTTP {answer.status_code}{code}: {why}",
        retry=answer.status_code == 429 or answer.status_code >= 500,
        after=asked_wait(answer.headers.get("Retry-After", ""), ports.now()),
    )


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def callback(ports: Ports, path: str, **values: str) -> str:
    """The address at which Twilio calls back about a page, "" without PUBLIC_URL. Twilio signs all of it."""
    public = ports.settings.public_url
    return f"{public}{path}?{urlencode(values)}" if public else ""


def accounts(ports: Ports) -> Mapping[str, TwilioOptions]:
    """The Twilio accounts that notifications use, by their SID."""
    used = (config.options for config in ports.manage.notifications.values())
    return {options.account_sid: options for options in used if isinstance(options, TwilioOptions)}


def signature(token: str, url: str, values: Mapping[str, Sequence[str]]) -> str:
    """What Twilio puts into X-Twilio-Signature: HMAC-SHA1 over the address and the sorted form, in Base64."""
    said = url + "".join(f"{name}{value}" for name in sorted(values) for value in sorted(set(values[name])))
    return base64.b64encode(hmac.new(token.encode(), said.encode("utf-8", "replace"), hashlib.sha1).digest()).decode()


def signed(token: str, url: str, values: Mapping[str, Sequence[str]], given: str) -> bool:
    """Whether Twilio signed this request, in constant time. Twilio may leave the usual port out, or put it in."""
    proofs = [signature(token, form, values) for form in _spellings(url)]
    return any([hmac.compare_digest(given.encode("utf-8", "replace"), proof.encode()) for proof in proofs])  # noqa: C419 - a list: each is compared, whichever holds


def _spellings(url: str) -> tuple[str, str]:
    split = urlsplit(url)
    if split.port is not None:
        return url, split._replace(netloc=split.netloc.rpartition(":")[0]).geturl()
    return url, split._replace(netloc=f"{split.netloc}:{_USUAL_PORT.get(split.scheme, 443)}").geturl()
