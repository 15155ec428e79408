"""The code in docs/extending.md is the code of the tested example."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/extending.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
FILES = sorted({file for file, _ in BLOCKS})


@pytest.mark.parametrize(("file", "code"), BLOCKS, ids=[f"{n}-{Path(file).name}" for n, (file, _) in enumerate(BLOCKS)])
def test_a_block_stands_in_the_file_that_it_names(file: str, code: str) -> None:
    assert code in (ROOT / file).read_text(encoding="utf-8")


def test_every_block_names_its_file() -> None:
    assert len(BLOCKS) == PAGE.count("```") / 2


def test_each_file_of_the_example_is_shown() -> None:
    shown = {Path(file).name for file in FILES}
    assert {path.name for path in (ROOT / "examples").rglob("do_manage_example/[!_]*.py")} <= shown


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:bot|tests|examples)/[\w/.-]+?)/?`", PAGE))))
def test_what_it_points_to_is_there(path: str) -> None:
    assert (ROOT / path).exists()
