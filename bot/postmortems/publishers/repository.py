"""Runs the `git` program on a bare copy of one branch: no working tree, no shell, no secret on a command line."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.cards.marks import clean
from bot.phrasing import cut
from bot.ports import Undeliverable

FETCHED = "refs/heads/fetched"
_NOTHING = "0" * 40
PATIENCE = 120.0
"""Seconds that one run of git may take."""

_KEPT = ("PATH", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_FILE")
_MOST_SAID = 64 * 1024
_RACE = re.compile(r"non-fast-forward|fetch first|stale info|cannot lock ref|failed to update ref|incorrect old value")
_FINAL = (
    (
        re.compile(
            r"Authentication failed|could not read (?:Username|Password)|error: 40[13]|HTTP Basic: Access denied"
        ),
        "Check `token` (and `username`) of this place in manage.yml: it needs the right to write.",
    ),
    (
        re.compile(r"Permission denied|access denied", re.IGNORECASE),
        "Check `ssh_key` of this place in manage.yml, and that its public half may write to the repository.",
    ),
    (
        re.compile(r"Host key verification failed|No .* host key is known"),
        "Put the server's line of `ssh-keyscan` into the file that `known_hosts` names.",
    ),
    (
        re.compile(r"[Rr]epository .*not found|does not appear to be a git repository|error: 404|not a git repository"),
        "Check `url` of this place in manage.yml, and that the token may see the repository.",
    ),
    (
        re.compile(r"protected branch|hook declined|\[remote rejected\]|GH\d{3}:"),
        "Allow the bot to push to this branch, or name another `branch` in manage.yml.",
    ),
)


class Raced(Exception):
    """Somebody else has pushed meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A branch of a repository elsewhere. `secrets` are never shown; `environment` carries them to git."""

    url: str
    branch: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    async def fetch(self) -> str:
        """The newest commit of the branch, "" when there is none yet. Raises `Undeliverable`."""
        if not (self.folder / "HEAD").is_file():
            self.folder.mkdir(parents=True, exist_ok=True)
            await self.git("init", "--quiet", "--bare")
        listed = await self.git("ls-remote", "--", self.url, f"refs/heads/{self.branch}")
        if not listed.strip():
            return ""
        wanted = f"+refs/heads/{self.branch}:{FETCHED}"
        await self.git("fetch", "--quiet", "--depth=1", "--no-tags", "--", self.url, wanted)
        return (await self.git("rev-parse", "--verify", FETCHED)).strip()

    async def files(self, commit: str, folder: str) -> list[str]:
        """The paths of the files in that folder, not below it."""
        listed = await self.git("ls-tree", "-z", "--name-only", commit, "--", f"{folder}/" if folder else ".")
        return [path for path in listed.split("\0") if path]

    async def content(self, commit: str, path: str) -> str:
        """What the file holds."""
        return await self.git("cat-file", "blob", f"{commit}:{path}")

    async def commit(self, parent: str, path: str, text: str, *, gone: Sequence[str], message: str) -> str:
        """A commit on top of `parent` in which the file holds the text and those `gone` are not; "" for no change."""
        blob = (await self.git("hash-object", "-w", "--stdin", given=text)).strip()
        with tempfile.TemporaryDirectory(prefix="index-", dir=self.folder) as place:
            index = {"GIT_INDEX_FILE": str(Path(place) / "index")}
            if parent:
                await self.git("read-tree", parent, extra=index)
            lines = [*(f"0 {_NOTHING}\t{old}" for old in gone), f"100644 {blob}\t{path}"]
            await self.git("update-index", "-z", "--index-info", given="".join(f"{x}\0" for x in lines), extra=index)
            tree = (await self.git("write-tree", extra=index)).strip()
        if parent and tree == (await self.git("rev-parse", f"{parent}^{{tree}}")).strip():
            return ""
        above = ("-p", parent) if parent else ()
        return (await self.git("commit-tree", tree, *above, "-F", "-", given=message)).strip()

    async def push(self, commit: str) -> None:
        """Make it the branch's newest. Raises `Raced` when another one is, and `Undeliverable`."""
        await self.git("push", "--quiet", "--porcelain", "--", self.url, f"{commit}:refs/heads/{self.branch}")

    def forget(self) -> None:
        """Remove the copy: what a crash left half-written in it must not fail every later try."""
        shutil.rmtree(self.folder, ignore_errors=True)

    async def git(self, *words: str, given: str = "", extra: Mapping[str, str] | None = None) -> str:
        """Run git in the copy; gives what it printed. Raises `Undeliverable` with its complaint, and `Raced`."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment = {
            **kept,
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_DIR": str(self.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "file:http:https:ssh",
            **self.environment,
            **(extra or {}),
        }
        code, out, complaint = await _ran(("git", *words), environment, self.folder, given.encode())
        if code == 0:
            return out
        if words[0] == "push":
            complaint = f"{out}\n{complaint}"  # why it was rejected stands among what it printed
            if _RACE.search(complaint):
                raise Raced
        raise self._refusal(words[0], complaint)

    def _refusal(self, what: str, complaint: str) -> Undeliverable:
        said = clean(complaint)
        for secret in self.secrets:
            said = said.replace(secret, "••••")
        lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("hint:")]
        text = f"git {what} failed: {cut(' '.join(lines), 300) or 'it said nothing'}"
        for sign, mend in _FINAL:
            if sign.search(said):
                return Undeliverable(text, retry=False, mend=mend)
        return Undeliverable(text, retry=True, mend="See whether the repository can be reached from here.")


async def _ran(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, given: bytes
) -> tuple[int, str, str]:
    """Run a program in a session of its own, which ends with it whatever happens."""
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=folder,
            env=dict(environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError:
        mend = "Install git where the bot runs."
        raise Undeliverable("the program `git` is not there", retry=False, mend=mend) from None
    try:
        async with asyncio.timeout(PATIENCE):
            out, complaint = await process.communicate(given)
    except TimeoutError:
        raise Undeliverable(f"git {words[1]} took longer than {PATIENCE:g} s", retry=True) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode or 0, out.decode("utf-8", "replace"), complaint[:_MOST_SAID].decode("utf-8", "replace")


@asynccontextmanager
async def key_file(secret: str) -> AsyncIterator[Path]:
    """A private key as a file that only this user reads, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="key-") as folder:
        path = Path(folder) / "key"
        path.touch(mode=0o600)
        path.write_text(secret.strip() + "\n")
        yield path
