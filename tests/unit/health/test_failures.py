import errno
import socket
import ssl

import httpx
import pytest
from pydantic import BaseModel, SecretStr

from bot.health.failures import failure, place, refusal, secrets_in, without


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "connection refused by db:5432"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "connection closed by db:5432"),
        (OSError(errno.EHOSTUNREACH, "x"), "no route to db:5432"),
        (socket.gaierror(-2, "Name or service not known"), "the host name in db:5432 is not known"),
        (httpx.ReadTimeout(""), "no answer from db:5432"),
        (httpx.RemoteProtocolError("x"), "db:5432 answered with something that is not HTTP, or hung up"),
        (RuntimeError("something\nodd"), "db:5432: something odd"),
        (RuntimeError("db:5432 says no"), "db:5432 says no"),
        (RuntimeError(), "db:5432: RuntimeError"),
    ],
)
def test_a_failure_is_said_in_words(error, said):
    assert failure(error, "db:5432") == said


def test_the_cause_counts_however_deep_it_lies():
    wrapped = caused(
        httpx.ConnectError("All connection attempts failed"), ConnectionRefusedError(errno.ECONNREFUSED, "")
    )

    assert failure(caused(RuntimeError("wrapped"), wrapped), "web:80") == "connection refused by web:80"


def test_a_name_with_several_addresses_that_all_refuse_is_refused():
    error = OSError("Multiple exceptions: [Errno 111] Connect call failed ('::1', 1), [Errno 111] Connect call failed")

    assert failure(error, "web:80") == "connection refused by web:80"


def test_errors_that_cause_each_other_come_to_an_end():
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one

    assert failure(one) == "one"


def test_a_long_text_is_cut():
    assert len(failure(RuntimeError("x" * 9000))) == 300


def test_a_certificate_that_is_not_trusted_says_why():
    error = ssl.SSLCertVerificationError(1, "x")
    error.verify_message = "self-signed certificate"

    assert failure(error, "web:443") == "certificate of web:443 not trusted: self-signed certificate"


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "401: the key was refused"), (403, "403: the key may not do this"), (503, "HTTP 503 instead of 200")],
)
def test_a_refusal_is_said_in_words(status, said):
    assert refusal(status) == said


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/health?key=1", "example.com:80"),
        ("https://user:word@example.com", "example.com:443"),
        ("postgresql://u:p@db/x", "db:5432"),
        ("redis://:p@[::1]:7000/0", "[::1]:7000"),
        ("unix:///run/redis.sock", "the server"),
        ("http://[broken", "the server"),
        ("http://host:port/", "the server"),
    ],
)
def test_a_place_is_host_and_port_and_nothing_else(url, said):
    assert place(url) == said


class Account(BaseModel):
    key: SecretStr
    headers: dict[str, SecretStr]
    url: str = "https://user:p%40ssword@example.com/"
    name: str = "billing"


def test_secrets_are_found_wherever_they_stand():
    account = Account(key="sk_live_1", headers={"Authorization": "Bearer 2"})

    assert set(secrets_in(account)) == {"sk_live_1", "Bearer 2", "p%40ssword", "p@ssword"}


def test_the_password_of_a_secret_address_is_a_secret_of_its_own():
    assert set(secrets_in(SecretStr("redis://:swordfish@h/0"))) == {"redis://:swordfish@h/0", "swordfish"}


def test_secrets_are_masked_the_longest_first():
    assert without("keys sword and swordfish", ["sword", "swordfish"]) == "keys ••• and •••"


def test_words_too_short_to_be_secret_garble_nothing():
    assert without("a test", ["a", ""]) == "a test"
