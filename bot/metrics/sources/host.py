"""The machine that the bot runs on: processors, memory, file systems, network."""

import asyncio
import importlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from pydantic import Field

from bot.config.fields import Listed
from bot.ports import Options, Ports, Source, Unread
from storage.records.samples import Sample

METRICS = frozenset(
    {"cpu", "memory", "memory_available", "swap", "load", "disk_usage", "disk_free", "network_in", "network_out"}
)
_ALWAYS_FULL = {"squashfs", "iso9660", "erofs", "cramfs"}  # packed file systems have no space to run out of


class HostOptions(Options):
    """The machine that the bot runs on; it is measured without being configured."""

    mounts: Listed[str] = Field(
        default=(), description="Mount points to measure; default is every file system on a device, and `/`."
    )


async def read(options: HostOptions, ports: Ports) -> list[Sample]:
    """Measure it. Raises `Unread`, with the rest, for mounts that are configured and cannot be measured."""
    # a file system that hangs must not stop the loop
    return await asyncio.to_thread(_read, options, ports.now())


async def loaded() -> None:
    """Load psutil beside what else goes on."""
    await asyncio.to_thread(importlib.import_module, "psutil")


def _read(options: HostOptions, now: datetime) -> list[Sample]:
    found, lost = list(_measured(now)), []
    for mount in options.mounts or _mounts():
        try:
            found += _usage(mount, now)
        except OSError as error:
            lost.append(f"{mount}: {(error.strerror or str(error)).lower()}")
    if lost and options.mounts:  # others' mounts may be closed to us
        raise Unread("; ".join(lost), found)
    return found


def _measured(now: datetime) -> Iterator[Sample]:
    import psutil

    times = psutil.cpu_times()
    whole = sum(times) - getattr(times, "guest", 0) - getattr(times, "guest_nice", 0)  # counted as user, too
    busy = whole - times.idle - getattr(times, "iowait", 0)
    yield Sample(metric="cpu", at=now, value=100 * busy, total=True, of=whole)
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    yield Sample(metric="memory", at=now, value=memory.percent)
    yield Sample(metric="memory_available", at=now, value=memory.available)
    if swap.total:
        yield Sample(metric="swap", at=now, value=swap.percent)
    yield Sample(metric="load", at=now, value=os.getloadavg()[0] / (os.cpu_count() or 1))
    cards = [card for name, card in psutil.net_io_counters(pernic=True).items() if name != "lo"]
    yield Sample(metric="network_in", at=now, value=sum(card.bytes_recv for card in cards), total=True)
    yield Sample(metric="network_out", at=now, value=sum(card.bytes_sent for card in cards), total=True)


def _usage(mount: str, now: datetime) -> Iterator[Sample]:
    import psutil

    usage = psutil.disk_usage(mount)
    if usage.total:
        yield Sample(metric="disk_usage", at=now, value=usage.percent / 100, labels={"mount": mount})
        yield Sample(metric="disk_free", at=now, value=usage.free, labels={"mount": mount})


def _mounts() -> list[str]:
    """`/`, and the shortest mount point of each other device; containers mount single files of one again and again."""
    import psutil

    shortest = {}
    for part in sorted(psutil.disk_partitions(all=False), key=lambda part: len(part.mountpoint), reverse=True):
        if part.fstype not in _ALWAYS_FULL and Path(part.mountpoint).is_dir():
            shortest[part.device] = part.mountpoint
    return sorted({"/", *shortest.values()})


HOST = Source(
    type="host",
    options=HostOptions,
    read=read,
    metrics=lambda _options: METRICS,
    automatic=lambda _ports: HostOptions(),
)
