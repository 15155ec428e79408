"""All protocols and plug-in values on one page, and `Ports`: everything that a room may touch beyond its own values."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import httpx
from pydantic import BaseModel, ConfigDict

from bot.cards.card import Card
from bot.decision import JobsFor
from bot.observation import Observation as Observation  # noqa: PLC0414 - plug-ins find it here, beside `Check`
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


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A kind of notification channel, one file each in `bot/channels`; `connect` gives its `Delivery`."""

    type: str
    options: OptionsType
    connect: Callable[[Any, "Ports"], Delivery]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A kind of metric source, one file each in `bot/metrics/sources`.

    `read(options, ports)` returns the samples of now, without a label `source`: the caller adds it, and bounds its
    time. A value that cannot be had is left out, never zero. `metrics(options)` names what it can give, so that rules
    over unknown metrics are refused. `automatic(ports)` gives options when it reads without being configured.
    """

    type: str
    options: OptionsType
    read: Callable[[Any, "Ports"], Awaitable[Sequence[Sample]]]
    metrics: Callable[[Any], frozenset[str]]
    automatic: Callable[["Ports"], Options | None] = lambda _ports: None


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
    chat: Chat | None = None
    writer: Writer | None = None
