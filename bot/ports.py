"""All protocols and plug-in values on one page, and `Ports`: everything that a room may touch beyond its own values."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import httpx
from pydantic import BaseModel, ConfigDict

from bot.cards.card import Card
from bot.decision import JobsFor
from bot.observation import Observation as Observation  # noqa: PLC0414 - plug-ins find it here, beside `Check`
from bot.outbound import Post, once
from bot.permissions import Caller
from bot.report import Report
from storage.records.samples import Sample
from storage.unit_of_work import Store

if TYPE_CHECKING:
    from bot.config.manage import Manage
    from bot.config.settings import Settings


class Options(BaseModel):
    """Base of a plug-in's options in manage.yml: unknown keys are refused, each field describes itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)


OptionsType = type[Options]


@dataclass(frozen=True, kw_only=True)
class Check:
    """A kind of health check, one file each in `bot/health/checks`.

    `probe(options, ports)` returns an `Observation`, or raises: any exception is a failed probe with its text as the
    detail. The caller bounds its time. `automatic(ports)` gives options when the check watches by itself without being
    configured (None: not now). `degraded_ms` is the latency from which it is degraded, where manage.yml says nothing.
    """

    type: str
    options: OptionsType
    probe: Callable[[Any, "Ports"], Awaitable[Observation]]
    automatic: Callable[["Ports"], Options | None] = lambda _ports: None
    degraded_ms: float = 1000.0


@dataclass(frozen=True)
class Receipt:
    """Proof of delivery in the provider's words (message ts, status), for the journal."""

    text: str


class Undeliverable(Exception):
    """A channel could not deliver. `retry` says whether trying again can help; `after` (seconds) when to."""

    def __init__(self, message: str, *, retry: bool, after: float | None = None) -> None:
        super().__init__(message)
        self.retry = retry
        self.after = after


class Delivery(Protocol):
    """A connected channel: delivers a card to one target, at most once per `key` where the provider allows it."""

    async def __call__(self, card: Card, *, target: str, key: str, attempt: int) -> Receipt:
        """Deliver, or raise `Undeliverable`."""


class Settle(Protocol):
    """Tells a provider that holds the alert open (PagerDuty, a mail thread, a webhook) what became of it."""

    async def __call__(self, card: Card, *, target: str, key: str, state: Literal["acknowledged", "resolved"]) -> None:
        """Say so, at most once per `key` where the provider allows it, or raise `Undeliverable`.

        `card` is the alert's card as it stands now, `target` whom the channel had told; `key` begins with "alert:42:"
        as that of every page of alert #42 does.
        """


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A kind of notification channel, one file each in `bot/channels`; `connect` gives its `Delivery`.

    `settle` gives its `Settle`, where the provider must hear that an alert was acknowledged or resolved.
    """

    type: str
    options: OptionsType
    connect: Callable[[Any, "Ports"], Delivery]
    settle: Callable[[Any, "Ports"], Settle] | None = None


class Unread(Exception):
    """A source, or some of it, could not be read; the text says why, and `samples` are the rest."""

    def __init__(self, message: str, samples: Sequence[Sample] = ()) -> None:
        super().__init__(message)
        self.samples = samples


@dataclass(frozen=True, kw_only=True)
class Source:
    """A kind of metric source, one file each in `bot/metrics/sources`.

    `read(options, ports)` returns the samples of now, without a label `source`: the caller adds it, and bounds its
    time. A value that cannot be had is left out, never zero. It raises `Unread` when it, or some of it, cannot be read;
    any other exception counts as that, too. Running totals are samples with `total`. `metrics(options)` names what it
    can give, so that rules over unknown metrics are refused. `automatic(ports)` gives options when it reads without
    being configured.
    """

    type: str
    options: OptionsType
    read: Callable[[Any, "Ports"], Awaitable[Sequence[Sample]]]
    metrics: Callable[[Any], frozenset[str]]
    automatic: Callable[["Ports"], Options | None] = lambda _ports: None


@dataclass(frozen=True, kw_only=True)
class Received:
    """A webhook as it came: the raw `body`, its headers by lower-case names, and `payload`, the JSON that it holds.

    `name` is what stands behind the format's name in the path ("" mostly). `payload` is None until it is proven.
    """

    body: bytes
    headers: Mapping[str, str]
    payload: Any = None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a source asks to be done with an alert: `command` is `ack`, `unack` or `resolve`.

    `alert` is its number, or the report whose alert is meant; `by` is who asks, as the source names them.
    """

    command: str
    alert: int | Report
    by: str = ""


@dataclass(frozen=True)
class Visit:
    """An address that the source wants to be fetched, as a proof that we listen."""

    url: str


class Refusal(Exception):
    """A webhook that is not taken: the text names what is wrong, `hint` the mend; `status` is HTTP's, 4xx or 503."""

    def __init__(self, error: str, hint: str = "", *, status: int = 400) -> None:
        super().__init__(error)
        self.hint = hint
        self.status = status


Said = Report | Order | Visit


