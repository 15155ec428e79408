"""The webhook's headers and options."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr, ValidationError

from bot.channels.retry_after import asked_wait
from bot.channels.webhook import WebhookOptions, headers

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_without_a_secret_nothing_is_signed() -> None:
    assert headers(b"{}", "alert:1:step:0", None, NOW) == {
        "Content-Type": "application/json",
        "Idempotency-Key": "alert:1:step:0",
        "X-Timestamp": "1795435200",
    }


def test_the_signature_covers_time_and_body() -> None:
    signed = headers(b'{"a":1}', "k", SecretStr("s3cret"), NOW)
    expected = hmac.new(b"s3cret", b'1795435200.{"a":1}', hashlib.sha256).hexdigest()
    assert signed["X-Signature"] == f"sha256={expected}"


def test_a_key_that_no_header_could_carry_is_quoted() -> None:
    key = headers(b"", "alert:1:page:0:#störung\r\n", None, NOW)["Idempotency-Key"]
    assert key == "alert:1:page:0:#st%C3%B6rung%0D%0A"


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("", None),
        ("7", 7.0),
        ("²", None),
        ("-5", None),
        ("999999999", 3600.0),
        ("Mon, 23 Nov 2026 12:02:00 GMT", 120.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(asked: str, seconds: float | None) -> None:
    assert asked_wait(asked, NOW) == seconds


@pytest.mark.parametrize(
    "url", ["", "example.com", "ftp://example.com", "https://", "http://[::1", "file:///etc/passwd"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="http"):
        WebhookOptions(url=url)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValidationError):
        WebhookOptions(url="https://example.com", secret="")
