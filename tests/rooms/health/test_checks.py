"""Each kind of check against a real server, or one of its own where the real API cannot be had."""

import asyncio
import ssl
import sys
from base64 import b64encode
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import boto3
import httpx
import pytest
import redis
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr, ValidationError

from bot.config.settings import Settings
from bot.health import service
from bot.health.checks.http import HTTP
from bot.health.checks.openai import OPENAI
from bot.health.checks.postgres import POSTGRES
from bot.health.checks.redis import KEY, REDIS
from bot.health.checks.s3 import S3
from bot.health.checks.sendgrid import SENDGRID
from bot.health.checks.slack import SLACK
from bot.health.checks.store import STORE
from bot.health.checks.stripe import STRIPE
from bot.health.checks.tls import TLS
from bot.ports import ChatError
from storage.unit_of_work import Store
from tests.fakes.ports import make_ports
from tests.servers.openai import API_KEY, openai_server
from tests.servers.process import free_port
from tests.servers.tls import tls_server

KEYS = {"access_key_id": "AKIDTEST", "secret_access_key": "hush-hush", "region": "us-east-1"}


async def seen(check, /, *, store=None, settings=None, chat=None, **options):
    """What a probe sees with these options."""
    async with httpx.AsyncClient(trust_env=False) as http:
        now = datetime.now(UTC)
        ports = make_ports(store, now=now, settings=settings, chat=chat, http=http, checks=[check])
        return await check.probe(check.options(**options), ports)


