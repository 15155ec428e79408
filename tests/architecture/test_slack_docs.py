"""docs/slack.md tells every scope with its purpose."""

from pathlib import Path

from bot.slack.scopes import SCOPES

PAGE = Path(__file__).parents[2] / "docs/slack.md"


def test_every_scope_is_told_with_its_purpose() -> None:
    rows = {line for line in PAGE.read_text().splitlines() if line.startswith("| `")}
    assert {f"| `{scope}` | {purpose} |" for scope, purpose in SCOPES.items()} <= rows
