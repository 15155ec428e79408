"""Notices appended to a file, one line of JSON for each."""

import asyncio
import json
from pathlib import Path

from pydantic import Field

from bot.cards.card import Card
from bot.cards.json import to_json
from bot.ports import Channel, Delivery, Options, Ports, Receipt, Undeliverable


class FileLogOptions(Options):
    """A file that notices are appended to."""

    path: Path = Field(description="The file; it is made when it is missing, its folder is not.")


def connect(options: FileLogOptions, ports: Ports) -> Delivery:
    """Give a delivery that writes a notice once for each `key`: on a later attempt it looks before it writes."""

    async def deliver(card: Card, *, target: str, key: str, attempt: int) -> Receipt:
        line = {"key": key, "target": target, "at": ports.now().isoformat(), "card": to_json(card)}
        try:
            await asyncio.to_thread(append, options.path, key, json.dumps(line), again=attempt > 1)
        except OSError as error:
            raise Undeliverable(f"{options.path}: {error.strerror}", retry=True) from error
        return Receipt(str(options.path))

    return deliver


def append(path: Path, key: str, line: str, *, again: bool) -> None:
    """Write the line unless one with that key stands there already; raises `OSError`."""
    with path.open("a+", encoding="utf-8") as file:
        file.seek(0)
        if not again or all(json.loads(written)["key"] != key for written in file):
            file.write(line + "\n")


FILE_LOG = Channel(type="file-log", options=FileLogOptions, connect=connect)
