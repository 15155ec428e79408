"""Postmortems in a Git repository: one Markdown file each, committed and pushed."""

import asyncio
import re
import shlex
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from bot.outside import Document
from bot.ports import Options, Ports, Publish, Publisher, Undeliverable
from bot.postmortems.publishers.repository import Raced, Remote, key_file

TRIES = 5
"""Pushes that may lose against somebody else's before the job comes back later."""

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SCP = re.compile(r"[A-Za-z0-9][\w.-]*@[A-Za-z0-9][\w.-]*:(?!/?/)[^\s]+")
_NAME = re.compile(r"[^\w .'-]+")


class GitOptions(Options):
    """Approved postmortems become files of a Git repository."""

    url: str = Field(
        description="Repository to push to: `https://…`, `ssh://…`, `git@HOST:PATH` or `file:///…`, without a password."
    )
    branch: str = Field(default="main", pattern=r"^[A-Za-z0-9][\w./-]{0,200}$", description="Branch to commit to.")
    folder: str = Field(default="postmortems", description="Folder of the files in it; empty for the top.")
    token: SecretStr | None = Field(default=None, min_length=1, description="Token that may push, for https.")
    username: str = Field(
        default="x-access-token",
        pattern=r"^[^\s:]+$",
        description="User that the token belongs to; most hosts take any.",
    )
    ssh_key: SecretStr | None = Field(default=None, min_length=1, description="Private key that may push, for ssh.")
    known_hosts: Path | None = Field(
        default=None,
        description="File with the server's keys, for ssh; without it the key of the first visit is taken.",
    )
    author: str = Field(default="do-manage", pattern=r"^[^<>\n]+$", description="Name that commits.")
    email: str = Field(
        default="do-manage@localhost", pattern=r"^[^<>\s]+$", description="Mail address of that name in the commits."
    )
    page: str = Field(
        default="",
        pattern=r"^(|https?://\S+)$",
        description="Address where people read a file, with `{path}`; known by itself for GitHub and GitLab.",
    )
    data: Path = Field(default=Path("data/repositories"), description="Folder for the copy of the branch.")

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str) -> str:
        split = urlsplit(url)
        usual = split.scheme in {"https", "http", "ssh"} and split.hostname and not split.password
        if not (usual or (split.scheme == "file" and split.path.startswith("/")) or _SCP.fullmatch(url)):
            raise ValueError("an address like https://git.example.com/ops/postmortems.git, without a password in it")
        if split.scheme in {"https", "http"} and split.username:
            raise ValueError("an address without a user in it: name it in `username`")
        return url

    @field_validator("folder")
    @classmethod
    def _is_folder(cls, folder: str) -> str:
        parts = [part for part in folder.strip("/").split("/") if part]
        if any(part in {".", "..", ".git"} or not re.fullmatch(r"[\w .-]+", part) for part in parts):
            raise ValueError("a folder inside the repository, like docs/postmortems")
        return "/".join(parts)

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        split = urlsplit(self.url)
        if self.token and split.scheme not in {"https", "http"}:
            raise ValueError("a token for an https address only; ssh takes `ssh_key`")
        if self.token and split.scheme == "http" and split.hostname not in _LOCAL:
            raise ValueError("an https address, a token is not sent in the clear")
        return self


@dataclass(frozen=True)
class _Target:
    """Where one document goes."""

    remote: Remote
    path: str
    document: Document
    mark: str


def connect(options: GitOptions, _ports: Ports) -> Publish:
    """Give what commits a document and pushes it.

    The same content makes no commit; a push that somebody else overtook is done again on top of theirs. A file that
    the bot did not write is never written over.
    """
    # one at a time in this process: they share the copy
    turn = asyncio.Lock()

    async def publish(document: Document) -> str:
        async with turn, _remote(options) as remote:
            target = _Target(
                remote=remote,
                path=f"{options.folder}/{document.name}".lstrip("/"),
                document=document,
                mark=mark_of(document),
            )
            for _ in range(TRIES):
                try:
                    await _stored(options, target)
                except Raced:
                    continue
                return _address(options, target.path)
        raise Undeliverable(f"others kept pushing to {options.branch} at the same time", retry=True)

    return publish


def mark_of(document: Document) -> str:
    """The line by which the bot knows a file of its own again, whatever it is called."""
    return f"<!-- do-manage: postmortem of incident {document.incident} -->"


