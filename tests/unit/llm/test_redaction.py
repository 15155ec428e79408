"""Secrets are taken out; what is no secret stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.llm.redaction import redact

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nabc=\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27uhbUJU1p1r"


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("key AKIAIOSFODNN7EXAMPLE leaked", "AKIAIOSFODNN7EXAMPLE", "AWS key"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG", "named secret"),
        ("bot xoxb-12345678901-abcdefghijk", "xoxb-12345678901-abcdefghijk", "Slack token"),
        ("app xapp-1-A0123456-789-abcdef", "xapp-1-A0123456-789-abcdef", "Slack token"),
        ("https://hooks.slack.com/services/T0/B0/xyzXYZ", "T0/B0/xyzXYZ", "Slack webhook"),
        ("ghp_abcdefghijklmnopqrstuvwxyz0123456789", "ghp_abcdefghijklmnopqrstuvwxyz0123456789", "GitHub token"),
        ("github_pat_11ABCDEFG0abcdefghijk_lmnop", "github_pat_11ABCDEFG0abcdefghijk_lmnop", "GitHub token"),
        ("OPENAI sk-proj-abcdefghijklmnop1234", "sk-proj-abcdefghijklmnop1234", "OpenAI key"),
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "AIzaSyA1234567890abcdefghijklmnopqrstuv", "Google key"),
        ("sk_live_abcdefghijklmnop1234", "sk_live_abcdefghijklmnop1234", "Stripe key"),
        (f"header {JWT} end", JWT, "JWT"),
        (f"it is {PEM} there", PEM, "private key"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIEv", "MIIEv", "private key"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz", "authorization header"),
        ("sent bearer abcdef123456", "abcdef123456", "bearer token"),
        ("postgres://app:hunter2@db:5432/shop", "hunter2", "password in an address"),
        ("https://user:p4ss@example.com/x", "p4ss", "password in an address"),
        ("redis://:only@cache:6379/0", "only", "password in an address"),
        ("https://example.com/cb?token=abc123&x=1", "abc123", "key in an address"),
        ("password=hunter2 and so on", "hunter2", "named secret"),
        ('{"password": "hun ter2"}', "hun ter2", "named secret"),
        ("DB_PASSWORD: 'hunter2'", "hunter2", "named secret"),
        ("Server=db;User Id=sa;Password=hunter2;", "hunter2", "named secret"),
        ("Cookie: session=abc; csrf=def", "session=abc", "cookie"),
        ("write to someone@example.com now", "someone@example.com", "e-mail address"),
    ],
)
def test_a_secret_is_taken_out_and_counted(text: str, secret: str, kind: str) -> None:
    safe = redact([text])
    assert secret not in safe.texts[0]
    assert safe.counts == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "the shop answered 500 from 12:03 UTC",
        "commit 4f3f7504a0491217ec84cff7784d7df145fe2e2 was deployed",
        "db1.internal:5432 and https://example.com/a?page=2 are fine",
        "the password was wrong, the token expired",
        "task-1234 in eu-west-1, user U0123ABCD, channel #incident-1",
        "risk-assessment and basket-size grew",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact([text]).texts == (text,)


def test_the_same_secret_has_the_same_placeholder_everywhere() -> None:
    first, second = redact(["password=hunter2 x@example.com", "again password=hunter2, token=other1"]).texts
    assert first == "password=[SECRET_1] [EMAIL_1]"
    assert second == "again password=[SECRET_1], token=[SECRET_2]"


def test_the_server_of_an_address_is_kept_as_evidence() -> None:
    assert redact(["postgres://app:pw@db1:5432/shop"]).texts == ("postgres://[SECRET_1]@db1:5432/shop",)


@given(st.lists(st.text(max_size=200), max_size=4))
def test_taking_out_twice_takes_out_nothing_more(texts: list[str]) -> None:
    once = redact(texts)
    assert redact(once.texts).texts == once.texts
