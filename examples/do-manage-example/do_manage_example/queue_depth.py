"""A queue does not grow beyond what its workers can take, as a JSON address tells."""

import time

from pydantic import Field

from bot.ports import Check, Observation, Options, Ports


class QueueDepthOptions(Options):
    """A queue whose length a JSON address tells."""

    url: str = Field(pattern=r"^https?://\S+$", description="Address that answers with a JSON object.")
    key: str = Field(default="depth", description="Key of the object under which the number of messages stands.")
    most: int = Field(ge=0, description="Number of waiting messages from which on the queue is down.")


async def probe(options: QueueDepthOptions, ports: Ports) -> Observation:
    """Ask once; an address that does not answer with such a number raises, which is a failed probe."""
    begun = time.perf_counter()
    answer = await ports.http.get(options.url)
    latency = (time.perf_counter() - begun) * 1000
    depth = float(answer.raise_for_status().json()[options.key])
    return Observation(
        ok=depth < options.most,
        detail=f"{depth:.0f} waiting",
        latency_ms=latency,
        value=depth,
        threshold=options.most,
        unit="messages",
        metrics={"queue_depth": depth},
    )


QUEUE_DEPTH = Check(type="queue-depth", options=QueueDepthOptions, probe=probe)
