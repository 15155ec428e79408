"""How many files wait in a folder, as a metric that rules can name."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from bot.config.fields import MetricName
from bot.ports import Options, Ports, Source, Unread
from storage.records.samples import Sample


class SpoolOptions(Options):
    """A folder in which files wait for something to take them away."""

    path: Path = Field(description="The folder.")
    metric: MetricName = Field(default="spool_files", description="Name of the metric.")


async def read(options: SpoolOptions, ports: Ports) -> Sequence[Sample]:
    """Count the files; a folder that cannot be read makes the metric absent, and says why."""
    try:
        count = await asyncio.to_thread(lambda: sum(entry.is_file() for entry in options.path.iterdir()))
    except OSError as error:
        raise Unread(f"{options.path}: {error.strerror}") from error
    return [Sample(metric=options.metric, at=ports.now(), value=count)]


SPOOL = Source(type="spool", options=SpoolOptions, read=read, metrics=lambda options: frozenset({options.metric}))
