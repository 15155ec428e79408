"""The sandbox workspace's settings, and the note by which shell commands find the one that runs in this directory."""

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.config.document import read
from handlers.terminal.failure import Failed

NOTE = Path("data/sandbox.json")
SETTINGS = Path(__file__).with_name("sandbox.yml")


@dataclass(frozen=True)
class Running:
    """A sandbox that runs: the address of its page and of its demo service."""

    page: str
    demo: str


def base(sandbox: Running) -> Mapping[str, Any]:
    """What lies under manage.yml in the sandbox, spelled like that file."""
    return read(SETTINGS.read_text(encoding="utf-8"), SETTINGS.name, {"DEMO_URL": sandbox.demo}).values


def running(note: Path = NOTE) -> Running | None:
    """The sandbox that runs in this directory. Its process holds a lock on the note: a dead one's note says nothing."""
    try:
        with note.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Running(**json.loads(file.read()))
    except FileNotFoundError:
        pass
    return None


@contextmanager
def noted(sandbox: Running, note: Path = NOTE) -> Iterator[None]:
    """Let shell commands in this directory find the sandbox for the length of the block."""
    note.parent.mkdir(parents=True, exist_ok=True)
    note.touch(mode=0o600)
    with note.open("r+", encoding="utf-8") as file:  # not truncated before the lock is ours
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed("another sandbox starts in this directory just now", "Wait for that one.") from None
        file.truncate()
        file.write(json.dumps(asdict(sandbox)))
        file.flush()
        try:
            yield
        finally:
            note.unlink(missing_ok=True)
