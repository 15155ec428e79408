"""Write what the documentation takes from the program: the reference in configuration.md, and manage.schema.json.

`python docs/generate.py` writes, `python docs/generate.py --check` fails when something is stale.
"""  # noqa: INP001 - a program beside the pages, not a package

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
MARKER = "<!-- What follows is written by `python docs/generate.py`. -->\n"


def generated() -> dict[Path, str]:
    """Each file that is made from the program, with what it should contain."""
    from bot.config.reference import reference
    from bot.config.schema import schema
    from bot.ports import Channel, Check
    from bot.registry import collect, modules

    # the built-in ones alone: what is installed beside them differs from machine to machine
    checks = collect(Check, modules("bot.health.checks"), lambda check: check.type)
    channels = collect(Channel, modules("bot.channels"), lambda channel: channel.type)
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
