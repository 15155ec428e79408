"""Postmortems in a Git repository: real repositories, over files, over HTTP with a password, over ssh."""

import asyncio
import os
import subprocess
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from bot.outside import Document
from bot.ports import Undeliverable
from bot.postmortems.publishers import git
from bot.postmortems.publishers.git import GitOptions
from bot.postmortems.publishers.repository import Remote
from storage.unit_of_work import Store
from tests.fakes.ports import make_ports
from tests.servers.git_http import TOKEN, git_http

DOCUMENT = Document(
    incident=7,
    version=3,
    title="Postmortem of incident 7: Checkout is down",
    name="0007-checkout-is-down.md",
    markdown="# Postmortem\n\nfixes \\#1\n",
    approved_by="Ada L.\nSigned-off-by: nobody",
)
Seen = Callable[..., str]


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """An empty repository, as hosts make one."""
    path = tmp_path / "hosted" / "ops.git"
    _git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(path))
    _git(path, "config", "http.receivepack", "true")
    return path


@pytest.fixture
def seen(bare: Path) -> Seen:
    """Ask git about the hosted repository."""
    return lambda *words: _git(bare, *words).strip()


@pytest.fixture
async def ports(sqlite_url: str) -> Any:
    store = await Store.open(sqlite_url)
    yield make_ports(store)
    await store.close()


def _git(where: Path, *words: str, given: str = "") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(where), "GIT_CONFIG_GLOBAL": os.devnull}
    for role in ("AUTHOR", "COMMITTER"):
        environment |= {f"GIT_{role}_NAME": "somebody", f"GIT_{role}_EMAIL": "somebody@example.com"}
    ran = subprocess.run(
        ["git", *words], cwd=where, env=environment, input=given, capture_output=True, text=True, check=True
    )
    return ran.stdout


def options(tmp_path: Path, url: str, **more: Any) -> GitOptions:
    return GitOptions(url=url, data=tmp_path / "copies", **more)


def somebody_commits(bare: Path, path: str, text: str) -> None:
    """Another person pushes a file."""
    blob = _git(bare, "hash-object", "-w", "--stdin", given=text).strip()
    head = subprocess.run(["git", "rev-parse", "main"], cwd=bare, capture_output=True, text=True, check=False)
    parent = head.stdout.strip() if head.returncode == 0 else ""
    index = ["-c", "core.bare=true"]
    os.environ["GIT_INDEX_FILE"] = str(bare / "test-index")
    try:
        tree_of = _indexed(bare, parent, f"100644,{blob},{path}", index)
    finally:
        del os.environ["GIT_INDEX_FILE"]
    above = ["-p", parent] if parent else []
    commit = _git(bare, "commit-tree", tree_of, *above, "-m", "mine").strip()
    _git(bare, "update-ref", "refs/heads/main", commit)


def _indexed(bare: Path, parent: str, entry: str, words: list[str]) -> str:
    environment = {"PATH": os.environ["PATH"], "GIT_INDEX_FILE": os.environ["GIT_INDEX_FILE"]}

    def run(*more: str) -> str:
        return subprocess.run(
            ["git", *words, *more], cwd=bare, env=environment, capture_output=True, text=True, check=True
        ).stdout

    if parent:
        run("read-tree", parent)
    run("update-index", "--add", "--cacheinfo", entry)
    return run("write-tree").strip()


