"""The shell's door: words become a command line, its card is printed, its level is the exit code.

Heavy modules are imported where they are first needed: most of the time that a short command takes goes into imports.
"""

import asyncio
import gc
import json
import os
import pwd
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handlers.terminal.failure import MISUSED, Failed

if TYPE_CHECKING:
    from bot.cards.card import Card

VERBS = ("up", "manage")
INTERRUPTED = 130
COLLECT = (20_000, 20, 50)
"""After how many new objects the youngest are looked through, and how often in between the older ones are.

Python's own numbers take a tenth of a start, for modules that all stay.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these words (default: those it was started with) and give its exit code.

    0 done, 1 the answer is bad news or failed, 2 wrong usage, 3 not allowed.
    """
    began = time.monotonic()
    gc.set_threshold(*COLLECT)
    words = list(sys.argv[1:] if argv is None else argv)
    ending = words.index("--") if "--" in words else len(words)
    as_json = "--json" in words[:ending]
    words = [word for word in words[:ending] if word != "--json"] + words[ending:]
    try:
        return _run(words, began, as_json=as_json)
    except Failed as failure:
        return _fail(failure, as_json=as_json)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as bug:  # noqa: BLE001 - the program's last line: logged with its trace
        import structlog

        structlog.get_logger(__name__).exception("program_failed")
        return _fail(
            Failed(f"{type(bug).__name__}: {bug}", "The lines above say where; please report them."), as_json=as_json
        )


def program() -> str:
    """How this program is called: by `./do` in a checkout, by its own name where it is installed."""
    name = Path(sys.argv[0]).name
    return "./do" if name in {"__main__.py", "-m", "-c"} else name


def version() -> str:
    """The version of this checkout, or of the installed package."""
    import tomllib
    from importlib import metadata

    project = Path(__file__).parents[2] / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("do-manage")


def _run(words: list[str], began: float, *, as_json: bool) -> int:
    match words:
        case [] | ["--help" | "-h" | "help", *_]:
            return _write(_json({"usage": usage()}) if as_json else usage())
        case ["--version", *_]:
            return _write(_json({"version": version()}) if as_json else f"do-manage {version()}\n")
        case ["up", "--help" | "-h", *_]:
            return _write(_json({"usage": up_usage()}) if as_json else up_usage())
        case ["up"]:
            return _up(began)
        case ["up", other, *_]:
            raise Failed(f"`up` takes no {other}", f"{program()} up --help tells what it reads.", MISUSED)
        case ["manage", *line]:
            return _manage(line, as_json=as_json)
        case [other, *_]:
            raise Failed(f"there is no verb `{other}`", _meant(words), MISUSED)
    raise AssertionError(words)  # lists of words have no other shape


def usage() -> str:
    """What the program can do."""
    me = program()
    return (
        f"Usage: {me} up\n"
        f"       {me} manage COMMAND [ARGUMENTS] [--json]\n\n"
        f"  up               run the bot; without Slack credentials in a sandbox workspace in your browser\n"
        f"  manage COMMAND   run one of the bot's commands here; `{me} manage help` lists them\n\n"
        f"  --json           print the answer as JSON\n"
        f"  --version        print the version\n"
        f"  --help           this text\n\n"
        f"Exit codes: 0 done, 1 the answer is bad news or failed, 2 wrong usage, 3 not allowed.\n"
    )


def up_usage() -> str:
    """What `up` does and reads."""
    return (
        f"Usage: {program()} up\n\n"
        "Run the bot until Ctrl-C or SIGTERM. It is set up by the environment and .env:\n\n"
        "  SLACK_BOT_TOKEN       with SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP) it joins your\n"
        "                        workspace; without it a sandbox workspace opens, and its address is printed\n"
        "  DATABASE_URL          where state is kept; default sqlite:///data/do-manage.db\n"
        "  MANAGE_CONFIG         path of manage.yml\n"
        "  HOST, PORT            where its HTTP door listens; default 127.0.0.1:8080\n"
        "  MANAGE_TOKEN          what that door asks for; needed to listen beyond this machine\n"
        "  LOG_FORMAT            console or json\n\n"
        "docs/configuration.md explains all of them.\n"
    )


def _meant(words: Sequence[str]) -> str:
    import difflib

    close = difflib.get_close_matches(words[0], VERBS, n=1)
    if close:
        return f"Did you mean: {' '.join([program(), close[0], *words[1:]])}"
    return f"Did you mean: {' '.join([program(), 'manage', *words])}\n{program()} --help tells more."


def _up(began: float) -> int:
    from handlers.terminal.display import Display
    from handlers.terminal.render import console

    display = Display(console(), began)
    display.title(f"do-manage {version()}")  # before the heavy modules, so that something is seen at once
    from handlers.terminal.up import up

    return up(version(), display)


def _manage(line: list[str], *, as_json: bool) -> int:
    from handlers.terminal.manage import answer

    if line[:1] in ([], ["--help"], ["-h"]):
        line = ["help", *line[1:]]
    card = asyncio.run(answer(_decoded(line), user=_user(), quiet=as_json))
    if as_json:
        _write(_card_json(card))
    else:
        _show(card)
    return card.level.exit_code


def _decoded(line: list[str]) -> list[str]:
    for word in line:
        try:
            word.encode()
        except UnicodeEncodeError:
            shown = word.encode(errors="backslashreplace").decode()
            raise Failed(
                f"not text in UTF-8: {shown}", "Type it again, or mend the file that it came from.", MISUSED
            ) from None
    return line


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # containers may run as a user that nobody named
        return str(os.getuid())


def _show(card: "Card") -> None:
    from datetime import UTC, datetime

    from handlers.terminal.render import console, show

    with _writing():
        show(card, console(), now=datetime.now(UTC), command=program())


def _card_json(card: "Card") -> str:
    from bot.cards.json import to_json

    return _json(to_json(card))


def _json(value: Any) -> str:
    unicode = (getattr(sys.stdout, "encoding", None) or "").lower() in {"utf-8", "utf8"}
    return json.dumps(value, indent=2, ensure_ascii=not unicode) + "\n"


def _write(text: str) -> int:
    with _writing():
        sys.stdout.write(text)
    return 0


@contextmanager
def _writing() -> Iterator[None]:
    """Flush what the block prints; a reader that has gone (`| head`) is no failure."""
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # or the interpreter would fail once more when it ends
        if not isinstance(error, BrokenPipeError):
            raise Failed(f"the answer could not be written: {error.strerror}") from None


def _fail(failure: Failed, *, as_json: bool) -> int:
    if as_json:
        _write(_json({"error": str(failure), "hint": failure.hint}))
    else:
        sys.stderr.write("".join(f"{line}\n" for line in (f"do-manage: {failure}", failure.hint) if line))
    return failure.code
