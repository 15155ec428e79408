"""What the bot itself did: commands run, jobs given up."""

from dataclasses import dataclass

from typing_extensions import override

from bot.events.event import Event


@dataclass(frozen=True, kw_only=True)
class CommandRun(Event):
    """Audit: somebody ran a command line, with this outcome. `changes` says that the command can change something.

    `channel` is where it was asked, "" outside Slack. `through` is "assistant" where that chose to run it.
    """

    command: str
    argv: tuple[str, ...]
    via: str
    role: str
    outcome: str
    seconds: float
    changes: bool = False
    channel: str = ""
    through: str = ""

    @property
    @override
    def subject(self) -> str:
        return f"command:{self.command}"


@dataclass(frozen=True, kw_only=True)
class CommandAnswered(Event):
    """What a command answered in the channel of an open incident, without secrets and of a bounded length.

    It is the incident's own: the audit line is entry `run`, without the answer. `line` is what was typed, masked.
    """

    incident: int
    run: int
    line: str
    outcome: str
    text: str
    changes: bool = False

    @property
    @override
    def subject(self) -> str:
        return f"incident:{self.incident}"


@dataclass(frozen=True, kw_only=True)
class JobDied(Event):
    """A job was given up after its last attempt."""

    job: int
    kind: str
    error: str
    attempts: int

    @property
    @override
    def subject(self) -> str:
        return f"job:{self.job}"
