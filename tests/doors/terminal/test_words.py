"""What the program says of itself, without a database and in an instant."""

import json
import tomllib

import pytest

from handlers.terminal.main import main
from tests.doors.terminal.conftest import ROOT

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_tells_verbs_and_exit_codes(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "manage COMMAND" in said
    assert "0 done, 1" in said


def test_help_of_up_names_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--help"]) == 0
    assert "SLACK_BOT_TOKEN" in capsys.readouterr().out


def test_the_version_is_the_projects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"do-manage {VERSION}\n"


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["up", "--help"], []])
def test_each_is_valid_json_when_asked_for(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    main([*words, "--json"])
    assert json.loads(capsys.readouterr().out)


def test_a_command_without_its_verb_is_told_where_it_belongs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["health", "--fresh"]) == 2
    assert "manage health --fresh" in capsys.readouterr().err


def test_a_mistyped_verb_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mange", "health"]) == 2
    assert "manage health" in capsys.readouterr().err


def test_a_wrong_verb_is_valid_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mange", "--json"]) == 2
    assert set(json.loads(capsys.readouterr().out)) == {"error", "hint"}


def test_up_takes_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--fast"]) == 2
    assert "--fast" in capsys.readouterr().err
