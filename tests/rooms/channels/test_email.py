"""Mail against a real server: threads, headers, encryption, login, and what its refusals mean."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from bot.cards.card import Card
from bot.channels.email import EMAIL, EmailOptions
from bot.channels.proofs import read_link
from bot.config.manage import Manage
from bot.config.settings import Settings
from bot.ports import Ports, Undeliverable
from storage.unit_of_work import Store
from tests.contracts.test_channel import HOSTILE, alert_card
from tests.fakes.ports import T0, make_ports
from tests.servers.process import free_port
from tests.servers.smtp import PASSWORD, USER, MailServer, mail_server

PERSON = "U0ONCALL"
TOKEN = SecretStr("email-test-token")


@pytest.fixture
async def ports(store: Store) -> AsyncIterator[Ports]:
    manage = Manage.model_validate({"people": {PERSON: {"email": "on-call@example.com"}}})
    settings = Settings(public_url="https://bot.example.com", manage_token=TOKEN)
    async with httpx.AsyncClient(trust_env=False) as http:
        yield make_ports(store, manage=manage, settings=settings, http=http)


def options(port: int, **more: Any) -> EmailOptions:
    given = {"host": "localhost", "port": port, "tls": "none", "sender": "Alerts <alerts@example.com>", **more}
    return EmailOptions.model_validate(given)


async def deliver(
    ports: Ports, given: EmailOptions, card: Card | None = None, *, target: str = f"@{PERSON}", key: str = "alert:42:0"
) -> str:
    shown = card or alert_card("redis is down")
    return (await EMAIL.connect(given, ports)(shown, target=target, key=key, attempt=1)).text


async def refusal(ports: Ports, given: EmailOptions, **more: Any) -> Undeliverable:
    with pytest.raises(Undeliverable) as caught:
        await deliver(ports, given, **more)
    return caught.value


def html(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


async def test_a_mail_has_a_plain_and_an_html_part(ports: Ports, mail: MailServer) -> None:
    receipt = await deliver(ports, options(mail.port))
    assert "1234" in receipt
    assert mail.received[0].get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.received[0].iter_parts()] == ["text/plain", "text/html"]


async def test_all_mails_of_an_alert_are_one_thread(ports: Ports, mail: MailServer) -> None:
    for number in range(2):
        await deliver(ports, options(mail.port), key=f"alert:42:{number}")
    settle = EMAIL.settle
    assert settle is not None
    card = alert_card("redis is down", "resolved")
    await settle(options(mail.port), ports)(card, target=f"@{PERSON}", key="alert:42:1", state="resolved")
    assert len({mail["Message-ID"] for mail in mail.received}) == 3
    assert {(mail["References"], mail["In-Reply-To"], mail["Subject"]) for mail in mail.received} == {
        ("<do-manage.alert.42@example.com>",) * 2 + ("[critical] #42: redis is down",)
    }


async def test_no_robot_is_asked_to_answer(ports: Ports, mail: MailServer) -> None:
    await deliver(ports, options(mail.port))
    assert mail.received[0]["Auto-Submitted"] == "auto-generated"


async def test_hostile_text_adds_neither_header_nor_recipient_nor_markup(ports: Ports, mail: MailServer) -> None:
    await deliver(ports, options(mail.port), alert_card(HOSTILE))
    (sent,) = mail.received
    assert set(sent.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "List-Id", "Auto-Submitted"),
        *("X-Auto-Response-Suppress", "Importance", "MIME-Version", "Content-Type"),
    }
    assert mail.envelopes[0].rcpt_tos == ["on-call@example.com"]
    assert "<script" not in html(sent)


@pytest.mark.parametrize(
    "target",
    ["a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com", "a b@example.com", "#alerts", "a@", "@"],
)
async def test_what_is_no_address_is_refused_for_good(ports: Ports, mail: MailServer, target: str) -> None:
    refused = await refusal(ports, options(mail.port), target=target)
    assert not refused.retry
    assert "\n" not in str(refused)
    assert mail.received == []


async def test_a_person_without_an_address_is_told_where_to_set_one(ports: Ports, mail: MailServer) -> None:
    refused = await refusal(ports, options(mail.port), target="@U0NOBODY")
    assert "people.U0NOBODY.email" in str(refused)


async def test_the_link_acknowledges_for_the_person_and_a_day(ports: Ports, mail: MailServer) -> None:
    await deliver(ports, options(mail.port))
    found = re.search(r'href="https://bot\.example\.com/acknowledge\?token=([\w-]+)"', html(mail.received[0]))
    assert found
    claim = read_link(found[1], T0 + timedelta(hours=23), TOKEN)
    assert (claim.alert, claim.person) == (42, PERSON)  # type: ignore[union-attr]
    assert read_link(found[1], T0 + timedelta(hours=24), TOKEN) == "the link has expired"


@pytest.mark.parametrize("lacking", [{"public_url": ""}, {"manage_token": None}])
async def test_without_address_or_secret_there_is_no_link(
    ports: Ports, mail: MailServer, lacking: dict[str, Any]
) -> None:
    without = replace(ports, settings=ports.settings.model_copy(update=lacking))
    await deliver(without, options(mail.port))
    assert "/acknowledge" not in html(mail.received[0])


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_it_is_encrypted_and_logged_in(ports: Ports, tmp_path: Path, tls: str) -> None:
    async with mail_server(tmp_path, tls=tls, login=True) as server:
        given = options(server.port, tls=tls, ca_file=server.certificate, username=USER, password=PASSWORD)
        await deliver(ports, given)
    assert len(server.received) == 1
    assert server.secure == [True]


async def test_a_wrong_password_is_final_and_not_told(ports: Ports, tmp_path: Path) -> None:
    async with mail_server(tmp_path, tls="starttls", login=True) as server:
        given = options(server.port, tls="starttls", ca_file=server.certificate, username=USER, password="wr0ng-pass")
        refused = await refusal(ports, given)
    assert not refused.retry
    assert "login" in str(refused)
    assert "wr0ng-pass" not in str(refused)


async def test_a_certificate_that_nobody_trusts_is_final(ports: Ports, tmp_path: Path) -> None:
    async with mail_server(tmp_path, tls="starttls") as server:
        refused = await refusal(ports, options(server.port, tls="starttls"))
    assert not refused.retry
    assert "certificate" in str(refused)


async def test_a_server_without_starttls_gets_no_mail(ports: Ports, mail: MailServer) -> None:
    refused = await refusal(ports, options(mail.port, tls="starttls"))
    assert not refused.retry
    assert "STARTTLS" in str(refused)
    assert mail.received == []


async def test_greylisting_is_tried_again_after_a_minute(ports: Ports, mail: MailServer) -> None:
    mail.refusals.append("450 4.2.0 greylisted")
    refused = await refusal(ports, options(mail.port))
    assert (refused.retry, refused.after) == (True, 60.0)
    await deliver(ports, options(mail.port))
    assert len(mail.received) == 1


@pytest.mark.parametrize("answer", ["552 5.2.2 mailbox full", "554 5.7.1 spam"])
async def test_a_refused_mail_is_final(ports: Ports, mail: MailServer, answer: str) -> None:
    mail.at_data.append(answer)
    refused = await refusal(ports, options(mail.port))
    assert not refused.retry
    assert answer in str(refused).replace(": ", " ")


async def test_a_lost_connection_is_tried_again_and_the_mail_is_known_by_its_id(ports: Ports, mail: MailServer) -> None:
    mail.dropped = 1
    refused = await refusal(ports, options(mail.port))
    assert refused.retry
    await deliver(ports, options(mail.port))
    assert len(mail.once) == 1


async def test_a_server_that_is_away_is_tried_again(ports: Ports) -> None:
    refused = await refusal(ports, options(free_port()))
    assert refused.retry
    assert "cannot be reached" in str(refused)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sender": "nobody"},
        {"sender": "a@b.c\r\nBcc: d@e.f"},
        {"sender": "a@b.c, d@e.f"},
        {"username": "alerts"},
        {"host": "mail.example.com", "tls": "none", "username": "a", "password": "b"},
        {"ca_file": "/nonexistent.pem"},
        {"port": 0},
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        options(**{"port": 587, **wrong})
