"""SendGrid answers, and takes the key."""

from pydantic import Field

from bot.health.keyed import Key, asked
from bot.ports import Check, Observation, Options, Ports


class SendgridOptions(Options):
    """An account of SendGrid."""

    api_key: Key = Field(description="API key (`SG.…`), with any scope; never shown.")
    base_url: str = Field(
        default="https://api.sendgrid.com", description="Address of the API; the EU's is `https://api.eu.sendgrid.com`."
    )


async def probe(options: SendgridOptions, ports: Ports) -> Observation:
    """List the key's scopes (GET /v3/scopes): every key may, nothing is sent."""
    return await asked(ports.http, f"{options.base_url.rstrip('/')}/v3/scopes", options.api_key)


SENDGRID = Check(type="sendgrid", options=SendgridOptions, probe=probe)
