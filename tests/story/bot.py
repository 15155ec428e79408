"""A bot as a process of its own, connected to a sandbox workspace that outlives it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.sandbox import Options, Workspace, from_manifest, serve

ROOT = Path(__file__).resolve().parents[2]
ONCALL, BACKUP, YOU = "U0ONCALL", "U0BACKUP", "U0YOU"


def configuration(demo_url: str, **sections: Any) -> dict[str, Any]:
    """Rounds as short as can be, steps that can be waited for, one check: the demo service."""
    return {
        "roles": {"default": "admin"},
        "health": {
            "every": "1s",
            "timeout": "10s",  # on a machine that is busy a late answer is no outage
            "degraded_ms": 2000,
            "checks": [
                {
                    "name": "demo",
                    "type": "http",
                    "degraded_ms": 500,
                    "options": {"url": f"{demo_url.rstrip('/')}/health"},
                }
            ],
        },
        "alerts": {"edit_every": "200ms"},
        "oncall": {"people": [ONCALL]},
        "escalation": {
            "default": [
                {"after": "immediately", "notify": "oncall"},
                {"after": "4s", "notify": f"@{BACKUP}"},
                {"after": "600s", "notify": "#incidents"},
            ]
        },
        "postmortems": {"draft_after": "1s"},
    } | sections


@dataclass
class Bot:
    """The process. `log` is what it printed, for the message of a failing test."""

    workspace: Workspace
    directory: Path
    database_url: str
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    async def start(self, within: float = 90.0) -> None:
        """Start the process and wait until it is connected."""
        with (self.directory / "bot.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 - it is waited for in a thread
                [sys.executable, "-m", "handlers.terminal", "up"],
                cwd=self.directory,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        try:
            await self.workspace.until(self._is_online, within)
        except TimeoutError:
            await self.kill()
            raise AssertionError(f"the bot did not come online:\n{self.log}") from None

    def _is_online(self) -> bool:
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"the bot ended with {self.process.returncode}:\n{self.log}")
        return self.workspace.online

    async def kill(self) -> None:
        """End it as a power cut would."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """End it politely; gives its exit code."""
        return await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = await asyncio.to_thread(self.process.wait, 20)
        self.process = None
        return code

    @property
    def log(self) -> str:
        """All that it printed."""
        return (self.directory / "bot.log").read_text(errors="replace")

    def shell(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `do-manage manage …` beside it."""
        return subprocess.run(
            [sys.executable, "-m", "handlers.terminal", "manage", *words],
            cwd=self.directory,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": self.database_url,
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_APP_TOKEN": self.workspace.app_token,
            "SLACK_API_URL": self.workspace.api_url,
            "MANAGE_CONFIG": str(self.directory / "manage.yml"),
            "PORT": "0",
            **self.environment,
        }


@asynccontextmanager
async def living(
    directory: Path,
    database_url: str,
    *,
    environment: Mapping[str, str] | None = None,
    retry_delays: tuple[float, ...] = (0.0, 0.5, 1.0),
    **sections: Any,
) -> AsyncIterator[Bot]:
    """A workspace with its demo service, and a bot that has come online there. `sections` replace those of manage.yml."""
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    options = from_manifest(manifest, Options(demo_port=0, retry_delays=retry_delays))
    async with serve(options=options) as workspace:
        assert workspace.demo is not None
        written = configuration(workspace.demo.url, **sections)
        (directory / "manage.yml").write_text(yaml.safe_dump(written))
        bot = Bot(workspace, directory, database_url, environment or {})
        await bot.start()
        try:
            yield bot
        finally:
            await bot.kill()
