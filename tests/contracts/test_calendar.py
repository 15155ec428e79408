"""Every kind of calendar keeps the promises of `Book`: against a real CalDAV server, a real mail server, and doubles."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import icalendar
import pytest

from bot.app import parts
from bot.channels.email import EmailOptions
from bot.config.manage import Manage
from bot.outside import Invitation
from bot.ports import Book, Ports, Undeliverable
from storage.unit_of_work import Store
from tests.fakes.calendars import CLIENT, SECRET, SUBJECT, TENANT, Google, Graph, a_key, serving
from tests.fakes.ports import make_ports
from tests.servers.radicale import PASSWORD, USER, Radicale
from tests.servers.smtp import MailServer

KINDS = ("caldav", "google", "mail", "microsoft")
OVER_HTTP = ("caldav", "google", "microsoft")
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LATER = START + timedelta(hours=3)
FIRST = Invitation(
    uid="incident-7-20261123T120000000000@do-manage",
    title="Incident postmortem #7",
    description="The postmortem of incident #7: Checkout is slow.\nRead it before.",
    starts_at=START,
    ends_at=START + timedelta(minutes=30),
    attendees=("lead@example.com", "oncall@example.com"),
    zone="Europe/Berlin",
)
MOVED = replace(FIRST, starts_at=LATER, ends_at=LATER + timedelta(minutes=30), sequence=1)


class Line(httpx.AsyncHTTPTransport):
    """A connection that can be cut after the next change was made, or give answers of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.cut = 0
        self.answers: list[httpx.Response] = []
        self.changes: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        asks_token = request.url.path.endswith("/token")
        if self.answers and not asks_token:
            return self.answers.pop(0)
        answer = await super().handle_async_request(request)
        if request.method != "GET" and not asks_token and answer.is_success:
            self.changes.append(request.method)
            if self.cut:
                self.cut -= 1
                await answer.aclose()
                raise httpx.ReadError("the connection ended")
        return answer


@dataclass
class Kept:
    """A calendar of one kind, what is connected to it, and how it is looked at."""

    kind: str
    ports: Ports
    options: dict[str, Any]
    line: Line
    remote: Any
    mail: MailServer = field(default_factory=MailServer)

    def connected(self, **changes: Any) -> Book:
        kind = parts().calendars[self.kind]
        return kind.connect(kind.options.model_validate(self.options | changes), self.ports)

    async def standing(self) -> list[dict[str, Any]]:
        """The entries as people see them."""
        if self.kind == "caldav":
            return entries(await self.remote.text(self.options["url"]))
        return read_mails(self.mail) if self.kind == "mail" else self.remote.standing()

    async def clear(self, reference: str) -> None:
        """A person deletes the entry."""
        if self.kind == "caldav":
            await self.remote.clear(self.options["url"], reference)
        else:
            self.remote.clear()

    def lose_the_answer(self) -> None:
        if self.kind == "mail":
            self.mail.dropped = 1
        else:
            self.line.cut = 1


def entries(text: str) -> list[dict[str, Any]]:
    return [shown(event) for event in icalendar.Calendar.from_ical(text).walk("VEVENT")]


def shown(event: Any) -> dict[str, Any]:
    listed = event.get("ATTENDEE", [])
    invited = listed if isinstance(listed, list) else [listed]
    return {
        "title": str(event["SUMMARY"]),
        "starts_at": event.decoded("DTSTART"),
        "attendees": [str(one).removeprefix("mailto:") for one in invited],
    }


def calendar_of(mail: Any) -> Any:
    part = next(p for p in mail.walk() if p.get_content_type() == "text/calendar")
    return icalendar.Calendar.from_ical(part.get_content())


def read_mails(server: MailServer) -> list[dict[str, Any]]:
    """The entries that a mail reader makes of the invitations (RFC 5546)."""
    known: dict[str, Any] = {}
    for mail in server.once:
        calendar = calendar_of(mail)
        event = calendar.walk("VEVENT")[0]
        if calendar["METHOD"] == "CANCEL":
            known.pop(str(event["UID"]), None)
        else:
            known[str(event["UID"])] = shown(event)
    return list(known.values())


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """SQLite alone: no calendar touches the database."""
    return sqlite_url


