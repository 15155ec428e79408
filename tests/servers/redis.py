"""A Redis server per test session, empty at the start of each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.servers.process import answers, free_port, program, running


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a running Redis that writes nothing to disk."""
    binary = program("redis-server", "redis-server")
    home: Path = tmp_path_factory.mktemp("redis")
    port = free_port()
    argv = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(home)]
    with running(argv, ready=lambda: answers(port), log=home / "server.log"):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """Give the address of an empty Redis."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return redis_server
