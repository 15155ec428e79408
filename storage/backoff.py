"""How long to wait before a lost transaction is tried again (pure)."""

ATTEMPTS = 12
PATIENCE = 20.0
"""Seconds after which a transaction that keeps losing is given up."""

_FIRST = 0.005
_LONGEST = 0.2


def delay(attempt: int, chance: float) -> float:
    """Seconds to wait after failed attempt number `attempt` (from 1); `chance` in [0, 1) spreads competing writers.

    "Full jitter": uniform between nothing and an exponentially growing bound, so that losers do not meet again.
    """
    return min(_LONGEST, _FIRST * 2.0 ** (attempt - 1)) * chance


def worthwhile(attempt: int, elapsed: float) -> bool:
    """Tell whether one more attempt is due after `attempt` of them, `elapsed` seconds in."""
    return attempt < ATTEMPTS and elapsed < PATIENCE
