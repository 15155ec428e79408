"""What is found in packages and plug-ins, and what stops the start."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from bot import registry
from bot.command import Command


@dataclass
class Thing:
    name: str


def module(name: str, **values: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(values)
    return made


def collected(*modules: ModuleType) -> dict[str, Thing]:
    return dict(registry.collect(Thing, modules, lambda thing: thing.name))


def test_values_of_the_kind_are_found_in_the_order_of_their_names() -> None:
    a, b = Thing("a"), Thing("b")
    assert list(collected(module("m", B=b, other="text"), module("n", A=a)).items()) == [("a", a), ("b", b)]


def test_a_value_that_two_modules_show_is_one() -> None:
    one = Thing("one")
    assert collected(module("m", ONE=one), module("n", SAME=one)) == {"one": one}


def test_two_of_one_name_stop_with_both_places() -> None:
    with pytest.raises(registry.DuplicateName) as clash:
        collected(module("m", X=Thing("queue")), module("n", Y=Thing("queue")))
    assert str(clash.value) == "two things are named 'queue': m.X and n.Y; rename one"


def test_every_module_of_a_package_is_seen() -> None:
    names = [found.__name__ for found in registry.modules("bot.alerts")]
    assert {"bot.alerts", "bot.alerts.commands", "bot.alerts.decide"} <= set(names)


def test_modules_can_be_left_out_with_all_below_them() -> None:
    names = {found.__name__ for found in registry.modules("bot", skip=("bot.app", "bot.sandbox", "bot.health.check"))}
    assert "bot.health.checks.http" in names
    assert not {name for name in names if name.startswith("bot.sandbox")}


def test_commands_of_the_bot_have_different_names() -> None:
    found = list(registry.modules("bot", skip=("bot.app", "bot.sandbox")))
    assert len(registry.collect(Command, found, lambda c: c.name)) > 10


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory on the path with a package `acme_ops` whose entry point is in a group of this test."""
    info = tmp_path / "acme_ops-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-ops\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text("[test.plugins]\nacme = acme_ops\n")
    (tmp_path / "acme_ops").mkdir()
    (tmp_path / "acme_ops" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "acme_ops"
    for name in [name for name in sys.modules if name.partition(".")[0] == "acme_ops"]:
        del sys.modules[name]


def test_every_module_of_an_installed_plugin_is_seen(installed: Path) -> None:
    (installed / "checks.py").write_text("")
    assert [m.__name__ for m in registry.plugins("test.plugins")] == ["acme_ops", "acme_ops.checks"]


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("def (", "SyntaxError: invalid syntax"),
    ],
)
def test_a_plugin_that_cannot_be_imported_stops_with_one_line(installed: Path, code: str, why: str) -> None:
    (installed / "checks.py").write_text(code)
    with pytest.raises(registry.PluginError) as broken:
        list(registry.plugins("test.plugins"))
    said = str(broken.value)
    assert said.startswith(f"plug-in 'acme' of acme-ops 1.2 cannot be imported: {why}")
    assert said.endswith("; mend or uninstall it")
    assert "\n" not in said
