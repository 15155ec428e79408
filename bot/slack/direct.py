"""The SDK sends everything through the environment's proxy; for a workspace on this machine that leads astray."""

import ipaddress
from typing import Protocol
from urllib.parse import urlsplit


class Proxied(Protocol):
    """A client of the SDK."""

    proxy: str | None


def straight(client: Proxied, url: str) -> None:
    """Let `client` reach an address of this machine without the proxy; for any other address it stays."""
    host = urlsplit(url).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if loopback:
        client.proxy = None
