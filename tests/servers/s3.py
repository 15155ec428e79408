"""An S3 in memory (moto), empty at the start of each test."""

from collections.abc import Iterator

import httpx
import pytest


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Give the address of a running S3; any credentials are taken."""
    from moto.server import ThreadedMotoServer  # takes long, and every process that tests reads this file

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_url(s3_server: str) -> str:
    """Give the address of an S3 without buckets."""
    httpx.post(f"{s3_server}/moto-api/reset").raise_for_status()
    return s3_server
