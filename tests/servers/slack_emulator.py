"""An independent Slack: the npm package `emulate`, whose state is the oracle for the bot's Web API calls.

It knows no Socket Mode, slash commands, buttons or modals, and checks neither block limits nor unknown arguments.
"""

import platform
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.servers.process import answers, free_port, missing, running

HERE = Path(__file__).parent / "emulate"
NODE_AT_LEAST = 22  # emulate uses module.registerHooks
SIGNING_SECRET = "test-signing-secret"
BOT_SCOPES = (
    *("bookmarks:read", "bookmarks:write", "channels:history", "channels:join", "channels:manage", "channels:read"),
    *("chat:write", "files:read", "files:write", "groups:history", "groups:read", "groups:write", "im:history"),
    *("im:read", "im:write", "pins:read", "pins:write", "reactions:read", "reactions:write", "team:read"),
    *("users:read", "users:read.email"),
)


@dataclass(frozen=True)
class Workspace:
    """A fresh workspace with two people, their channels alerts and incidents, and a bot that has joined none.

    Channels go by id alone: the emulator finds none by a name with `#`, although Slack does.
    """

    api_url: str
    bot_token: str = "xoxb-bot"
    readonly_token: str = "xoxb-readonly"  # channels:read alone
    on_call_token: str = "xoxp-on-call"  # the on-call engineer's own
    on_call_email: str = "on-call@example.com"
    commander_email: str = "commander@example.com"
    signing_secret: str = SIGNING_SECRET


@dataclass(frozen=True)
class SlackEmulator:
    """The running emulator; it holds one workspace at a time."""

    origin: str

    def workspace(self, *, scopes: Sequence[str] = BOT_SCOPES, events_url: str | None = None) -> Workspace:
        """Replace the workspace by a fresh one; events go, signed, to `events_url` when given."""
        workspace = Workspace(f"{self.origin}/api/")
        seed = {"slack": _seed(workspace, list(scopes)), "events_url": events_url}
        httpx.post(f"{self.origin}/harness/workspace", json=seed, timeout=30).raise_for_status()
        return workspace


@pytest.fixture(scope="session")
def slack_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackEmulator]:
    """Give the running emulator; most tests want `slack_workspace`."""
    program = node()
    if not (HERE / "node_modules/emulate").is_dir():
        missing("the npm packages of tests/servers/emulate (Debian package npm, then ./do test installs them)")
    port = free_port()
    log = tmp_path_factory.mktemp("emulate") / "server.log"
    with running([program, str(HERE / "harness.mjs"), str(port)], ready=lambda: answers(port), log=log):
        yield SlackEmulator(f"http://127.0.0.1:{port}")


@pytest.fixture
def slack_workspace(slack_emulator: SlackEmulator) -> Workspace:
    """Give a fresh workspace in which the bot's token has all of BOT_SCOPES, strictly."""
    return slack_emulator.workspace()


def node() -> str:
    """Give the path of a Node that is new enough: the system's, or the one that emulate brings."""
    node = shutil.which("node")
    if node:
        version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
        if int(version.lstrip("v").split(".")[0]) >= NODE_AT_LEAST:
            return node
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    packaged = HERE / f"node_modules/node-{platform.system().lower()}-{machine}/bin/node"
    if not packaged.exists():
        missing(f"Debian package npm, or Node {NODE_AT_LEAST}; then ./do test installs the rest")
    return str(packaged)


def _seed(workspace: Workspace, scopes: list[str]) -> dict[str, object]:
    bot = {"app_id": "A0MANAGE", "bot_id": "B0MANAGE", "bot_user_id": "U0MANAGE"}
    return {
        "team": {"name": "Example", "domain": "example"},
        "users": [
            {"name": "on-call", "real_name": "On-call engineer", "email": workspace.on_call_email},
            {"name": "commander", "real_name": "Incident commander", "email": workspace.commander_email},
        ],
        "channels": [{"name": "alerts"}, {"name": "incidents"}],
        "oauth_apps": [
            {
                **bot,
                "client_id": "1.2",
                "client_secret": "unused",
                "name": "do-manage",
                "bot_name": "manage",
                "redirect_uris": [],
                "scopes": scopes,
            }
        ],
        "tokens": [
            {**bot, "token": workspace.bot_token, "type": "bot", "user_id": "U0MANAGE", "scopes": scopes},
            {
                **bot,
                "token": workspace.readonly_token,
                "type": "bot",
                "user_id": "U0MANAGE",
                "scopes": ["channels:read"],
            },
            {"token": workspace.on_call_token, "type": "user", "user": "on-call", "scopes": scopes},
        ],
        "strict_scopes": True,
        "signing_secret": workspace.signing_secret,
    }
