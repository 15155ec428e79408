"""The demo service: real load, four modes, health that follows within a second."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.sandbox import Options, Workspace, serve
from bot.sandbox.demo import Demo


@pytest.fixture
async def loaded() -> AsyncIterator[Workspace]:
    async with serve(options=Options(demo_port=0)) as workspace:
        yield workspace


@pytest.fixture
def demo(loaded: Workspace) -> Demo:
    assert loaded.demo is not None
    return loaded.demo


async def health(demo: Demo) -> tuple[int, dict[str, Any]]:
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{demo.url}/health") as got:
            return got.status, await got.json()
    except aiohttp.ClientConnectorError:
        return 0, {}


async def turns(demo: Demo, status: int) -> float:
    """Seconds until the health URL answers that status."""
    started = time.monotonic()
    while (await health(demo))[0] != status:
        assert time.monotonic() - started < 5, f"the health URL never became {status}"
        await asyncio.sleep(0.02)
    return time.monotonic() - started


async def test_errors_make_it_unhealthy_within_a_second_and_ok_heals_it(demo: Demo) -> None:
    assert (await health(demo))[0] == 200
    await demo.set_mode("errors")
    assert await turns(demo, 503) < 1
    await demo.set_mode("ok")
    assert await turns(demo, 200) < 1.2


async def test_down_refuses_connections_and_ok_listens_on_the_same_port(demo: Demo) -> None:
    port = demo.port
    await demo.set_mode("down")
    assert await turns(demo, 0) < 1
    await demo.set_mode("ok")
    assert await turns(demo, 200) < 1.2
    assert demo.port == port


async def test_slow_answers_late_but_well(demo: Demo) -> None:
    await demo.set_mode("slow")
    started = time.monotonic()
    status, _ = await health(demo)
    assert status == 200
    assert 1.1 < time.monotonic() - started < 2


async def test_the_load_is_real_and_counted(loaded: Workspace, demo: Demo) -> None:
    await loaded.until(lambda: len(demo.samples) >= 20)
    async with aiohttp.ClientSession() as session, session.get(f"{demo.url}/metrics") as got:
        families = {family.name: family for family in text_string_to_metric_families(await got.text())}
    total = sum(s.value for s in families["demo_requests"].samples if s.name == "demo_requests_total")
    assert total >= 20
    assert 0 < demo.p95_ms() < 500


async def test_an_unknown_mode_is_refused_with_the_known_ones(demo: Demo) -> None:
    with pytest.raises(ValueError, match="use ok, slow, errors, down"):
        await demo.set_mode("on fire")


async def test_a_button_on_the_page_changes_the_mode(loaded: Workspace, demo: Demo) -> None:
    body = {"mode": "errors"}
    async with aiohttp.ClientSession() as session, session.post(f"{loaded.url}ui/demo", json=body) as got:
        assert got.status == 200
    assert demo.mode == "errors"
