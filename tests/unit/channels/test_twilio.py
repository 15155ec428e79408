"""What proves that a request is Twilio's, and what its channels say."""

import pytest
from pydantic import ValidationError

from bot.cards.card import Card
from bot.channels import twiml
from bot.channels.notice import notice
from bot.channels.phone import PhoneOptions
from bot.channels.segments import segments
from bot.channels.sms import SmsOptions, sign, text
from bot.channels.twilio import signature, signed

# The example of Twilio's own documentation and libraries.
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675309"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
}
PROOF = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
ACCOUNT = {"account_sid": "AC" + "0" * 32, "auth_token": "secret"}


def test_the_signature_is_that_of_twilios_documentation() -> None:
    assert signature("12345", URL, FORM) == PROOF


@pytest.mark.parametrize("url", [URL, URL.replace(".com", ".com:443")])
def test_the_usual_port_may_be_there_or_not(url: str) -> None:
    proof = signature("12345", URL, FORM)
    assert signed("12345", url, FORM, proof)


@pytest.mark.parametrize(
    ("token", "url", "form"),
    [("12346", URL, FORM), ("12345", URL + "0", FORM), ("12345", URL, FORM | {"Digits": ["9"]})],
)
def test_anything_else_is_not_proven(token: str, url: str, form: dict[str, list[str]]) -> None:
    assert not signed(token, url, form, PROOF)


@pytest.mark.parametrize("given", ["", "ä", PROOF.lower(), PROOF[:-1]])
def test_no_other_text_is_a_proof(given: str) -> None:
    assert not signed("12345", URL, FORM, given)


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 459, 3),
        ("a" * 460, 4),
    ],
)
def test_parts_are_counted_as_networks_do(said: str, parts: int) -> None:
    assert segments(said) == parts


def test_signs_of_two_pages_differ() -> None:
    assert len({sign(f"alert:{number}:page:0") for number in range(1000)}) == 1000


def test_nobody_is_asked_to_answer_where_no_answer_arrives() -> None:
    card = Card(title="", data={"number": 42, "severity": "low", "summary": "x"})
    assert "Reply" not in text(card, "k", answerable=False)


def test_no_key_is_asked_for_where_nothing_listens() -> None:
    told = notice(Card(title="", data={"number": 42, "severity": "low", "summary": "x"}))
    assert "Press" not in twiml.call(told, "")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"sender": "+15550001111", "messaging_service_sid": "MG" + "0" * 32},
        {"sender": "+15550001111", "api_key": "SK" + "0" * 32},
        {"sender": "+15550001111", "account_sid": "12"},
        {"sender": "+15550001111", "url": "ftp://x"},
        {"sender": "+15550001111", "auth_token": ""},
    ],
)
def test_wrong_options_of_sms_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        SmsOptions.model_validate(ACCOUNT | wrong)


def test_a_name_cannot_call() -> None:
    with pytest.raises(ValidationError):
        PhoneOptions.model_validate(ACCOUNT | {"sender": "MyBot"})


def test_an_api_key_is_used_where_there_is_one() -> None:
    key = {"api_key": "SK" + "0" * 32, "api_secret": "key-secret", "sender": "+15550001111"}
    assert SmsOptions.model_validate(ACCOUNT | key).credentials == ("SK" + "0" * 32, "key-secret")


def test_secrets_do_not_show_in_the_options() -> None:
    key = {"api_key": "SK" + "0" * 32, "api_secret": "key-secret", "sender": "+15550001111"}
    shown = repr(SmsOptions.model_validate(ACCOUNT | key))
    assert "key-secret" not in shown
    assert "'secret'" not in shown