@pytest.fixture(params=KINDS)
async def kept(
    request: pytest.FixtureRequest, store: Store, tmp_path: Path, radicale: Radicale, mail: MailServer
) -> AsyncIterator[Kept]:
    kind, line = request.param, Line()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(transport=line))
        ports = make_ports(store, http=http, manage=mailing(mail.port))
        if kind == "caldav":
            url = await radicale.calendar()
            options = {"url": url, "username": USER, "password": PASSWORD, "organizer": SUBJECT}
            yield Kept(kind, ports, options, line, radicale)
        elif kind == "mail":
            yield Kept(kind, ports, {}, line, None, mail)
        else:
            remote = Google() if kind == "google" else Graph()
            await stack.enter_async_context(serving(remote))
            yield Kept(kind, ports, options_of(remote, tmp_path), line, remote)


def options_of(remote: Google | Graph, directory: Path) -> dict[str, Any]:
    if isinstance(remote, Google):
        key = directory / "key.json"
        key.write_text(remote.key_file())
        return {"key_file": str(key), "subject": SUBJECT, "url": f"{remote.url}/calendar/v3"}
    login = {"tenant": TENANT, "client_id": CLIENT, "client_secret": SECRET, "login_url": remote.url}
    return {**login, "user": SUBJECT, "url": f"{remote.url}/v1.0"}


def mailing(port: int) -> Manage:
    given = EmailOptions.model_validate({"host": "localhost", "port": port, "tls": "none", "sender": SUBJECT})
    return Manage.model_validate({"notifications": {"email": {"type": "email", "options": given}}})


