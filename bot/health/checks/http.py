"""A web address answers with the status that it should, and says what it should."""

import re
import time
from collections.abc import Mapping
from typing import Literal

import httpx
from pydantic import Field, SecretStr, field_validator

from bot.health.failures import failure, place
from bot.ports import Check, Observation, Options, Ports

MOST_BYTES = 1_000_000
"""How much of a body is looked at."""


class HttpOptions(Options):
    """A web address that must answer."""

    url: str = Field(description="Address, http or https.")
    method: Literal["GET", "HEAD", "POST", "OPTIONS"] = Field(default="GET", description="Method of the request.")
    status: int = Field(default=200, ge=100, le=599, description="Status that the answer must have.")
    contains: str = Field(
        default="", description="Words that must stand in the first megabyte of the answer; empty: any answer will do."
    )
    headers: Mapping[str, SecretStr] = Field(
        default_factory=dict, description="Headers to send, such as `Authorization`; never shown."
    )
    follow_redirects: bool = Field(default=False, description="Follow redirects and judge where they lead.")

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        try:
            split = httpx.URL(url)
        except httpx.InvalidURL:
            split = httpx.URL()
        if split.scheme not in {"http", "https"} or not split.host:
            raise ValueError("an http(s) address, like https://example.com/health")
        return url

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
        for name, value in headers.items():
            if not re.fullmatch(r"[!-~]+", name) or not re.fullmatch(r"[ -~]*", value.get_secret_value()):
                raise ValueError("names and values of printable ASCII, each on one line")
        return headers


async def probe(options: HttpOptions, ports: Ports) -> Observation:
    """Ask once, on a connection of its own: a service that takes no more connections must not look well on an old one.

    The latency is the time until the headers of the (last) answer are there.
    """
    headers = {name: value.get_secret_value() for name, value in options.headers.items()}
    url = httpx.URL(options.url)
    auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
    # the password goes into a header, because httpx logs addresses as they are
    request = ports.http.build_request(
        options.method, url.copy_with(userinfo=b""), headers={"Connection": "close", **headers}, timeout=None
    )
    begun = time.perf_counter()
    try:
        answer = await ports.http.send(request, auth=auth, stream=True, follow_redirects=options.follow_redirects)
    except (httpx.HTTPError, OSError) as error:
        return Observation(ok=False, detail=failure(error, place(options.url)))
    latency = (time.perf_counter() - begun) * 1000
    try:
        wrong = await _wrong(options, answer)
    except httpx.HTTPError as error:
        wrong = f"{failure(error, place(options.url))} in the middle of the answer"
    finally:
        await answer.aclose()
    return Observation(ok=not wrong, detail=wrong or f"HTTP {answer.status_code}", latency_ms=latency)


async def _wrong(options: HttpOptions, answer: httpx.Response) -> str:
    if answer.status_code != options.status:
        to = f" (redirect to {place(answer.headers['location'])})" if answer.has_redirect_location else ""
        return f"HTTP {answer.status_code} instead of {options.status}{to}"
    if options.contains and options.contains not in await _beginning(answer):
        return f'HTTP {answer.status_code}, but the answer does not say "{options.contains}"'
    return ""


async def _beginning(answer: httpx.Response) -> str:
    read = bytearray()
    async for chunk in answer.aiter_bytes():
        read += chunk
        if len(read) >= MOST_BYTES:
            break
    return bytes(read[:MOST_BYTES]).decode(answer.encoding or "utf-8", errors="replace")


HTTP = Check(type="http", options=HttpOptions, probe=probe)
