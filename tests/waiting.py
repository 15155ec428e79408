"""What asyncio's tasks wait for: of a test that runs out of time, the place where the loop sleeps tells nothing."""

import asyncio
import gc
from collections.abc import Iterator
from traceback import extract_stack, format_list
from types import FrameType
from typing import Any


def told() -> str:
    """Each unfinished task, and the lines in which it waits, outermost first."""
    unfinished = [one for one in gc.get_objects() if isinstance(one, asyncio.Task) and not one.done()]
    return "\n".join(map(_of, unfinished))


def _of(task: "asyncio.Task[Any]") -> str:
    frames = list(_frames(task.get_coro()))
    lines = [line for frame in frames for line in format_list(extract_stack(frame, limit=1))]
    return f"{task!r}\n{''.join(lines)}"


def _frames(awaited: Any) -> Iterator[FrameType]:
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None) or getattr(awaited, "ag_frame", None)
        if frame is not None:
            yield frame
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "ag_await", None)