def only(kinds: tuple[str, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kept", kinds, indirect=True)


def test_these_kinds_are_all() -> None:
    assert set(KINDS) == set(parts().calendars)


async def test_a_meeting_is_put_in_with_its_time_and_who_comes(kept: Kept) -> None:
    booked = await kept.connected()(FIRST)
    (entry,) = await kept.standing()
    assert entry == {"title": FIRST.title, "starts_at": START, "attendees": list(FIRST.attendees)}
    assert booked.reference
    assert booked.missed == {}


async def test_one_that_is_told_again_stands_once(kept: Kept) -> None:
    book = kept.connected()
    first = await book(FIRST)
    assert (await book(FIRST)).reference == first.reference
    assert len(await kept.standing()) == 1


async def test_one_whose_answer_was_lost_stands_once(kept: Kept) -> None:
    book = kept.connected()
    kept.lose_the_answer()
    with pytest.raises(Undeliverable) as caught:
        await book(FIRST)
    assert caught.value.retry
    assert (await book(FIRST)).reference
    assert len(await kept.standing()) == 1


async def test_one_that_is_moved_stands_once_at_its_new_time(kept: Kept) -> None:
    book = kept.connected()
    first = await book(FIRST)
    again = await book(replace(MOVED, reference=first.reference))
    assert again.reference
    assert [entry["starts_at"] for entry in await kept.standing()] == [LATER]


async def test_one_that_is_moved_before_any_answer_was_heard_stands_once(kept: Kept) -> None:
    book = kept.connected()
    kept.lose_the_answer()
    with pytest.raises(Undeliverable):
        await book(FIRST)
    await book(MOVED)
    assert [entry["starts_at"] for entry in await kept.standing()] == [LATER]


@only(OVER_HTTP)
async def test_a_move_that_was_made_is_not_made_again(kept: Kept) -> None:
    book = kept.connected()
    moved = replace(MOVED, reference=(await book(FIRST)).reference)
    await book(moved)
    kept.line.changes.clear()
    await book(moved)
    assert kept.line.changes == []


async def test_one_that_is_cancelled_is_taken_out_however_often_it_is_told(kept: Kept) -> None:
    book = kept.connected()
    first = await book(FIRST)
    over = replace(FIRST, reference=first.reference, cancelled=True, sequence=1)
    await book(over)
    await book(over)
    assert await kept.standing() == []


async def test_one_that_is_cancelled_before_any_answer_was_heard_is_taken_out(kept: Kept) -> None:
    book = kept.connected()
    kept.lose_the_answer()
    with pytest.raises(Undeliverable):
        await book(FIRST)
    await book(replace(FIRST, cancelled=True, sequence=1))
    assert await kept.standing() == []


@only(OVER_HTTP)
async def test_one_that_somebody_deleted_and_that_is_moved_stands_again(kept: Kept) -> None:
    book = kept.connected()
    first = await book(FIRST)
    await kept.clear(first.reference)
    again = await book(replace(MOVED, reference=first.reference))
    assert [entry["starts_at"] for entry in await kept.standing()] == [LATER]
    await book(replace(MOVED, reference=again.reference, cancelled=True, sequence=2))
    assert await kept.standing() == []


async def test_texts_stay_texts(kept: Kept) -> None:
    hostile = "x\r\nATTENDEE:mailto:evil@example.com\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nBcc: evil@example.com <b>&"
    await kept.connected()(replace(FIRST, description=hostile))
    (entry,) = await kept.standing()
    assert entry["attendees"] == list(FIRST.attendees)


@only(OVER_HTTP)
async def test_a_wrong_secret_is_final_names_the_mend_and_is_not_repeated(kept: Kept, tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text(replace(kept.remote, key=a_key("another")).key_file() if kept.kind == "google" else "")
    secret = {"caldav": "password", "google": "key_file", "microsoft": "client_secret"}[kept.kind]
    wrong = str(other) if kept.kind == "google" else "wrong-secret-77aa"
    with pytest.raises(Undeliverable, match=r"HTTP 40[01]") as caught:
        await kept.connected(**{secret: wrong})(FIRST)
    assert not caught.value.retry
    assert secret in caught.value.mend
    assert "wrong-secret-77aa" not in f"{caught.value}{caught.value.mend}"
    assert await kept.standing() == []


@only(OVER_HTTP)
async def test_too_much_is_tried_again_when_the_calendar_says(kept: Kept) -> None:
    kept.line.answers = [httpx.Response(429, headers={"Retry-After": "60"})]
    with pytest.raises(Undeliverable, match="asked too often") as caught:
        await kept.connected()(FIRST)
    assert (caught.value.retry, caught.value.after) == (True, 60.0)


@only(OVER_HTTP)
@pytest.mark.parametrize("status", [408, 500, 502, 503])
async def test_a_server_that_fails_is_tried_again(kept: Kept, status: int) -> None:
    kept.line.answers = [httpx.Response(status)]
    with pytest.raises(Undeliverable, match=f"HTTP {status}") as caught:
        await kept.connected()(FIRST)
    assert caught.value.retry


@only(OVER_HTTP)
async def test_what_is_refused_is_final_and_names_the_mend(kept: Kept) -> None:
    kept.line.answers = [httpx.Response(422, json={"error": {"message": "not like this"}})]
    with pytest.raises(Undeliverable, match=r"HTTP 422.*not like this") as caught:
        await kept.connected()(FIRST)
    assert not caught.value.retry
    assert "manage.yml" in caught.value.mend


@only(OVER_HTTP)
async def test_a_server_that_is_away_is_tried_again(kept: Kept) -> None:
    key = "login_url" if kept.kind == "microsoft" else "url"
    with pytest.raises(Undeliverable, match="cannot be reached: ConnectError") as caught:
        await kept.connected(**{key: "http://127.0.0.1:1"})(FIRST)
    assert caught.value.retry


@only(OVER_HTTP)
async def test_an_address_that_would_show_secrets_is_refused(kept: Kept) -> None:
    with pytest.raises(ValueError, match="https://"):
        kept.connected(url="http://calendar.example.com/x")


@only(("google", "microsoft"))
async def test_attendees_are_told_by_the_calendar(kept: Kept) -> None:
    await kept.connected()(FIRST)
    assert kept.remote.mails == [f"invited {address}" for address in FIRST.attendees]


@only(("google",))
async def test_a_403_of_google_that_means_too_many_is_tried_again(kept: Kept) -> None:
    said = {"error": {"code": 403, "message": "Rate Limit Exceeded", "errors": [{"reason": "rateLimitExceeded"}]}}
    kept.line.answers = [httpx.Response(403, json=said)]
    with pytest.raises(Undeliverable, match="Rate Limit Exceeded") as caught:
        await kept.connected()(FIRST)
    assert (caught.value.retry, caught.value.mend) == (True, "")  # time alone mends it


@only(("google",))
async def test_a_file_that_is_no_key_is_named(kept: Kept, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"private_key": "secret-but-broken"}')
    with pytest.raises(Undeliverable, match=r"broken.json is no key of a service account") as caught:
        await kept.connected(key_file=str(broken))(FIRST)
    assert "secret-but-broken" not in str(caught.value)


@only(("caldav",))
async def test_an_entry_in_a_calendar_has_no_method(kept: Kept) -> None:
    await kept.connected()(FIRST)
    assert "METHOD" not in await kept.remote.text(kept.options["url"])


@only(("caldav",))
async def test_without_an_organizer_nobody_is_named_as_invited(kept: Kept) -> None:
    await kept.connected(organizer="")(FIRST)
    (entry,) = await kept.standing()
    assert entry["attendees"] == []


@only(("mail",))
async def test_a_mail_says_it_in_words_and_for_calendars(kept: Kept) -> None:
    await kept.connected()(FIRST)
    (mail,) = kept.mail.received
    assert mail["To"] == "lead@example.com, oncall@example.com"
    assert mail["Subject"] == "Invitation: Incident postmortem #7, Tue 24 Nov 2026, 13:00 to 13:30 (Europe/Berlin)"
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    part = next(p for p in mail.walk() if p.get_content_type() == "text/calendar")
    assert part.get_param("method") == "REQUEST"
    calendar = calendar_of(mail)
    event = calendar.walk("VEVENT")[0]
    assert (calendar["METHOD"], event["UID"], event["SEQUENCE"]) == ("REQUEST", FIRST.uid, 0)
    assert event["ORGANIZER"] == f"mailto:{SUBJECT}"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "Checkout is slow" in body.get_content()


@only(("mail",))
async def test_a_cancellation_by_mail_names_the_same_meeting(kept: Kept) -> None:
    book = kept.connected()
    first = await book(FIRST)
    await book(replace(FIRST, reference=first.reference, cancelled=True, sequence=1))
    mail = kept.mail.received[-1]
    calendar = calendar_of(mail)
    event = calendar.walk("VEVENT")[0]
    assert mail["Subject"] == "Cancelled: Incident postmortem #7"
    told = (calendar["METHOD"], event["STATUS"], event["UID"], event["SEQUENCE"])
    assert told == ("CANCEL", "CANCELLED", FIRST.uid, 1)


@only(("mail",))
async def test_whom_the_mail_server_refuses_is_named_and_the_others_are_told(kept: Kept) -> None:
    kept.mail.refusals = ["550 no such user"]
    booked = await kept.connected()(FIRST)
    assert list(booked.missed) == ["lead@example.com"]
    assert "550: no such user" in booked.missed["lead@example.com"]
    assert kept.mail.envelopes[0].rcpt_tos == ["oncall@example.com"]


@only(("mail",))
async def test_a_mail_for_nobody_is_not_sent(kept: Kept) -> None:
    with pytest.raises(Undeliverable, match=r"no.* mail address known") as caught:
        await kept.connected()(replace(FIRST, attendees=()))
    assert not caught.value.retry
    assert "people.ID.email" in caught.value.mend


@only(("mail",))
async def test_a_channel_that_is_not_there_is_named(kept: Kept) -> None:
    with pytest.raises(Undeliverable, match="no channel 'pager' of type email"):
        await kept.connected(channel="pager")(FIRST)
