"""A real Prometheus that answers queries: one per session that knows constants, or one of a test's own making."""

import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.process import free_port, program, running


@contextmanager
def prometheus(home: Path, config: Mapping[str, Any], *arguments: str) -> Iterator[str]:
    """Run Prometheus with this configuration until the block ends; gives its address."""
    binary = program("prometheus", "prometheus")
    file, port = home / "prometheus.yml", free_port()
    file.write_text(yaml.safe_dump(dict(config)))
    url = f"http://127.0.0.1:{port}"
    argv = [
        binary,
        f"--config.file={file}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *arguments,
    ]
    with running(argv, ready=lambda: _says(f"{url}/-/ready"), log=home / "server.log"):
        yield url


def watching(port: int) -> dict[str, Any]:
    """The configuration of a Prometheus that scrapes one port of this machine five times a second."""
    target = {"job_name": "it", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
    return {"global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"}, "scrape_configs": [target]}


@pytest.fixture(scope="session")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a Prometheus that scrapes nothing; constants, `vector(1)` and `time()` it knows by itself."""
    with prometheus(tmp_path_factory.mktemp("prometheus"), {"scrape_configs": []}) as url:
        yield url


def _says(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