def message_of(document: Document) -> str:
    """The commit's message.

    The incident's title is left out: anybody may have worded it, and hosts act on words ("fixes #1") in messages.
    """
    lines = [f"Postmortem of incident {document.incident}, version {document.version}"]
    approver = " ".join(_NAME.sub(" ", document.approved_by).split())
    if approver:
        lines += ["", f"Approved-by: {approver}"]
    return "\n".join(lines) + "\n"


async def _stored(options: GitOptions, target: _Target) -> None:
    remote, document = target.remote, target.document
    try:
        parent = await remote.fetch()
    except Undeliverable as failed:
        if not failed.retry:
            raise
        # the copy may be what is broken, by a crash in the middle: a fresh one costs one fetch
        remote.forget()
        parent = await remote.fetch()
    gone = await _own_files(options, target, parent) if parent else []
    text = f"{target.mark}\n\n{document.markdown.rstrip()}\n"
    commit = await remote.commit(
        parent, target.path, text, gone=[path for path in gone if path != target.path], message=message_of(document)
    )
    if commit:
        await remote.push(commit)


async def _own_files(options: GitOptions, target: _Target, parent: str) -> list[str]:
    """The files in which the bot keeps this postmortem, under whatever title. Raises where another is in the way."""
    own = []
    for path in await target.remote.files(parent, options.folder):
        name = path.rpartition("/")[2]
        if not re.fullmatch(rf"{target.document.incident:04}(-.*)?\.md", name):
            continue
        if (await target.remote.content(parent, path)).startswith(target.mark):
            own.append(path)
        elif path == target.path:
            raise Undeliverable(
                f"{path} is there already and was not written by this bot",
                retry=False,
                mend="Rename that file, or name another `folder` for this place in manage.yml.",
            )
    return own


@asynccontextmanager
async def _remote(options: GitOptions) -> AsyncIterator[Remote]:
    """The repository, with its secret in the environment of git for as long as it is used."""
    digest = blake2b(f"{options.url}\0{options.branch}".encode(), digest_size=8).hexdigest()
    remote = Remote(
        url=options.url,
        branch=options.branch,
        folder=(options.data / digest).absolute(),
        environment={
            "GIT_AUTHOR_NAME": options.author,
            "GIT_AUTHOR_EMAIL": options.email,
            "GIT_COMMITTER_NAME": options.author,
            "GIT_COMMITTER_EMAIL": options.email,
        },
    )
    if options.token:
        yield _with_token(options, remote, options.token.get_secret_value())
    elif options.ssh_key:
        async with key_file(options.ssh_key.get_secret_value()) as key:
            yield replace(remote, environment={**remote.environment, "GIT_SSH_COMMAND": _ssh(options, key)})
    else:
        yield remote


def _with_token(options: GitOptions, remote: Remote, token: str) -> Remote:
    basic = b64encode(f"{options.username}:{token}".encode()).decode()
    split = urlsplit(options.url)
    header = {
        # for this host alone, and nowhere that it might lead to
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": f"http.{split.scheme}://{split.netloc}/.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
        "GIT_CONFIG_KEY_1": "http.followRedirects",
        "GIT_CONFIG_VALUE_1": "false",
    }
    return replace(remote, environment={**remote.environment, **header}, secrets=(token, basic))


def _ssh(options: GitOptions, key: Path) -> str:
    hosts = options.known_hosts.absolute() if options.known_hosts else (options.data / "known_hosts").absolute()
    words = [
        *("ssh", "-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"),
        *("-o", f"UserKnownHostsFile={hosts}"),
        *("-o", f"StrictHostKeyChecking={'yes' if options.known_hosts else 'accept-new'}"),
    ]
    return shlex.join(words)


def _address(options: GitOptions, path: str) -> str:
    """Where people read the file, as far as that is known."""
    quoted = quote(path)
    if options.page:
        return options.page.replace("{path}", quoted)
    split = urlsplit(options.url)
    site = f"https://{split.hostname}{split.path.removesuffix('/').removesuffix('.git')}"
    if split.scheme == "https" and split.hostname == "github.com":
        return f"{site}/blob/{options.branch}/{quoted}"
    if split.scheme == "https" and split.hostname == "gitlab.com":
        return f"{site}/-/blob/{options.branch}/{quoted}"
    return path


GIT = Publisher(type="git", options=GitOptions, connect=connect)
