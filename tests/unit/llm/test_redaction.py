"""Secrets are taken out; what is no secret stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.llm.detectors import found
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


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("bot 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawA leaked", "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawA", "Telegram"),
        ("key SK0123456789abcdef0123456789abcdef", "SK0123456789abcdef0123456789abcdef", "Twilio"),
        ("mail 0123456789abcdef0123456789abcdef-us12", "0123456789abcdef0123456789abcdef", "Mailchimp"),
        ("sq0csp-ABCDEFGHIJK_LMNOPQRSTUVWXYZ-0123456789-abcdef", "LMNOPQRSTUVWXYZ", "Square"),
    ],
)
def test_what_the_library_of_detectors_knows_is_taken_out(text: str, secret: str, kind: str) -> None:
    safe = redact([text], detectors=found)
    assert secret not in safe.texts[0]
    assert any(kind in known for known in safe.counts)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call +49 30 1234567 now", "call [PHONE_1] now"),
        ("call +1 (555) 123-4567", "call [PHONE_1]"),
        ("at 555-123-4567.", "at [PHONE_1]."),
        ("phone: 030 12345678", "phone: [PHONE_1]"),
        ("user at 8.8.8.8 and again 8.8.8.8", "user at [IP_1] and again [IP_1]"),
        ("from 2001:4860:4860::8888", "from [IP_1]"),
    ],
)
def test_what_tells_of_a_person_is_taken_out_where_asked(text: str, left: str) -> None:
    assert redact([text], personal=True).texts == (left,)
    assert redact([text]).texts == (text,)


@pytest.mark.parametrize(
    "text",
    [
        "the shop answered 500 from 12:03:45 UTC on 2026-11-29T12:03:45+00:00",
        "db1 at 10.0.0.17:5432, localhost 127.0.0.1 and ::1",
        "1,451,000 of 5 000 000 requests, +15 %, 0.07 of 0.05",
        "commit 4f3f7504a0491217ec84cff7784d7df145fe2e2 was deployed as v1.2.3",
        "entry 1700000001.000100, job 00000017, task-555-1234",
        "rolled back at 23:00 after 17 h 41 min",
    ],
)
def test_what_tells_of_nobody_stays_where_personal_data_is_taken(text: str) -> None:
    assert redact([text], detectors=found, personal=True).texts == (text,)


def test_the_same_secret_has_the_same_placeholder_everywhere() -> None:
    first, second = redact(["password=hunter2 x@example.com", "again password=hunter2, token=other1"]).texts
    assert first == "password=[SECRET_1] [EMAIL_1]"
    assert second == "again password=[SECRET_1], token=[SECRET_2]"


def test_the_server_of_an_address_is_kept_as_evidence() -> None:
    assert redact(["postgres://app:pw@db1:5432/shop"]).texts == ("postgres://[SECRET_1]@db1:5432/shop",)


@given(st.lists(st.text(max_size=200), max_size=4))
def test_taking_out_twice_takes_out_nothing_more(texts: list[str]) -> None:
    once = redact(texts, detectors=found, personal=True)
    assert redact(once.texts, detectors=found, personal=True).texts == once.texts
