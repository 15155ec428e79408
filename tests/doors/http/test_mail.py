"""Answers to mails: the link that asks before it acts, and replies that prove by their ids whose they are."""

import email
import email.policy
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage

import httpx
import pytest
from pydantic import SecretStr

from bot.channels.email import EMAIL, EmailOptions
from bot.channels.proofs import link_token
from storage.records.alerts import AlertState
from storage.unit_of_work import Store
from tests.contracts.test_channel import alert_card
from tests.doors.http.answering import ONCALL, SUMMARY, Bot, answering
from tests.servers.smtp import MailServer

SECRET = SecretStr("door-test-token")
BEARER = {"Authorization": "Bearer door-test-token"}
MAIL = {"Content-Type": "message/rfc822", **BEARER}


@pytest.fixture
async def bot(store: Store, mail: MailServer) -> AsyncIterator[Bot]:
    options = EmailOptions.model_validate(
        {"host": "localhost", "port": mail.port, "tls": "none", "sender": "alerts@example.com"}
    )
    async with answering(store, {"mail": {"type": "email", "options": options}}) as made:
        deliver = EMAIL.connect(options, made.ports)
        await deliver(alert_card("redis is down"), target=f"@{ONCALL}", key="alert:42:page:0", attempt=1)
        yield made


def link(mail: MailServer) -> str:
    """The link in the mail that arrived."""
    body = mail.received[0].get_body(("plain",))
    assert body is not None
    found = re.search(r"Acknowledge: (http\S+)", body.get_content())
    assert found
    return found[1]


def reply(mail: MailServer, text: str, **headers: str) -> bytes:
    """What a mail program sends when somebody answers the mail that arrived."""
    page = mail.received[0]
    answer = EmailMessage(policy=email.policy.SMTP)
    answer["From"], answer["To"] = "on-call@example.com", str(page["From"])
    answer["Subject"] = f"Re: {page['Subject']}"
    answer["In-Reply-To"] = str(page["Message-ID"])
    answer["References"] = f"{page['References']} {page['Message-ID']}"
    for name, value in headers.items():
        del answer[name.replace("_", "-")]
        answer[name.replace("_", "-")] = value
    answer.set_content(f"{text}\n\nOn Mon, 23 Nov 2026 at 12:00, Alerts <alerts@example.com> wrote:\n> resolve it\n")
    return answer.as_bytes()


async def send(bot: Bot, raw: bytes, headers: dict[str, str] = MAIL) -> httpx.Response:
    return await bot.http.post("/webhooks/email", content=raw, headers=headers)


async def test_opening_the_link_asks_and_changes_nothing(bot: Bot, mail: MailServer) -> None:
    page = await bot.http.get(link(mail))
    assert page.status_code == 200
    assert '<form method="post" action="acknowledge"' in page.text
    assert "redis is down &amp; &lt;out&gt;" in page.text
    assert SUMMARY not in page.text
    assert (await bot.alert()).state is AlertState.FIRING


async def test_the_page_loads_nothing_and_cannot_be_framed(bot: Bot, mail: MailServer) -> None:
    page = await bot.http.get(link(mail))
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Referrer-Policy"] == "no-referrer"


async def test_confirming_acknowledges_as_the_person_whom_the_mail_was_for(bot: Bot, mail: MailServer) -> None:
    token = link(mail).partition("token=")[2]
    done = await bot.http.post("/acknowledge", data={"token": token})
    assert done.status_code == 200
    assert (await bot.alert()).acknowledged_by == ONCALL
    again = await bot.http.post("/acknowledge", data={"token": token})
    assert again.status_code == 200
    assert len(await bot.journal("AlertAcknowledged")) == 1


async def test_there_is_no_button_once_somebody_has_it(bot: Bot, mail: MailServer) -> None:
    await bot.http.post("/acknowledge", data={"token": link(mail).partition("token=")[2]})
    assert "<form" not in (await bot.http.get(link(mail))).text


async def test_an_expired_link_says_so(bot: Bot, mail: MailServer) -> None:
    bot.clock.forward(timedelta(hours=25).total_seconds())
    for answer in (await bot.http.get(link(mail)), await bot.http.post(link(mail), data={"token": "x"})):
        assert answer.status_code in {400, 410}
    assert "expired" in (await bot.http.get(link(mail))).text
    assert (await bot.alert()).state is AlertState.FIRING