@asynccontextmanager
async def answering(path, answer):
    """A web server whose only page is `answer(request)`."""
    app = web.Application()
    app.router.add_route("*", path, answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


def page(text="ok", status=200, headers=None):
    async def answer(_request):
        return web.Response(text=text, status=status, headers=headers)

    return answer


# PostgreSQL


@pytest.mark.server
async def test_postgres_tells_its_latency_and_connections(postgresql_url):
    observation = await seen(POSTGRES, url=postgresql_url)

    assert observation.ok
    assert observation.latency_ms > 0
    assert observation.metrics["max_connections"] == 200
    assert observation.detail == f"{observation.metrics['connections']} of 200 connections in use"


@pytest.mark.server
async def test_postgres_is_degraded_when_few_connections_are_left(postgresql_url):
    observation = await seen(POSTGRES, url=postgresql_url, connections=0.001)

    assert (observation.ok, observation.slow, observation.unit) == (True, True, "% of connections")
    assert observation.value >= observation.threshold == 0.1


@pytest.mark.server
async def test_postgres_leaves_no_connection_behind(postgresql, postgresql_url):
    await seen(POSTGRES, url=postgresql_url)

    query = "select count(*) from pg_stat_activity where application_name = 'do-manage health' and state != 'idle'"
    assert postgresql.run(query) == "0"


@pytest.mark.server
async def test_postgres_names_a_database_that_is_not_there(postgresql):
    observation = await seen(POSTGRES, url=postgresql.url("nowhere"))

    assert observation.detail == f'127.0.0.1:{postgresql.port}: database "nowhere" does not exist'


@pytest.mark.server
async def test_postgres_says_when_the_user_is_refused(postgresql):
    observation = await seen(POSTGRES, url=f"postgresql://nobody-known@127.0.0.1:{postgresql.port}/postgres")

    assert observation.detail == f"user or password refused by 127.0.0.1:{postgresql.port}"


# Redis


@pytest.mark.server
async def test_redis_keeps_a_value(redis_url):
    observation = await seen(REDIS, url=redis_url)

    assert observation.ok
    assert observation.latency_ms > 0


@pytest.mark.server
async def test_redis_tells_how_often_lookups_hit(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.config_resetstat()
        client.set("there", 1)
        for key in ("there", "there", "there", "gone"):
            client.get(key)

    observation = await seen(REDIS, url=redis_url)

    assert observation.metrics == {"hit_rate": 0.75}
    assert observation.detail == "set and get work; 75 % of lookups hit since it started"


@pytest.mark.server
async def test_redis_keeps_nothing_of_the_probe(redis_url):
    await seen(REDIS, url=redis_url)

    with redis.Redis.from_url(redis_url) as client:
        assert client.keys("*") == []


@pytest.mark.server
async def test_a_key_of_a_redis_probe_that_died_expires(redis_url):
    with redis.Redis.from_url(redis_url, decode_responses=True) as client, client.monitor() as monitor:
        await seen(REDIS, url=redis_url)
        commands = iter(line["command"] for line in monitor.listen())
        (written,) = [next(words for words in commands if words.startswith("SET"))]

    assert written.startswith(f"SET {KEY}")
    assert " EX 10" in written


@pytest.mark.server
async def test_redis_says_when_the_password_is_refused(redis_url):
    url = redis_url.replace("redis://", "redis://nobody:wrong-password@")

    observation = await seen(REDIS, url=url)

    assert observation.detail == f"user or password refused by {redis_url.removeprefix('redis://').partition('/')[0]}"


@pytest.mark.server
async def test_redis_that_only_reads_is_down(redis_url):
    with redis.Redis.from_url(redis_url) as client:
        client.replicaof("127.0.0.1", str(free_port()))
        try:
            observation = await seen(REDIS, url=redis_url)
        finally:
            client.replicaof("no", "one")

    assert not observation.ok
    assert "read only replica" in observation.detail


# The bot's own store


async def test_the_store_takes_writes(either_url):
    store = await Store.open(either_url)
    observation = await seen(STORE, store=store)
    await store.close()

    assert (observation.ok, observation.latency_ms > 0) == (True, True)


async def test_the_store_is_watched_by_itself():
    assert "store" in service.watched(make_ports(None, checks=[STORE]))


# The web


async def test_http_answers_as_expected():
    async with answering("/health", page()) as url:
        observation = await seen(HTTP, url=f"{url}/health")

    assert (observation.ok, observation.detail, observation.latency_ms > 0) == (True, "HTTP 200", True)


async def test_http_is_down_with_another_status():
    async with answering("/", page(status=503)) as url:
        observation = await seen(HTTP, url=url)

    assert (observation.ok, observation.detail) == (False, "HTTP 503 instead of 200")


async def test_http_may_expect_another_status():
    async with answering("/", page(status=401)) as url:
        assert (await seen(HTTP, url=url, status=401)).ok


async def test_http_looks_for_words():
    async with answering("/", page("status: ok")) as url:
        assert (await seen(HTTP, url=url, contains="status: ok")).ok


async def test_http_is_down_when_the_words_are_missing():
    async with answering("/", page("status: failing")) as url:
        observation = await seen(HTTP, url=url, contains="status: ok")

    assert (observation.ok, observation.detail) == (False, 'HTTP 200, but the answer does not say "status: ok"')


async def test_http_does_not_wait_for_the_end_of_an_endless_answer():
    async def answer(request):
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b"x" * 100_000)
        return response

    async with answering("/", answer) as url, asyncio.timeout(20):
        assert not (await seen(HTTP, url=url, contains="found")).ok


async def test_http_does_not_read_beyond_the_first_megabyte():
    async with answering("/", page("x" * 1_000_000 + "found")) as url:
        assert not (await seen(HTTP, url=url, contains="found")).ok


async def test_http_sends_method_and_headers():
    async def answer(request):
        good = request.method == "POST" and request.headers.get("X-Token") == "abc def"
        return web.Response(status=200 if good else 400)

    async with answering("/", answer) as url:
        assert (await seen(HTTP, url=url, method="POST", headers={"X-Token": "abc def"})).ok


async def test_http_logs_in_with_the_password_of_the_address():
    async def answer(request):
        good = request.headers.get("Authorization") == f"Basic {b64encode(b'user:p@ss').decode()}"
        return web.Response(status=200 if good else 401)

    async with answering("/", answer) as url:
        assert (await seen(HTTP, url=url.replace("http://", "http://user:p%40ss@"))).ok


async def test_http_says_where_a_redirect_leads():
    async with answering("/", page(status=302, headers={"Location": "https://login.example.com/?next=/"})) as url:
        observation = await seen(HTTP, url=url)

    assert observation.detail == "HTTP 302 instead of 200 (redirect to login.example.com:443)"


async def test_http_follows_redirects_when_told_to():
    async def answer(request):
        if request.path == "/":
            raise web.HTTPFound("/there")
        return web.Response(text="ok")

    async with answering("/{tail:.*}", answer) as url:
        assert (await seen(HTTP, url=url, follow_redirects=True)).ok


async def test_http_asks_on_a_connection_of_its_own():
    connections = set()

    async def answer(request):
        connections.add(request.transport.get_extra_info("peername"))
        return web.Response(text="ok")

    async with answering("/", answer) as url, httpx.AsyncClient(trust_env=False) as http:
        for _ in range(3):
            await HTTP.probe(HTTP.options(url=url, contains="ok"), make_ports(None, http=http))

    assert len(connections) == 3


@pytest.mark.parametrize(
    ("wrong", "allowed"),
    [
        ({"url": "ftp://example.com"}, "an http"),
        ({"url": "http://"}, "an http"),
        ({"url": "http://host:port/"}, "an http"),
        ({"url": "http://h", "headers": {"A": "two\nlines"}}, "on one line"),
        ({"url": "http://h", "status": 99}, "greater than or equal to 100"),
    ],
)
def test_http_refuses_options_that_cannot_work(wrong, allowed):
    with pytest.raises(ValidationError, match=allowed):
        HTTP.options(**wrong)


# TLS


async def expiring(directory, span, **options):
    async with tls_server(directory, not_after=datetime.now(UTC) + span) as server:
        trusted = {"ca_file": server.certificate} | options
        return await seen(TLS, host="localhost", port=server.port, **trusted)


async def test_tls_tells_when_the_certificate_expires(tmp_path):
    observation = await expiring(tmp_path, timedelta(days=90, hours=1))

    assert (observation.ok, observation.slow, observation.detail) == (True, False, "certificate expires in 90 days")
    assert observation.metrics["days_left"] == pytest.approx(90, abs=0.1)
    assert observation.latency_ms > 0


async def test_tls_is_degraded_three_weeks_before_the_end(tmp_path):
    observation = await expiring(tmp_path, timedelta(days=20))

    assert (observation.ok, observation.slow, observation.threshold) == (True, True, 21)


async def test_tls_is_down_in_the_last_days(tmp_path):
    observation = await expiring(tmp_path, timedelta(days=2, hours=1))

    assert (observation.ok, observation.threshold, observation.detail) == (False, 3, "certificate expires in 2 days")


async def test_tls_says_how_long_ago_the_certificate_expired(tmp_path):
    observation = await expiring(tmp_path, -timedelta(days=3, hours=1))

    assert (observation.ok, observation.detail) == (False, "certificate expired 3 days ago")


async def test_tls_is_down_when_the_certificate_is_not_trusted(tmp_path):
    observation = await expiring(tmp_path, timedelta(days=90), ca_file=None)

    assert not observation.ok
    assert "not trusted: self-signed certificate" in observation.detail


async def test_tls_is_down_when_the_certificate_is_for_another_name(tmp_path):
    observation = await expiring(tmp_path, timedelta(days=90), server_name="example.com")

    assert not observation.ok
    assert "certificate is not valid for 'example.com'" in observation.detail


async def test_tls_says_that_another_certificate_of_the_chain_has_expired(tmp_path):
    now = datetime.now(UTC)
    root, root_key = certificate("root", now + timedelta(days=90))
    middle, middle_key = certificate("middle", now - timedelta(days=1), signed_by=(root, root_key))
    leaf, leaf_key = certificate("localhost", now + timedelta(days=90), signed_by=(middle, middle_key))
    (tmp_path / "chain.pem").write_bytes(pem(leaf) + pem(middle))
    (tmp_path / "root.pem").write_bytes(pem(root))
    (tmp_path / "key.pem").write_bytes(
        leaf_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        observation = await seen(
            TLS, host="127.0.0.1", port=port, server_name="localhost", ca_file=tmp_path / "root.pem"
        )

    assert (observation.ok, observation.detail) == (False, "a certificate in the chain has expired")


def certificate(name, not_after, signed_by=None):
    """A certificate and its key, signed by another one or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (signed_by[0].subject, signed_by[1]) if signed_by else (subject, key)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(not_after)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=name != "localhost", path_length=None), critical=True)
    )
    return built.sign(issuer_key, hashes.SHA256()), key


def pem(shown):
    return shown.public_bytes(Encoding.PEM)


async def test_tls_says_when_the_host_speaks_something_else():
    async with answering("/", page()) as url:
        observation = await seen(TLS, host="127.0.0.1", port=int(url.rpartition(":")[2]))

    assert not observation.ok
    assert observation.detail.startswith("TLS with 127.0.0.1:")


async def test_tls_says_when_its_ca_file_is_missing(tmp_path):
    observation = await seen(TLS, host="localhost", ca_file=tmp_path / "ca.pem")

    assert observation.detail == f"ca_file {tmp_path / 'ca.pem'} is not there"


# S3


def bucket(url, name):
    client = boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket=name)
    client.close()


async def test_s3_reaches_the_bucket(s3_url):
    bucket(s3_url, "backups")

    observation = await seen(S3, bucket="backups", endpoint_url=s3_url, **KEYS)

    assert (observation.ok, observation.detail) == (True, "bucket backups answers")
    assert observation.latency_ms > 0


async def test_s3_says_that_there_is_no_such_bucket(s3_url):
    observation = await seen(S3, bucket="nowhere", endpoint_url=s3_url, **KEYS)

    assert (observation.ok, observation.detail) == (False, "404: there is no bucket nowhere")


async def test_s3_says_that_the_credentials_are_refused():
    async with answering("/{tail:.*}", page(status=403)) as url:
        observation = await seen(S3, bucket="backups", endpoint_url=url, **KEYS)

    assert observation.detail == "403: the credentials may not see the bucket backups"


async def test_s3_names_what_to_install_where_boto3_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)  # Python's own way to say that there is no such module

    observation = await seen(S3, bucket="backups", **KEYS)

    assert (observation.ok, observation.detail) == (False, "the S3 check needs boto3: install do-manage[aws]")


# APIs that want a key


@pytest.mark.parametrize(("check", "path"), [(STRIPE, "/v1/balance"), (SENDGRID, "/v3/scopes")])
@pytest.mark.parametrize(
    ("key", "ok", "detail"), [("sk-right", True, "takes the key"), ("sk-wrong", False, "401: the key was refused")]
)
async def test_a_keyed_api_is_asked_with_the_key(check, path, key, ok, detail):
    async def answer(request):
        good = request.method == "GET" and request.headers.get("Authorization") == "Bearer sk-right"
        return web.json_response({}, status=200 if good else 401)

    async with answering(path, answer) as url:
        observation = await seen(check, api_key=key, base_url=url)

    assert observation.ok is ok
    assert observation.detail.endswith(detail)


@pytest.mark.parametrize(
    ("status", "ok", "slow", "detail"),
    [
        (403, False, False, "403: the key may not do this"),
        (429, True, True, "429: asked too often for this key"),
        (502, False, False, "HTTP 502 instead of 200"),
    ],
)
async def test_a_keyed_api_says_why_it_does_not_serve(status, ok, slow, detail):
    async with answering("/v1/balance", page(status=status)) as url:
        observation = await seen(STRIPE, api_key="sk", base_url=url)

    assert (observation.ok, observation.slow, observation.detail) == (ok, slow, detail)


async def test_a_key_is_not_sent_on_to_where_a_redirect_leads():
    asked = []

    async def answer(request):
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    async with answering("/{tail:.*}", answer) as url:
        await seen(STRIPE, api_key="sk", base_url=url)

    assert asked == ["/v1/balance"]


def test_a_key_with_a_line_end_is_refused_and_not_shown():
    with pytest.raises(ValidationError) as refused:
        STRIPE.options(api_key="sk-secret\nX-Evil: 1")

    assert "sk-secret" not in str(refused.value.errors(include_input=False))


def of_the_bot(base_url):
    return Settings(openai_api_key=SecretStr(API_KEY), openai_base_url=base_url)


async def test_openai_is_asked_for_its_models():
    async with openai_server() as server:
        observation = await seen(OPENAI, api_key=API_KEY, base_url=server.base_url)

    assert observation.ok


async def test_openai_takes_key_and_address_of_the_bot():
    async with openai_server() as server:
        assert (await seen(OPENAI, settings=of_the_bot(server.base_url))).ok


async def test_openai_says_that_the_key_is_refused():
    async with openai_server() as server:
        observation = await seen(OPENAI, api_key="sk-other", base_url=server.base_url)

    assert observation.detail == "401: the key was refused"


async def test_openai_does_not_give_the_key_of_the_bot_to_another_address():
    asked = []

    async def answer(request):
        asked.append(request)
        return web.json_response({})

    async with answering("/models", answer) as url:
        observation = await seen(OPENAI, settings=of_the_bot(None), base_url=url)

    assert (asked, observation.detail) == ([], "no key: set api_key, or OPENAI_API_KEY without base_url")


def test_openai_is_watched_by_itself_where_the_bot_has_a_key():
    with_key = make_ports(None, checks=[OPENAI], settings=of_the_bot(None))

    assert list(service.watched(with_key)) == ["openai"]
    assert list(service.watched(make_ports(None, checks=[OPENAI]))) == []


# Slack


class Chat:
    """As much of Slack as the check needs."""

    def __init__(self, answer):
        self.answer = answer

    async def probe(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def test_slack_tells_its_latency():
    observation = await seen(SLACK, chat=Chat(42.0))

    assert (observation.ok, observation.latency_ms) == (True, 42.0)


async def test_slack_says_why_it_refuses():
    refused = ChatError("invalid_auth", "Slack refused the token: set SLACK_BOT_TOKEN anew")

    observation = await seen(SLACK, chat=Chat(refused))

    assert (observation.ok, observation.detail) == (False, "Slack refused the token: set SLACK_BOT_TOKEN anew")


def test_slack_is_watched_by_itself_where_the_bot_is_in_a_workspace():
    assert list(service.watched(make_ports(None, checks=[SLACK], chat=Chat(1)))) == ["slack"]
    assert list(service.watched(make_ports(None, checks=[SLACK]))) == []


async def test_slack_without_a_workspace_says_what_to_set():
    assert (await seen(SLACK)).detail == "no Slack workspace: set SLACK_BOT_TOKEN"
