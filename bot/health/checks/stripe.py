"""Stripe answers, and takes the key."""

from pydantic import Field

from bot.health.keyed import Key, asked
from bot.ports import Check, Observation, Options, Ports


class StripeOptions(Options):
    """An account of Stripe."""

    api_key: Key = Field(
        description="Secret or restricted key (`sk_…`, `rk_…`) that may read the balance; never shown."
    )
    base_url: str = Field(default="https://api.stripe.com", description="Address of the API.")


async def probe(options: StripeOptions, ports: Ports) -> Observation:
    """Retrieve the balance (docs.stripe.com/api/balance/balance_retrieve): it reads, changes nothing and is free."""
    return await asked(ports.http, f"{options.base_url.rstrip('/')}/v1/balance", options.api_key)


STRIPE = Check(type="stripe", options=StripeOptions, probe=probe)
