"""The one way in which a Web API call of the sandbox says no."""

from typing import Any


class Refused(Exception):
    """An answer ``{"ok": false, "error": …}``; ``extra`` is merged into it (``needed``, ``response_metadata`` …)."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra


def invalid_arguments(*problems: str) -> Refused:
    """Slack's answer to wrong arguments, with one ``[ERROR] …`` line for each problem."""
    return Refused("invalid_arguments", response_metadata={"messages": [f"[ERROR] {problem}" for problem in problems]})
