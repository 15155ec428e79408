"""The model's API answers, and takes the key."""

from pydantic import Field

from bot.health.keyed import Key, asked
from bot.ports import Check, Observation, Options, Ports

BASE_URL = "https://api.openai.com/v1"


class OpenaiOptions(Options):
    """An OpenAI-compatible API. It is watched by itself when `OPENAI_API_KEY` is set."""

    api_key: Key | None = Field(default=None, description="Key; default is `OPENAI_API_KEY`; never shown.")
    base_url: str = Field(
        default="", description="Address of the API, mostly with `/v1`; default is `OPENAI_BASE_URL`, else OpenAI's."
    )


async def probe(options: OpenaiOptions, ports: Ports) -> Observation:
    """List the models (GET /models), which uses no tokens."""
    settings = ports.settings
    # the bot's key belongs to the bot's address: another one must not get it
    key = options.api_key or (None if options.base_url else settings.openai_api_key)
    if key is None:
        return Observation(ok=False, detail="no key: set api_key, or OPENAI_API_KEY without base_url")
    base = options.base_url or settings.openai_base_url or BASE_URL
    return await asked(ports.http, f"{base.rstrip('/')}/models", key)


def _automatic(ports: Ports) -> OpenaiOptions | None:
    return OpenaiOptions() if ports.settings.openai_api_key else None


OPENAI = Check(type="openai", options=OpenaiOptions, probe=probe, automatic=_automatic)
