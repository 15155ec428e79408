"""Notification by mail: to a person ("@U…", whose address is known) or to an address, one thread for each alert."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.cards.card import Button, Card
from bot.cards.html import page, to_html
from bot.cards.text import to_text
from bot.channels.addresses import mail_of, mailbox, person_of
from bot.channels.notice import Notice, notice
from bot.channels.proofs import link_token, mail_id
from bot.channels.smtp import Server, send
from bot.oncall import people
from bot.phrasing import cut
from bot.ports import Channel, Delivery, Options, Ports, Receipt, Settle

LINK_PATH = "/acknowledge"
LINK_LASTS = timedelta(hours=24)
_SUBJECT = 150


class EmailOptions(Options):
    """Mail through a server of your own or a provider's."""

    host: str = Field(min_length=1, pattern=r"^\S+$", description="Mail server that takes submissions.")
    port: int = Field(default=587, ge=1, le=65535, description="Its port.")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="`starttls` (usual on 587), `tls` from the start (465), or `none`."
    )
    ca_file: Path | None = Field(default=None, description="Certificates to trust instead of the system's.")
    username: str = Field(default="", description="User to log in as; without one nobody logs in.")
    password: SecretStr | None = Field(default=None, description="Password of that user.")
    sender: str = Field(description="Address that sends, like `alerts@example.com` or `Alerts <alerts@example.com>`.")
    reply_to: str = Field(default="", description="Address for answers, when it is another one.")

    @field_validator("sender", "reply_to")
    @classmethod
    def _is_address(cls, given: str) -> str:
        if given:
            mailbox(given)
        return given

    @field_validator("ca_file")
    @classmethod
    def _is_there(cls, path: Path | None) -> Path | None:
        if path is not None and not path.is_file():
            raise ValueError("the path of an existing file with certificates (PEM)")
        return path

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if bool(self.username) != bool(self.password):
            raise ValueError("username and password together, or neither")
        if self.password and self.tls == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            raise ValueError("tls: starttls or tls, a password is not sent in the clear")
        return self

    @property
    def server(self) -> Server:
        """The server as one mail needs it."""
        return Server(
            host=self.host,
            port=self.port,
            tls=self.tls,
            ca_file=self.ca_file,
            username=self.username,
            password=self.password,
        )


def connect(options: EmailOptions, ports: Ports) -> Delivery:
    """Give a delivery of multipart mails. All mails of an alert are one thread.

    A mail is handed over again when the answer to it was lost; its Message-ID is that of its key, by which mail servers
    and readers know that it is the same.
    """

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:  # noqa: ARG001 - see above
        return Receipt(await _mailed(options, ports, card, target, key))

    return deliver


def settle(options: EmailOptions, ports: Ports) -> Settle:
    """Give what says in the thread that the alert is acknowledged or resolved."""

    async def settled(card: Card, *, target: str, key: str, state: Literal["acknowledged", "resolved"]) -> None:
        await _mailed(options, ports, card, target, f"{key}:{state}")

    return settled


async def _mailed(options: EmailOptions, ports: Ports, card: Card, target: str, key: str) -> str:
    recipient = await mail_of(ports, target)
    person = person_of(target) or await people.by_email(ports, recipient)
    message = written(options, ports, card, recipient=recipient, person=person, key=key)
    return await send(options.server, message, sender=mailbox(options.sender)[1], recipient=recipient)


def written(options: EmailOptions, ports: Ports, card: Card, *, recipient: str, person: str, key: str) -> EmailMessage:
    """The mail, with its link, as text and as HTML."""
    told, domain = notice(card), mailbox(options.sender)[1].rpartition("@")[2]
    id_ = mail_id(told.number or 0, person, key, domain, ports.settings.manage_token)
    message = headed(options, ports.now(), recipients=[recipient], subject=_subject(told), message_id=id_)
    if told.number:
        # a first mail that nobody got and all others answer: so the order in which they arrive does not matter
        thread = f"<do-manage.alert.{told.number}@{domain}>"
        message["In-Reply-To"] = thread
        message["References"] = thread
    message["List-Id"] = f"Alerts of do-manage <do-manage.{domain}>"
    if told.severity in {"critical", "high"}:
        message["Importance"] = "high"
    shown = _with_link(card, told, ports, person)
    command = ports.settings.slack_command
    message.set_content(to_text(shown, ports.now(), command))
    message.add_alternative(page(_subject(told), to_html(shown, command)), subtype="html")
    return message


def headed(
    options: EmailOptions, now: datetime, *, recipients: Sequence[str], subject: str, message_id: str
) -> EmailMessage:
    """A mail without a body.

    Headers are set through the library's own address and text types, so that no text can add another.
    """
    name, address = mailbox(options.sender)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(display_name=name, addr_spec=address)
    message["To"] = [Address(addr_spec=recipient) for recipient in recipients]
    if options.reply_to:
        answers, elsewhere = mailbox(options.reply_to)
        message["Reply-To"] = Address(display_name=answers, addr_spec=elsewhere)
    message["Subject"] = subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice answers it
    message["X-Auto-Response-Suppress"] = "All"
    return message


def _subject(told: Notice) -> str:
    """The same for all mails of an alert, as threads want it."""
    return cut(f"[{told.severity}] #{told.number}: {told.summary}" if told.number else told.summary, _SUBJECT)


def _with_link(card: Card, told: Notice, ports: Ports, person: str) -> Card:
    """The card with a link that acknowledges, where there is something to acknowledge and somebody who may."""
    public, secret = ports.settings.public_url, ports.settings.manage_token
    if not (told.number and person and public and secret and told.state == "firing"):
        return card
    token = link_token(told.number, person, ports.now() + LINK_LASTS, secret)
    others = tuple(button for button in card.buttons if button.argv[:1] != ("ack",))
    return replace(card, buttons=(Button(label="Acknowledge", url=f"{public}{LINK_PATH}?token={token}"), *others))


EMAIL = Channel(type="email", options=EmailOptions, connect=connect, settle=settle)
