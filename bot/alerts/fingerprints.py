"""What makes two firings the same alert (pure)."""

from collections.abc import Mapping
from hashlib import blake2b


def fingerprint(rule: str, labels: Mapping[str, str]) -> str:
    """16 hex digits over the rule and its labels; order and empty labels do not matter."""
    told = [rule, *(f"{name}\0{value}" for name, value in sorted(labels.items()) if value)]
    return blake2b("\x1f".join(told).encode(), digest_size=8).hexdigest()