@pytest.mark.parametrize("place", [0, 5, 20, -1])
async def test_a_changed_token_proves_nothing(bot: Bot, mail: MailServer, place: int) -> None:
    token = list(link(mail).partition("token=")[2])
    token[place] = "A" if token[place] != "A" else "Q"
    answer = await bot.http.post("/acknowledge", data={"token": "".join(token)})
    assert answer.status_code == 400
    assert (await bot.alert()).state is AlertState.FIRING


@pytest.mark.parametrize("token", ["", "A", "%00", "<script>", "ä", "A" * 10_000])
async def test_odd_tokens_are_refused_without_being_shown(bot: Bot, token: str) -> None:
    for answer in (
        await bot.http.get("/acknowledge", params={"token": token}),
        await bot.http.post("/acknowledge", data={"token": token}),
    ):
        assert answer.status_code == 400
        assert "<script>" not in answer.text


async def test_a_link_of_another_secret_is_refused(bot: Bot) -> None:
    token = link_token(42, ONCALL, bot.clock() + timedelta(hours=1), SecretStr("another"))
    assert (await bot.http.post("/acknowledge", data={"token": token})).status_code == 400


@pytest.mark.parametrize("text", ["ack", "Ack.", "ACK 42", "acknowledge - on my way"])
async def test_a_reply_acknowledges(bot: Bot, mail: MailServer, text: str) -> None:
    answer = await send(bot, reply(mail, text))
    assert answer.status_code == 200
    assert (await bot.alert()).acknowledged_by == ONCALL


async def test_a_reply_resolves(bot: Bot, mail: MailServer) -> None:
    assert (await send(bot, reply(mail, "resolve it was the disk"))).status_code == 200
    assert (await bot.alert()).state is AlertState.RESOLVED


async def test_whose_reply_it_is_does_not_hang_on_from(bot: Bot, mail: MailServer) -> None:
    await send(bot, reply(mail, "ack", From="somebody-else@example.com"))
    assert (await bot.alert()).acknowledged_by == ONCALL


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("Thanks, will look later", {}),
        ("config", {}),
        ("", {}),
        ("ack 41", {}),
        ("ack", {"Auto_Submitted": "auto-replied"}),
        ("ack", {"Precedence": "bulk"}),
        ("ack", {"In_Reply_To": "<do-manage.42.x@example.com>", "References": "<other@example.com>"}),
        (
            "ack",
            {"In_Reply_To": f"<do-manage.42.{ONCALL}.{'0' * 16}.{'0' * 32}@example.com>", "References": "<a@b.c>"},
        ),
    ],
    ids=["chat", "command", "quoted", "another", "vacation", "list", "stranger", "forged"],
)
async def test_what_is_no_proven_answer_changes_nothing(
    bot: Bot, mail: MailServer, text: str, headers: dict[str, str]
) -> None:
    answer = await send(bot, reply(mail, text, **headers))
    assert answer.status_code == 422
    assert (await bot.alert()).state is AlertState.FIRING


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\xfe\x00", b"In-Reply-To: " + b"<" * 100_000, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x"],
    ids=["empty", "bytes", "long", "cut"],
)
async def test_odd_mails_are_refused(bot: Bot, raw: bytes) -> None:
    assert (await send(bot, raw)).status_code == 422


async def test_replies_need_the_token(bot: Bot, mail: MailServer) -> None:
    answer = await send(bot, reply(mail, "ack"), {"Content-Type": "message/rfc822"})
    assert answer.status_code == 401
    assert (await bot.alert()).state is AlertState.FIRING


async def test_without_a_secret_no_reply_can_be_proven(store: Store) -> None:
    async with answering(store, {}, token=None) as bot:
        answer = await send(bot, b"From: a@example.com\r\n\r\nack", {"Content-Type": "message/rfc822"})
    assert answer.status_code == 409
    assert "MANAGE_TOKEN" in answer.text


async def test_a_body_that_is_no_mail_is_refused(bot: Bot) -> None:
    assert (await send(bot, b"{}", {"Content-Type": "application/json", **BEARER})).status_code == 415


async def test_a_huge_mail_is_refused(bot: Bot) -> None:
    assert (await send(bot, b"a" * 2_000_000)).status_code == 413
