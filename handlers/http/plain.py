"""The head of a request in its plain form, which is told by its bytes alone (pure).

Whatever is not read here is not wrong: it is left to aiohttp, which knows all forms.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST_HEAD = 8_000
"""Bytes; aiohttp takes lines of that length."""
_HEADS_KEPT = 256
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[!-~](?:[ -~]*[!-~])?)?)[ \t]*")
_ONCE = frozenset({"host", "content-length", "content-type", "authorization", "origin", "connection"})
_NOT_PLAIN = frozenset({"transfer-encoding", "content-encoding", "expect", "upgrade", "trailer", "te"})
_JSON = re.compile(r"application/json(?:; ?charset=utf-8)?", re.IGNORECASE)
_LENGTH = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a POST of JSON says. The connection stays open after it."""

    length: int
    host: str
    authorization: str
    origin: str | None


@lru_cache(_HEADS_KEPT)
def posted(head: bytes, path: bytes) -> Head | None:
    """Read the head of `POST path HTTP/1.1` without the empty line behind it; None when it is not plain.

    Heads are remembered, for a client sends the same again and again.
    """
    first, *lines = head.split(b"\r\n")
    if first != b"POST " + path + b" HTTP/1.1" or len(lines) > 60:
        return None
    said: dict[str, str] = {}
    for line in lines:
        read = _HEADER.fullmatch(line)
        if read is None:
            return None
        name = read[1].decode().lower()
        if name in _NOT_PLAIN or (name in _ONCE and name in said):
            return None
        said[name] = read[2].decode()
    if said.get("connection", "keep-alive").lower() != "keep-alive" or "host" not in said:
        return None
    if not _JSON.fullmatch(said.get("content-type", "")) or not _LENGTH.fullmatch(said.get("content-length", "")):
        return None
    return Head(int(said["content-length"]), said["host"], said.get("authorization", ""), said.get("origin"))