async def unsigned(_received: Received, _ports: "Ports", _kept: MutableMapping[str, bytes], /) -> bool:
    """Prove nothing: the format has no signature, so its senders need the token."""
    return False


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A format of webhook, one file each in `handlers/http/inbound`, served at `POST /webhooks/NAME`.

    `read(received, manage)` is pure: what the payload says, nothing when it says nothing of alerts; raises `Refusal`.
    `proven(received, ports, kept)` says whether its sender's signature proves it, False when none is configured: then
    the token is asked for; raises `Refusal` for a wrong or missing one. `kept` may hold what is fetched for it.
    `delivery(received)` names the delivery where the sender numbers them, so that one that comes again does nothing.
    `answer(received)` is added to the answer.
    """

    name: str
    read: Callable[[Received, "Manage"], Sequence[Said]]
    proven: Callable[[Received, "Ports", MutableMapping[str, bytes]], Awaitable[bool]] = unsigned
    delivery: Callable[[Received], str] = lambda _received: ""
    answer: Callable[[Received], Mapping[str, Any]] = lambda _received: {}


class Reporting(Protocol):
    """Takes what sources say of alerts: what it returned for is on disk and will be acted on."""

    async def __call__(self, reports: Sequence[Report], /) -> None:
        """Take the reports; raises `StoreError`."""


async def unreported(_reports: Sequence[Report], /) -> None:
    """Stand where nothing takes reports: a bot that is only opened for one command."""
    raise RuntimeError("nothing here takes reports of alerts")


@dataclass(frozen=True)
class Posted:
    """A message that stands in Slack."""

    channel: str
    ts: str


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What Slack knows of a user: address, time zone ("Europe/Berlin"), name; `gone` when the account is closed."""

    user: str
    email: str = ""
    timezone: str = ""
    name: str = ""
    gone: bool = False


class ChatError(Exception):
    """Slack refused. `code` is Slack's own error ("not_in_channel"); the text says what was tried and the mend."""

    def __init__(self, code: str, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.retry = retry


class Chat(Protocol):
    """Slack, as the rooms see it: all texts are cards. Rate limits are waited for inside, other refusals raise."""

    @property
    def connected(self) -> bool:
        """True while the bot can hear from Slack."""

    @property
    def crowded(self) -> bool:
        """True while so many messages wait for Slack that no job should wait with them: come back later."""

    async def post(
        self, channel: str, card: Card, *, key: str, thread_ts: str = "", attempt: int = 1, broadcast: bool = False
    ) -> Posted:
        """Post once per `key`: on a later `attempt` it looks whether the message stands already before it posts."""

    async def update(self, posted: Posted, card: Card) -> None:
        """Replace a message's content."""

    async def whisper(self, channel: str, user: str, card: Card, *, thread_ts: str = "") -> None:
        """Say something that only `user` sees."""

    async def direct(self, user: str) -> str:
        """The id of the direct-message channel with `user`."""

    async def open_channel(self, name: str) -> tuple[str, str]:
        """Create a channel, or find our own of that name; a taken name gets a suffix. Gives (id, name)."""

    async def invite(self, channel: str, users: Sequence[str]) -> Mapping[str, str]:
        """Invite people one by one where needed; gives user -> error code of those who could not be."""

    async def join(self, channel: str) -> None:
        """Join a public channel."""

    async def topic(self, channel: str, text: str) -> None:
        """Set a channel's topic, cut to Slack's limit."""

    async def pin(self, posted: Posted) -> None:
        """Pin a message; already pinned is fine."""

    async def archive(self, channel: str) -> None:
        """Archive a channel; already archived is fine."""

    async def upload(self, channel: str, *, name: str, title: str, content: str, thread_ts: str = "") -> str:
        """Upload a text file; gives its id."""

    async def message(self, channel: str, ts: str) -> Mapping[str, Any] | None:
        """One message as Slack keeps it (text, user, ts), or None."""

    async def groups_of(self, user: str, groups: Sequence[str]) -> frozenset[str]:
        """Those of the user groups that `user` belongs to (cached for a minute)."""

    async def members_of(self, group: str) -> tuple[str, ...]:
        """The users of a user group (cached for a minute)."""

    async def set_members(self, group: str, users: Sequence[str]) -> None:
        """Make these users, at least one, the members of a user group: its id (S…) or its handle."""

    async def profile(self, user: str) -> Profile:
        """What Slack knows of a user (cached for some minutes)."""

    async def by_email(self, address: str) -> str:
        """The id of the user with that address, "" when there is none."""

    async def probe(self) -> float:
        """Round trip of the cheapest authenticated call, in milliseconds."""

    def link(self, posted: Posted) -> str:
        """The address of a message, "" while the workspace's own address is not known."""


class Writer(Protocol):
    """A language model as the postmortem room needs it: one structured answer for one prompt."""

    @property
    def model(self) -> str:
        """The model's name, shown as the author."""

    async def write(self, *, system: str, prompt: str, schema: type[BaseModel], budget: int) -> BaseModel:
        """An instance of `schema`, within `budget` tokens; raises `bot.llm.client.ModelError` after its retries."""


Invoke = Callable[[Sequence[str], Caller], Awaitable[Card]]


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The edges, built once in `bot.app`, faked in tests. `chat` and `writer` are None where not configured."""

    now: Callable[[], datetime]
    store: Store
    settings: "Settings"
    manage: "Manage"
    http: httpx.AsyncClient
    jobs_for: JobsFor
    report: Reporting = unreported
    checks: Mapping[str, Check] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    channels: Mapping[str, Delivery] = field(default_factory=dict)
    settlers: Mapping[str, Settle] = field(default_factory=dict)
    post: Post = once
    chat: Chat | None = None
    writer: Writer | None = None
