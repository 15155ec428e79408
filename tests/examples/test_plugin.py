"""The example plug-in, installed for real: found through its entry point, configured, and at work."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import bus
from bot.app import App, opened
from bot.cards.card import Card, Level
from bot.config.errors import ConfigError
from bot.config.known_metrics import known
from bot.config.settings import Settings
from bot.events import AlertOpened, payload_of
from bot.permissions import Caller
from bot.ports import Receipt, Undeliverable, Unread
from bot.telemetry import Telemetry
from handlers.http.app import application
from handlers.measured import measured
from storage.records.journal import Entry
from storage.records.samples import Sample
from storage.tables import alerts, jobs, samples
from storage.unit_of_work import Store
from tests.fakes.chat import FakeChat
from tests.fakes.ports import T0, make_ports

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/do-manage-example"


def install(source: Path, target: Path) -> None:
    """Build the package at `source` and install it into `target`, with whatever made this environment: uv or pip."""
    uv = shutil.which("uv")
    by = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    argv = [*by, "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", target, source]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the installed example; built from a copy, for building leaves traces."""
    folder = tmp_path_factory.mktemp("plugin")
    shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    install(folder / "source", folder / "site")
    return folder / "site"


@pytest.fixture
def plugin(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The installed example on this process's path."""
    monkeypatch.syspath_prepend(installed)
    yield importlib.import_module("do_manage_example")
    for name in [name for name in sys.modules if name.partition(".")[0] == "do_manage_example"]:
        del sys.modules[name]


def do_manage(home: Path, *argv: str, path: tuple[Path, ...]) -> subprocess.CompletedProcess[str]:
    """Run `do-manage manage …` in the folder `home` beside what is installed in the folders `path`."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT)))}
    program = [sys.executable, "-m", "handlers.terminal", "manage", *argv]
    return subprocess.run(program, check=False, capture_output=True, text=True, cwd=home, env=env)


def test_its_command_is_listed_and_runs(installed: Path, tmp_path: Path) -> None:
    listed = do_manage(tmp_path, "help", path=(installed,))
    assert re.search(r"countdown\s+Tell how far away a moment is", listed.stdout), listed.stdout + listed.stderr
    ran = do_manage(tmp_path, "countdown", "2199-01-31", "--to", "the new year", "--json", path=(installed,))
    assert json.loads(ran.stdout)["at"] == "2199-01-31T00:00:00Z"


def test_two_of_one_name_stop_the_start_with_one_line(installed: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(EXAMPLE, other, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    (other / "do_manage_example").rename(other / "another")
    for name in ("countdown", "file_log", "opened"):
        (other / f"another/{name}.py").unlink()
    project = (other / "pyproject.toml").read_text()
    (other / "pyproject.toml").write_text(
        project.replace("do_manage_example", "another").replace("do-manage-example", "another")
    )
    install(other, tmp_path / "site")
    done = do_manage(tmp_path, "health", path=(installed, tmp_path / "site"))
    assert done.returncode == 1
    assert done.stderr == (
        "do-manage: two checks are named 'queue-depth': another.queue_depth.QUEUE_DEPTH and "
        "do_manage_example.queue_depth.QUEUE_DEPTH; rename one\n"
    )


def test_a_broken_one_stops_the_start_with_one_line(tmp_path: Path) -> None:
    info = tmp_path / "site/broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[do_manage.plugins]\nmine = broken\n")
    (tmp_path / "site/broken.py").write_text("import nowhere_to_be_found\n")
    done = do_manage(tmp_path, "health", path=(tmp_path / "site",))
    assert done.returncode == 1
    assert done.stderr == (
        "do-manage: plug-in 'mine' of broken 1.0 cannot be imported: "
        "ModuleNotFoundError: No module named 'nowhere_to_be_found'; mend or uninstall it\n"
    )


@pytest.fixture
async def queue() -> AsyncIterator[tuple[str, list[web.Response]]]:
    """The address of a queue, and what it answers next."""
    answers: list[web.Response] = []

    async def answer(_request: web.Request) -> web.Response:
        return answers.pop(0)

    site = web.Application()
    site.router.add_get("/queues/orders", answer)
    async with TestServer(site) as server:
        yield str(server.make_url("/queues/orders")), answers


@pytest.fixture(autouse=True)
def _migrated(sqlite_url: str) -> None:
    """Lay a migrated database where `settings` names it."""


def settings(tmp_path: Path, manage_yml: str) -> Settings:
    (tmp_path / "manage.yml").write_text(manage_yml)
    return Settings(database_url=f"sqlite:///{tmp_path / 'bot.db'}", manage_config=tmp_path / "manage.yml")


@pytest.mark.usefixtures("plugin")
async def test_its_manage_yml_is_accepted(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, (EXAMPLE / "manage.yml").read_text())) as app:
        [check] = app.ports.manage.health.checks
        assert (check.type, check.options.most) == ("queue-depth", 100)
        assert "log" in app.ports.channels


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("options: {url: ftp://x, most: 1}", 'health.checks[0].options.url: found "ftp://x"'),
        ("options: {url: http://x, most: 1, mots: 2}", 'found the unknown key "mots", allowed: url, key, most'),
        ("options: {url: http://x}", "health.checks[0].options.most: found nothing"),
    ],
)
async def test_its_options_are_read_by_its_own_model(tmp_path: Path, line: str, said: str) -> None:
    manage_yml = f"health:\n  checks:\n    - name: orders\n      type: queue-depth\n      {line}\n"
    with pytest.raises(ConfigError) as wrong:
        async with opened(settings(tmp_path, manage_yml)):
            pytest.fail("it started")
    assert said in str(wrong.value)
    assert "\n" not in str(wrong.value)


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        ({"body": b'{"waiting": 7}'}, "healthy", "7 waiting"),
        ({"body": b'{"waiting": 100}'}, "down", "100 waiting"),
        ({"status": 503}, "down", "503"),
        ({"body": b"[]"}, "down", ""),
    ],
)
async def test_its_check_watches(
    tmp_path: Path, queue: tuple[str, list[web.Response]], answer: dict[str, object], status: str, detail: str
) -> None:
    url, answers = queue
    answers.append(web.Response(content_type="application/json", **answer))
    manage_yml = (EXAMPLE / "manage.yml").read_text().replace("http://127.0.0.1:9000/queues/orders", url)
    async with opened(settings(tmp_path, manage_yml)) as app:
        [seen] = [state for state in await health(app) if state["name"] == "orders"]
    assert seen["status"] == status
    assert detail in seen["detail"]


async def health(app: App) -> list[dict[str, str]]:
    card = await app.invoke(["health", "--fresh"], Caller(id="shell:ops", via="shell"))
    return card.data["checks"]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    kept = await Store.open(f"sqlite:///{tmp_path / 'bot.db'}")
    yield kept
    await kept.close()


async def test_its_channel_writes_each_notice_once(plugin: ModuleType, store: Store, tmp_path: Path) -> None:
    kind = importlib.import_module(f"{plugin.__name__}.file_log").FILE_LOG
    delivery = kind.connect(kind.options(path=tmp_path / "log.jsonl"), make_ports(store))
    card = Card(title="API is down", level=Level.BAD)
    for key, attempt in (("a", 1), ("a", 2), ("b", 2)):
        assert await delivery(card, target="oncall", key=key, attempt=attempt) == Receipt(str(tmp_path / "log.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["key"] for line in lines] == ["a", "b"]
    assert lines[0] == {
        "key": "a",
        "target": "oncall",
        "at": "2026-11-23T12:00:00+00:00",
        "card": {"title": "API is down", "level": "bad"},
    }


async def test_its_channel_says_that_it_could_not_write(plugin: ModuleType, store: Store, tmp_path: Path) -> None:
    kind = importlib.import_module(f"{plugin.__name__}.file_log").FILE_LOG
    delivery = kind.connect(kind.options(path=tmp_path / "missing/log.jsonl"), make_ports(store))
    with pytest.raises(Undeliverable, match="No such file or directory"):
        await delivery(Card(title="API is down"), target="oncall", key="a", attempt=1)


async def test_its_reaction_counts_each_alert_once(plugin: ModuleType, store: Store) -> None:
    room = importlib.import_module(f"{plugin.__name__}.opened")
    alert = AlertOpened(alert=1, rule="r", severity="high", summary="API is down", started_at=T0)
    entry = Entry(id=1, at=T0, kind="AlertOpened", subject="alert:1", actor="bot", payload=payload_of(alert))
    await store.transact(lambda unit: unit.enqueue(bus.following([room.count])(entry)))
    async with store.read() as conn:
        [job] = await jobs.listing(conn)
    for _attempt in range(2):
        await bus.runners([room.count], [])[job.kind](make_ports(store), job)
    async with store.read() as conn:
        assert await samples.series(conn, room.METRIC) == [
            Sample(metric=room.METRIC, at=T0, value=1, labels={"alert": "alert:1"})
        ]


async def test_its_schedule_tells_what_was_counted(plugin: ModuleType, store: Store) -> None:
    room = importlib.import_module(f"{plugin.__name__}.opened")
    chat = FakeChat()
    one = Sample(metric=room.METRIC, at=T0, value=1, labels={"alert": "alert:1"})
    await store.transact(lambda unit: samples.insert(unit.conn, [one]))
    await room.tell.run(make_ports(store, chat=chat))
    assert [(m.channel, m.card.title) for m in chat.messages] == [("#alerts", "1 alert opened since yesterday")]


async def test_its_source_counts_the_files_of_a_folder(plugin: ModuleType, store: Store, tmp_path: Path) -> None:
    spool = importlib.import_module(f"{plugin.__name__}.spool")
    options = spool.SpoolOptions(path=tmp_path / "mail", metric="mails_waiting")
    with pytest.raises(Unread, match="No such file or directory"):
        await spool.read(options, make_ports(store))
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail/1").touch()
    assert await spool.read(options, make_ports(store)) == [Sample(metric="mails_waiting", at=T0, value=1)]


@pytest.mark.usefixtures("plugin")
async def test_a_rule_may_name_what_its_source_gives(tmp_path: Path) -> None:
    rules = "alerts: {rules: {mails: {condition: 'mails_waiting > 5'}}}\n"
    async with opened(settings(tmp_path, (EXAMPLE / "manage.yml").read_text() + rules)) as app:
        assert "mails_waiting" in known(app.ports.manage.metrics, app.ports.sources)
    with pytest.raises(ConfigError, match="mails_waiting"):
        async with opened(settings(tmp_path, rules)):
            pass


def test_its_readme_names_each_file() -> None:
    readme = (EXAMPLE / "README.md").read_text()
    files = {path.name for path in (EXAMPLE / "do_manage_example").glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"do_manage_example/(\w+\.py)", readme)) == files


@pytest.mark.usefixtures("plugin")
async def test_its_webhook_is_served_and_ends_what_it_began(tmp_path: Path) -> None:
    async with opened(settings(tmp_path, "")) as app:
        door = application(measured(app, Telemetry("1.2.3")))
        async with TestServer(door) as server, httpx.AsyncClient(trust_env=False) as client:
            url = str(server.make_url("/webhooks/nagios"))
            sent = {"host": "db-1", "service": "disk", "state": "CRITICAL", "output": "disk is full"}
            first = await client.post(url, json=sent)
            last = await client.post(url, json={**sent, "state": "OK", "output": "disk is well"})
            wrong = await client.post(url, json={**sent, "state": "BAD"})
        async with app.ports.store.read() as conn:
            found = await alerts.listing(conn)
    assert (first.status_code, last.status_code, wrong.status_code) == (202, 202, 400)
    assert [(alert.summary, alert.state.value) for alert in found] == [("disk is full", "resolved")]
