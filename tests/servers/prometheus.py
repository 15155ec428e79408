"""Debian's Prometheus, evaluating one rule each second and sending what fires to a bot; and amtool."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import answers, free_port, program, running

RULE = {
    "alert": "QueueTooLong",
    "expr": "queue_length > 100",
    "labels": {"severity": "critical", "service": "orders"},
    "annotations": {"summary": "{{ $value }} orders wait", "runbook_url": "https://runbooks.example/orders"},
}


def amtool() -> str:
    """Return the path of amtool."""
    return program("amtool", "prometheus-alertmanager")


@contextmanager
def prometheus(home: Path, *, bot: str, token: str, scraped: str) -> Iterator[str]:
    """Run a Prometheus that scrapes `scraped` and alerts the bot, both "host:port"; give its own address."""
    binary = program("prometheus", "prometheus")
    (home / "rules.yml").write_text(json.dumps({"groups": [{"name": "orders", "rules": [RULE]}]}))
    sender = {
        "static_configs": [{"targets": [bot]}],
        "authorization": {"type": "Bearer", "credentials": token},
        "timeout": "5s",
    }
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(home / "rules.yml")],
        "alerting": {"alertmanagers": [sender]},
        "scrape_configs": [{"job_name": "orders", "static_configs": [{"targets": [scraped]}]}],
    }
    (home / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    port = free_port()
    argv = [
        binary,
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
        "--log.level=warn",
    ]
    with running(argv, ready=lambda: answers(port), log=home / "prometheus.log"):
        yield f"127.0.0.1:{port}"
