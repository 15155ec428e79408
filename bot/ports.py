"""All protocols and plug-in values on one page, and `Ports`: everything that a room may touch beyond its own values."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

import httpx
from pydantic import BaseModel, ConfigDict

from bot.cards.card import Card
from bot.chat import (
    Chat,
    ChatError,
    Download,
    Posted,
    Profile,
)
from bot.decision import JobsFor
from bot.observation import Observation
from bot.outbound import Post, once
from bot.outside import (
    Booked,
    Document,
    Ended,
    Filed,
    Invitation,
    Issue,
    PublicIncident,
)
from bot.permissions import Caller
from bot.recent import Recent
from bot.report import Report
from bot.talk import Talker
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
    """A channel could not deliver. `retry` says whether trying again can help; `after` (seconds) when to.

    `mend` is what a person can do about it, "" where the text says all.
    """

    def __init__(self, message: str, *, retry: bool, after: float | None = None, mend: str = "") -> None:
        super().__init__(message)
        self.retry = retry
        self.after = after
        self.mend = mend


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


class Book(Protocol):
    """Puts a meeting into a calendar, changes it there, or takes it out."""

    async def __call__(self, invitation: Invitation, /) -> Booked:
        """Make the calendar show it as it is now, looking before anything is done twice; raises `Undeliverable`."""


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """A kind of calendar that meetings are put into, one file each in `bot/calendars`."""

    type: str
    options: OptionsType
    connect: Callable[[Any, "Ports"], Book]


class File(Protocol):
    """Opens issues in a tracker."""

    async def __call__(self, issue: Issue, /, *, attempt: int) -> Filed:
        """Open it, at most once per `key`: a later `attempt` looks for it first. Raises `Undeliverable`."""


class Look(Protocol):
    """Looks at an issue in a tracker."""

    async def __call__(self, reference: str, /) -> Ended | None:
        """How it ended; None while it is open, and when it is not there any more. Raises `Undeliverable`."""


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """A kind of issue tracker, one file each in `bot/follow_ups/trackers`."""

    type: str
    options: OptionsType
    connect: Callable[[Any, "Ports"], File]
    look: Callable[[Any, "Ports"], Look]


class Publish(Protocol):
    """Keeps approved postmortems in one place."""

    async def __call__(self, document: Document, /) -> str:
        """Its address there; what is there already is replaced, never doubled. Raises `Undeliverable`."""


@dataclass(frozen=True, kw_only=True)
class Publisher:
    """A kind of place where approved postmortems are kept, one file each in `bot/postmortems/publishers`."""

    type: str
    options: OptionsType
    connect: Callable[[Any, "Ports"], Publish]


class Tell(Protocol):
    """Brings an outside status page up to date."""

    async def __call__(self, incident: PublicIncident, /) -> str:
        """What the page calls the incident; raises `Undeliverable`."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A kind of outside status page, one file each in `bot/statuspage/pages`."""

    type: str
    options: OptionsType
    connect: Callable[[Any, "Ports"], Tell]


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
    """The edges, built once in `bot.app`, faked in tests. `chat`, `writer`, `talker` are None where not configured.

    `recent` remembers what took long to work out.
    """

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
    calendars: Mapping[str, Book] = field(default_factory=dict)
    trackers: Mapping[str, File] = field(default_factory=dict)
    looks: Mapping[str, Look] = field(default_factory=dict)
    publishers: Mapping[str, Publish] = field(default_factory=dict)
    pages: Mapping[str, Tell] = field(default_factory=dict)
    post: Post = once
    chat: Chat | None = None
    writer: Writer | None = None
    talker: Talker | None = None
    recent: Recent = field(default_factory=Recent)
