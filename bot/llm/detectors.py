"""Secrets that a maintained library knows by their shape: the detectors of detect-secrets.

Its detectors by entropy and by keyword are left out: they take host names, commits and plain words for secrets.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from bot.llm.budget import split

SHORTEST = 8
"""Characters of what may be a secret by its shape."""
BLOCK = 10_000
"""Characters that are searched at once: no other thread runs while an expression searches."""


def found(text: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each secret, longest first, so that none is taken out of the middle of another."""
    blocks = ["\n".join(block) for block in split(text.splitlines(), BLOCK, cost=len)]
    seen = {
        secret: detector.secret_type
        for block in blocks
        for detector in _detectors()
        for secret in detector.analyze_string(block)
    }
    for secret in sorted(seen, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            yield seen[secret], secret


@cache
def _detectors() -> tuple[Any, ...]:
    """One of each, made with the first use: the library takes half a second to load."""
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.plugins.base import RegexBasedDetector
    from detect_secrets.plugins.ip_public import IPPublicDetector

    kinds: Iterable[Any] = get_mapping_from_secret_type_to_class().values()
    return tuple(kind() for kind in kinds if issubclass(kind, RegexBasedDetector) and kind is not IPPublicDetector)
