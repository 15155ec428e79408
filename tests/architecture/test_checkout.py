"""What a checkout promises before any of its code runs: one command, locks that name no address, settings explained."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from bot.config.settings import Settings

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
VERBS = ("up", "manage", "test", "check", "bench", "lock", "help")


def do(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "do", *words], check=False, capture_output=True, text=True, cwd="/")


def pins(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text().splitlines()
    return dict(
        re.fullmatch(r"([\w.-]+)(?:\[[\w, -]+\])?==(\S+).*", line).groups() for line in lines if re.match(r"\w", line)
    )


@pytest.mark.parametrize("verb", VERBS)
def test_help_tells_each_verb(verb: str) -> None:
    assert re.search(rf"^  {verb}\b", do("help").stdout, re.MULTILINE)


def test_no_verb_is_a_call_for_help() -> None:
    assert do().stdout == do("--help").stdout


@pytest.mark.parametrize(
    ("typed", "meant"), [("tset", "test"), ("chekc", "check"), ("mange", "manage"), ("hlep", "help")]
)
def test_a_mistyped_verb_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    done = do(typed)
    assert done.returncode == 2
    assert f"did you mean ./do {meant}?" in done.stderr


def test_a_verb_that_resembles_none_is_answered_with_all() -> None:
    assert ", ".join(VERBS) in do("xyz").stderr


def test_a_machine_without_python_is_told_what_is_needed(tmp_path: Path) -> None:
    checkout = tmp_path / "a checkout"  # with a space, as people have
    checkout.mkdir()
    for name in ("do", *LOCKS):
        (checkout / name).write_bytes((ROOT / name).read_bytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("sh", "dirname", "readlink", "rm"):
        (tools / tool).symlink_to(f"/bin/{tool}")
    argv = ["/bin/sh", checkout / "do", "up"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd="/", env={"PATH": str(tools)})
    assert "Python 3.11 or newer is needed, found none" in done.stderr


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert not re.search(r"://|--(index|extra-index|find-links)", (ROOT / lock).read_text())


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_a_hash_for_each_version(lock: str) -> None:
    entries = re.split(r"^(?=\w)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert [
        entry
        for entry in entries
        if not re.match(r"[\w.-]+(?:\[[\w, -]+\])?==\S[^\n]* \\\n    --hash=sha256:[0-9a-f]{64}", entry)
    ] == []


def test_a_lock_names_the_extras_that_packages_ask_for() -> None:
    # pip takes the newest release, unpinned and so refused, for an extra that no line of the lock names
    assert {"coverage[toml]", "sqlalchemy[asyncio]"} <= {
        line.partition("==")[0] for line in (ROOT / "requirements-dev.lock").read_text().splitlines()
    }


def test_the_development_lock_holds_all_of_the_other() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


def test_the_lock_holds_what_the_program_depends_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.match(r"[\w-]+", name)[0] for name in project["dependencies"]}
    assert wanted <= pins("requirements.lock").keys()


def test_the_lock_of_the_emulator_names_no_address() -> None:
    packages = json.loads((ROOT / "tests/servers/emulate/package-lock.json").read_text())["packages"]
    del packages[""]
    assert all("integrity" in package and "resolved" not in package for package in packages.values())


def test_env_example_explains_each_setting() -> None:
    text = (ROOT / ".env.example").read_text()
    explained = re.findall(r"^# .+[.:]\n(?:# )?([A-Z_]+)=", text, re.MULTILINE)
    assert sorted(explained) == sorted(name.upper() for name in Settings.model_fields)
