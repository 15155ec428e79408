"""An invitation by mail (RFC 6047), through the mail server that notifications use: every calendar understands it."""

from email.message import EmailMessage
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from bot.calendars import entry
from bot.cards.card import Card
from bot.cards.card import Field as Line
from bot.cards.html import page, to_html
from bot.cards.text import to_text
from bot.channels.addresses import mailbox
from bot.channels.email import EmailOptions, headed
from bot.channels.smtp import send_to_all
from bot.outside import Booked, Invitation
from bot.ports import Book, Calendar, Options, Ports, Undeliverable


class MailOptions(Options):
    """Invitations by mail, to everybody who took part."""

    channel: str = Field(
        default="", description="Channel under `notifications` of type `email` that sends; default is the first one."
    )


def connect(options: MailOptions, ports: Ports) -> Book:
    """Give what sends one mail to all.

    It is handed over again when the answer to it was lost; its Message-ID is that of the meeting and its change, by
    which mail servers and readers know that it is the same, as calendars do by the meeting's own identity.
    """

    async def book(invitation: Invitation) -> Booked:
        server = _server(options, ports)
        if not invitation.attendees:
            raise Undeliverable(
                "of nobody who took part is a mail address known",
                retry=False,
                mend="Set `people.ID.email` in manage.yml, or let people set theirs in App Home.",
            )
        mail = written(server, ports, invitation)
        sender = mailbox(server.sender)[1]
        _, refused = await send_to_all(server.server, mail, sender=sender, recipients=invitation.attendees)
        return Booked(str(mail["Message-ID"]), {address: str(why) for address, why in refused.items()})

    return book


def written(server: EmailOptions, ports: Ports, invitation: Invitation) -> EmailMessage:
    """The mail: in words, as text and HTML; for calendars, beside these and once more as a file."""
    method: Literal["CANCEL", "REQUEST"] = "CANCEL" if invitation.cancelled else "REQUEST"
    address = mailbox(server.sender)[1]
    name, domain = invitation.uid.partition("@")[0], address.rpartition("@")[2]
    message = headed(
        server,
        ports.now(),
        recipients=invitation.attendees,
        subject=_subject(invitation),
        message_id=f"<do-manage.{name}.{invitation.sequence}@{domain}>",
    )
    said = _card(invitation)
    message.set_content(to_text(said, ports.now(), ports.settings.slack_command))
    message.add_alternative(page(said.title, to_html(said, ports.settings.slack_command)), subtype="html")
    text = entry.entry(invitation, now=ports.now(), organizer=address, method=method)
    message.add_alternative(text, subtype="calendar", params={"method": method}, cte="base64")
    message.add_attachment(text.encode(), maintype="application", subtype="ics", filename="invite.ics")
    return message


def _server(options: MailOptions, ports: Ports) -> EmailOptions:
    """How the channel that was named, or the first one, sends mail."""
    found = {
        name: given.options
        for name, given in ports.manage.notifications.items()
        if isinstance(given.options, EmailOptions) and options.channel in {"", name}
    }
    if not found:
        named = f"no channel {options.channel!r} of type email" if options.channel else "no channel of type email"
        raise Undeliverable(
            f"there is {named}", retry=False, mend="Name one under `notifications` in manage.yml, of type `email`."
        )
    return next(iter(found.values()))


def _subject(invitation: Invitation) -> str:
    if invitation.cancelled:
        return f"Cancelled: {invitation.title}"
    return f"{'Updated invitation' if invitation.reference else 'Invitation'}: {invitation.title}, {_time(invitation)}"


def _card(invitation: Invitation) -> Card:
    state = "is cancelled" if invitation.cancelled else "takes place"
    if invitation.reference and not invitation.cancelled:
        state = "takes place at another time"
    return Card(
        title=invitation.title,
        body=(f"The meeting {state}.", *invitation.description.split("\n")),
        fields=(
            Line(label="Time", value=_time(invitation)),
            Line(label="With", value=", ".join(invitation.attendees)),
        ),
    )


def _time(invitation: Invitation) -> str:
    """Like "Tue 24 Nov 2026, 09:00 to 09:30 (Europe/Berlin)": readers of mails have no zone that we know."""
    local = ZoneInfo(invitation.zone)
    begin, end = invitation.starts_at.astimezone(local), invitation.ends_at.astimezone(local)
    return f"{begin:%a} {begin.day} {begin:%b %Y, %H:%M} to {end:%H:%M} ({invitation.zone})"


MAIL = Calendar(type="mail", options=MailOptions, connect=connect)