async def test_the_first_postmortem_begins_the_branch(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    address = await git.connect(options(tmp_path, bare.as_uri()), ports)(DOCUMENT)
    assert address == "postmortems/0007-checkout-is-down.md"
    assert seen("ls-tree", "-r", "--name-only", "main") == "postmortems/0007-checkout-is-down.md"
    assert seen("show", "main:postmortems/0007-checkout-is-down.md").endswith("# Postmortem\n\nfixes \\#1")


async def test_the_bot_is_the_author_and_the_approver_stands_in_the_trailer(
    tmp_path: Path, bare: Path, seen: Seen, ports: Any
) -> None:
    await git.connect(options(tmp_path, bare.as_uri(), author="ops-bot"), ports)(DOCUMENT)
    assert seen("log", "-1", "--format=%an|%cn", "main") == "ops-bot|ops-bot"
    message = seen("log", "-1", "--format=%B", "main")
    assert message == "Postmortem of incident 7, version 3\n\nApproved-by: Ada L. Signed-off-by nobody"
    assert seen("log", "-1", "--format=%(trailers:key=Signed-off-by)", "main") == ""


async def test_an_approver_without_a_name_is_left_out(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    await git.connect(options(tmp_path, bare.as_uri()), ports)(replace(DOCUMENT, approved_by=""))
    assert "Approved-by" not in seen("log", "-1", "--format=%B", "main")


async def test_the_same_content_makes_no_commit(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    publish = git.connect(options(tmp_path, bare.as_uri()), ports)
    await publish(DOCUMENT)
    await publish(replace(DOCUMENT, version=4))
    assert seen("rev-list", "--count", "main") == "1"


async def test_a_new_title_moves_the_file(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    publish = git.connect(options(tmp_path, bare.as_uri()), ports)
    await publish(DOCUMENT)
    await publish(replace(DOCUMENT, name="0007-payments-are-down.md"))
    assert seen("ls-tree", "-r", "--name-only", "main") == "postmortems/0007-payments-are-down.md"


async def test_what_others_keep_there_stays(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    somebody_commits(bare, "postmortems/0007-by-hand.md", "ours\n")
    await git.connect(options(tmp_path, bare.as_uri()), ports)(DOCUMENT)
    assert seen("ls-tree", "-r", "--name-only", "main").split() == [
        "postmortems/0007-by-hand.md",
        "postmortems/0007-checkout-is-down.md",
    ]


async def test_a_file_in_the_way_is_never_written_over(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    somebody_commits(bare, "postmortems/0007-checkout-is-down.md", "by hand\n")
    with pytest.raises(Undeliverable, match="was not written by this bot") as refused:
        await git.connect(options(tmp_path, bare.as_uri()), ports)(DOCUMENT)
    assert not refused.value.retry
    assert "Rename that file" in refused.value.mend
    assert seen("show", "main:postmortems/0007-checkout-is-down.md") == "by hand"


async def test_a_push_that_somebody_overtook_is_done_again_on_top_of_theirs(
    tmp_path: Path, bare: Path, seen: Seen, ports: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody_commits(bare, "README.md", "hello\n")
    push, overtaken = Remote.push, []

    async def late(remote: Remote, commit: str) -> None:
        if len(overtaken) < 2:
            overtaken.append(commit)
            somebody_commits(bare, f"news-{len(overtaken)}.md", "meanwhile\n")
        await push(remote, commit)

    monkeypatch.setattr(Remote, "push", late)
    await git.connect(options(tmp_path, bare.as_uri()), ports)(DOCUMENT)
    assert len(overtaken) == 2
    assert {"news-1.md", "news-2.md", "README.md"} < set(seen("ls-tree", "-r", "--name-only", "main").split())
    assert seen("rev-list", "--count", "main") == "4"


async def test_two_bots_at_once_lose_nothing(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    publishers = [git.connect(options(tmp_path / str(n), bare.as_uri()), ports) for n in range(3)]
    documents = [replace(DOCUMENT, incident=n, name=f"{n:04}-x.md") for n in range(1, 7)]
    await asyncio.gather(*(publishers[i % 3](one) for i, one in enumerate(documents)))
    assert len(seen("ls-tree", "-r", "--name-only", "main").split()) == 6


async def test_a_copy_that_a_crash_left_broken_is_made_anew(tmp_path: Path, bare: Path, seen: Seen, ports: Any) -> None:
    publish = git.connect(options(tmp_path, bare.as_uri()), ports)
    await publish(DOCUMENT)
    (copy,) = (tmp_path / "copies").iterdir()
    (copy / "refs" / "heads" / "fetched.lock").touch()
    (copy / "shallow.lock").touch()
    somebody_commits(bare, "README.md", "hello\n")
    await publish(replace(DOCUMENT, markdown="new"))
    assert seen("rev-list", "--count", "main") == "3"


async def test_a_refusing_hook_is_told_with_what_it_says(tmp_path: Path, bare: Path, ports: Any) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'main takes pull requests only' >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(Undeliverable, match="pull requests only") as refused:
        await git.connect(options(tmp_path, bare.as_uri()), ports)(DOCUMENT)
    assert not refused.value.retry
    assert "Allow the bot to push" in refused.value.mend


async def test_a_repository_that_is_not_there_is_no_reason_to_try_again(tmp_path: Path, ports: Any) -> None:
    with pytest.raises(Undeliverable, match="does not appear to be a git repository") as refused:
        await git.connect(options(tmp_path, (tmp_path / "nowhere.git").as_uri()), ports)(DOCUMENT)
    assert not refused.value.retry


class TestOverHttp:
    async def test_the_token_opens_the_door_and_stands_in_no_file_or_argument(
        self, tmp_path: Path, bare: Path, seen: Seen, ports: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spawned: list[tuple[str, ...]] = []
        spawn = asyncio.create_subprocess_exec

        async def watched(*words: str, **how: Any) -> Any:
            spawned.append(words)
            return await spawn(*words, **how)

        monkeypatch.setattr(asyncio, "create_subprocess_exec", watched)
        async with git_http(bare.parent) as server:
            await git.connect(options(tmp_path, f"{server.url}/ops.git", token=SecretStr(TOKEN)), ports)(DOCUMENT)
        assert seen("rev-list", "--count", "main") == "1"
        assert spawned
        assert TOKEN not in str(spawned)
        kept = [path for path in (tmp_path / "copies").rglob("*") if path.is_file()]
        assert not [path for path in kept if TOKEN.encode() in path.read_bytes()]

    async def test_a_wrong_token_is_told_with_its_mend_and_never_shown(
        self, tmp_path: Path, bare: Path, ports: Any, logged: list[MutableMapping[str, Any]]
    ) -> None:
        async with git_http(bare.parent) as server:
            publish = git.connect(options(tmp_path, f"{server.url}/ops.git", token=SecretStr("wrong-token")), ports)
            with pytest.raises(Undeliverable) as refused:
                await publish(DOCUMENT)
        assert not refused.value.retry
        assert "Check `token`" in refused.value.mend
        assert "wrong-token" not in f"{refused.value} {refused.value.__cause__} {logged}"

    async def test_an_outage_is_tried_again(self, tmp_path: Path, bare: Path, ports: Any) -> None:
        async with git_http(bare.parent) as server:
            server.failing = 503
            publish = git.connect(options(tmp_path, f"{server.url}/ops.git", token=SecretStr(TOKEN)), ports)
            with pytest.raises(Undeliverable, match="503") as refused:
                await publish(DOCUMENT)
            assert refused.value.retry
            server.failing = 0
            await publish(DOCUMENT)


class TestOverSsh:
    @pytest.fixture
    def ssh(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
        """In the place of `ssh`: notes its arguments, whether the key is private, and runs git's other end here."""
        said = tmp_path / "ssh.log"
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {said}\nwhile [ "$1" != "-i" ]; do shift; done\n'
            f'stat -c "%a" "$2" >> {said}\nfor last; do :; done\nexec sh -c "$last"\n'
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return said

    async def test_the_key_is_a_private_file_for_as_long_as_it_is_needed(
        self, tmp_path: Path, bare: Path, seen: Seen, ports: Any, ssh: Path
    ) -> None:
        url = f"ssh://git@git.example.com{bare}"
        await git.connect(options(tmp_path, url, ssh_key=SecretStr("-----BEGIN KEY-----")), ports)(DOCUMENT)
        assert seen("rev-list", "--count", "main") == "1"
        said = await asyncio.to_thread(ssh.read_text)
        assert "BEGIN KEY" not in said
        assert "IdentitiesOnly=yes" in said
        assert "StrictHostKeyChecking=accept-new" in said
        assert {line for line in said.splitlines() if line.isdecimal()} == {"600"}
        assert not await asyncio.to_thread(Path(said.split("-i ", 1)[1].split()[0]).exists)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://user:secret@git.example.com/ops.git"},
        {"url": "--upload-pack=touch /tmp/x"},
        {"url": "ext::sh -c whoami"},
        {"url": "/srv/git/ops.git"},
        {"url": "http://git.example.com/ops.git", "token": "t"},
        {"url": "git@git.example.com:ops.git", "token": "t"},
        {"url": "https://git.example.com/ops.git", "branch": "-f"},
        {"url": "https://git.example.com/ops.git", "folder": "../elsewhere"},
        {"url": "https://git.example.com/ops.git", "folder": ".git/hooks"},
        {"url": "https://git.example.com/ops.git", "colour": "red"},
    ],
    ids=str,
)
def test_options_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        GitOptions.model_validate(wrong)
    assert "secret@" not in str(refused.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"url": "https://github.com/acme/ops.git"}, "https://github.com/acme/ops/blob/main/postmortems/a%20b.md"),
        ({"url": "https://gitlab.com/acme/ops"}, "https://gitlab.com/acme/ops/-/blob/main/postmortems/a%20b.md"),
        ({"url": "git@github.com:acme/ops.git"}, "postmortems/a b.md"),
        (
            {"url": "https://git.example.com/ops.git", "page": "https://git.example.com/ops/src/{path}"},
            "https://git.example.com/ops/src/postmortems/a%20b.md",
        ),
    ],
    ids=str,
)
def test_a_file_has_the_address_where_people_read_it(given: dict[str, str], address: str) -> None:
    assert git._address(GitOptions.model_validate(given), "postmortems/a b.md") == address
