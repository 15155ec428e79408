"""`manage` in a shell: the card as text or JSON, its level as the exit code, each failure in one line."""

import json
import os
import pwd
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.doors.terminal.conftest import PROGRAM, Run

PASSWORD = "hunter2hunter2"


def one_line(text: str) -> str:
    """The error, which has its line for itself; a hint may follow."""
    assert "Traceback" not in text
    return text.splitlines()[0]


def test_health_needs_no_configuration(run: Run, tmp_path: Path) -> None:
    done = run("manage", "health", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["level"] == "ok"
    assert journaled_actors(tmp_path) == [f"shell:{pwd.getpwuid(os.getuid()).pw_name}"]


def journaled_actors(place: Path) -> list[str]:
    database = sqlite3.connect(place / "data/do-manage.db")
    found = database.execute("SELECT actor FROM journal WHERE kind = 'CommandRun'").fetchall()
    database.close()
    return [actor for (actor,) in found]


def test_health_is_told_in_words(run: Run) -> None:
    done = run("manage", "health")
    assert done.returncode == 0
    assert done.stdout.startswith("✓ ")


def test_a_mistyped_command_is_wrong_usage_with_the_nearest(run: Run) -> None:
    done = run("manage", "helth")
    assert done.returncode == 2
    assert "health" in done.stdout


def test_wrong_usage_is_valid_json_too(run: Run) -> None:
    done = run("--json", "manage", "health", "--nonsense")
    assert (done.returncode, json.loads(done.stdout)["level"]) == (2, "usage")


WRONG = [
    ({"DATABASE_URL": f"postgresql://bot:{PASSWORD}@127.0.0.1:1/bot"}, "127.0.0.1:1/bot: cannot be reached"),
    ({"SLACK_BOT_TOKEN": PASSWORD}, "SLACK_BOT_TOKEN"),
    ({"SLACK_BOT_TOKEN": f"xoxb-{PASSWORD}"}, "SLACK_APP_TOKEN"),
    ({"HOST": "0.0.0.0", "OPENAI_API_KEY": PASSWORD}, "MANAGE_TOKEN"),
    ({"MANAGE_CONFIG": "nowhere.yml"}, "MANAGE_CONFIG"),
]


@pytest.mark.parametrize(("settings", "named"), WRONG)
def test_a_wrong_setting_is_one_line_that_names_it_and_no_secret(
    run: Run, settings: dict[str, str], named: str
) -> None:
    done = run("manage", "health", **settings)
    assert (done.returncode, done.stdout) == (1, "")
    assert named in one_line(done.stderr)
    assert PASSWORD not in done.stderr


def test_a_wrong_setting_is_valid_json(run: Run) -> None:
    settings, named = WRONG[0]
    done = run("manage", "health", "--json", **settings)
    assert (done.returncode, done.stderr) == (1, "")
    assert named in json.loads(done.stdout)["error"]


@pytest.mark.parametrize(
    ("written", "told"),
    [("health:\n  evry: 60s\n", "manage.yml:2: health.evry: "), ("health: [\n", "manage.yml:2: found broken YAML")],
)
def test_a_mistake_in_manage_yml_is_one_line_with_its_place(run: Run, tmp_path: Path, written: str, told: str) -> None:
    (tmp_path / "manage.yml").write_text(written)
    done = run("manage", "health")
    assert done.returncode == 1
    assert one_line(done.stderr).startswith(f"do-manage: {told}")


def test_a_database_that_is_none_is_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/do-manage.db").write_text("this is no database, only a text of some length" * 50)
    assert "not a SQLite database" in one_line(run("manage", "health").stderr)


def test_words_that_are_no_text_are_wrong_usage(run: Run) -> None:
    done = run("manage", b"h\xff")
    assert (done.returncode, one_line(done.stderr)) == (2, r"do-manage: not text in UTF-8: h\udcff")


def test_a_reader_that_has_gone_is_no_failure(bare: dict[str, str], tmp_path: Path) -> None:
    answer, gone = os.pipe()
    os.close(answer)
    done = subprocess.run(
        [*PROGRAM, "manage", "help"], check=False, stdout=gone, stderr=subprocess.PIPE, cwd=tmp_path, env=bare
    )
    os.close(gone)
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_answer_that_cannot_be_written_is_a_failure(bare: dict[str, str], tmp_path: Path) -> None:
    argv = [*PROGRAM, "--version"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(argv, check=False, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=bare)
    assert done.returncode == 1
    assert one_line(done.stderr) == "do-manage: the answer could not be written: No space left on device"
