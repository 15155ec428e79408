"""The servers that run inside the test process, proven with the client that the program uses."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import httpx
import openai
import pytest

from tests.servers.openai import OpenAI, breaks_off, garbles, openai_server, refuses, says
from tests.servers.tls import tls_server


def client_of(server: OpenAI, api_key: str | None = None) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=server.base_url, api_key=api_key or server.api_key, max_retries=0)


async def ask(server: OpenAI, api_key: str | None = None) -> str | None:
    async with client_of(server, api_key) as client:
        done = await client.chat.completions.create(model=server.model, messages=[{"role": "user", "content": "Why?"}])
    return done.choices[0].message.content


async def test_tls_server_shows_the_expiry_it_was_given(tmp_path: Path) -> None:
    not_after = datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC)
    async with tls_server(tmp_path, not_after=not_after) as server:
        context = ssl.create_default_context(cafile=server.certificate)
        async with httpx.AsyncClient(verify=context) as client:
            response = await client.get(server.url)
            stream = response.extensions["network_stream"]
            seen = stream.get_extra_info("ssl_object").getpeercert()["notAfter"]
    assert datetime.fromtimestamp(ssl.cert_time_to_seconds(seen), UTC) == not_after


async def test_tls_server_with_an_expired_certificate_is_refused(tmp_path: Path) -> None:
    async with tls_server(tmp_path, not_after=datetime.now(UTC) - timedelta(days=1)) as server:
        context = ssl.create_default_context(cafile=server.certificate)
        async with httpx.AsyncClient(verify=context) as client:
            with pytest.raises(httpx.ConnectError, match="certificate has expired"):
                await client.get(server.url)


def test_s3_keeps_what_is_put(s3_url: str) -> None:
    s3 = boto3.client(
        "s3", endpoint_url=s3_url, region_name="us-east-1", aws_access_key_id="any", aws_secret_access_key="any"
    )
    s3.create_bucket(Bucket="backups")
    s3.put_object(Bucket="backups", Key="k", Body=b"v")
    assert s3.get_object(Bucket="backups", Key="k")["Body"].read() == b"v"


async def test_openai_server_gives_its_answers_in_order_and_records_the_questions() -> None:
    async with openai_server(says("first"), says("second")) as server:
        assert [await ask(server), await ask(server)] == ["first", "second"]
    assert server.requests[0]["messages"] == [{"role": "user", "content": "Why?"}]


async def test_openai_server_streams_when_asked() -> None:
    async with openai_server(says("one\ntwo")) as server, client_of(server) as client:
        stream = await client.chat.completions.create(model=server.model, messages=[], stream=True)
        deltas = [chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices]
    assert "".join(deltas) == "one\ntwo"


async def test_openai_server_can_refuse_for_a_while() -> None:
    async with openai_server(refuses(429, retry_after=7)) as server:
        with pytest.raises(openai.RateLimitError) as error:
            await ask(server)
    assert error.value.response.headers["Retry-After"] == "7"


async def test_openai_server_can_garble() -> None:
    async with openai_server(garbles()) as server:
        with pytest.raises(ValueError, match="Expecting value"):
            await ask(server)


async def test_openai_server_can_break_off() -> None:
    async with openai_server(breaks_off("a long answer")) as server:
        with pytest.raises(openai.APIConnectionError):
            await ask(server)


async def test_openai_server_wants_its_key() -> None:
    async with openai_server() as server:
        with pytest.raises(openai.AuthenticationError):
            await ask(server, "sk-wrong")
