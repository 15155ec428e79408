"""The demo service."""


class Demo:
    """A service to break."""

    def reading(self) -> dict[str, str]:
        """What it measures."""
        return {}

    async def set_mode(self, mode: str) -> None:
        """Change the mode."""
