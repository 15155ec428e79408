"""A real Alertmanager that notifies one webhook at once."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from tests.servers.process import free_port, program, running


@contextmanager
def alertmanager(home: Path, webhook: str, token: str) -> Iterator[str]:
    """Run Alertmanager until the block ends; gives its address."""
    authorization = {"authorization": {"credentials": token}}
    receiver = {"url": webhook, "send_resolved": True, "http_config": authorization}
    config = {
        "route": {"receiver": "bot", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "bot", "webhook_configs": [receiver]}],
    }
    file, port = home / "alertmanager.yml", free_port()
    file.write_text(yaml.safe_dump(config))
    url = f"http://127.0.0.1:{port}"
    argv = [
        program("prometheus-alertmanager", "prometheus-alertmanager"),
        f"--config.file={file}",
        f"--storage.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        "--log.level=warn",
    ]
    with running(argv, ready=lambda: _says(f"{url}/-/ready"), log=home / "server.log"):
        yield url


def _says(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
