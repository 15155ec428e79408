"""Write what the documentation takes from the program: the reference in configuration.md, and manage.schema.json.

`python docs/generate.py` writes, `python docs/generate.py --check` fails when something is stale.
"""  # noqa: INP001 - a program beside the pages, not a package

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from types import ModuleType
from typing import TypeVar

HERE = Path(__file__).resolve().parent
MARKER = "<!-- What follows is written by `python docs/generate.py`. -->\n"
K = TypeVar("K")


def built_in(kind: type[K], package: ModuleType) -> dict[str, K]:
    """The plug-ins of the package by type: those that are installed beside it are not documented here."""
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, kind)]
    return {vars(value)["type"]: value for value in found}


def generated() -> dict[Path, str]:
    """Each file that is made from the program, with what it should contain."""
    import bot.channels
    import bot.health.checks
    from bot.config.reference import reference
    from bot.config.schema import schema
    from bot.ports import Channel, Check

    checks, channels = built_in(Check, bot.health.checks), built_in(Channel, bot.channels)
    page = HERE / "configuration.md"
    introduction = page.read_text(encoding="utf-8").partition(MARKER)[0]
    return {
        page: f"{introduction}{MARKER}\n{reference(checks, channels)}",
        HERE / "manage.schema.json": json.dumps(schema(checks, channels), indent=2, ensure_ascii=False) + "\n",
    }


def main(arguments: list[str]) -> int:
    """Write or check; 1 when something is stale."""
    stale = [p for p, text in generated().items() if not p.is_file() or p.read_text(encoding="utf-8") != text]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"docs/{path.name} is stale: run python docs/generate.py\n")
        return 1 if stale else 0
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    sys.exit(main(sys.argv[1:]))
