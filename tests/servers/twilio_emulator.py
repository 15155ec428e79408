"""An independent Twilio: the npm package `emulate`, whose messages and calls are the oracle for ours.

It delivers signed callbacks, but interprets no TwiML: it speaks nothing, gathers no keys, and sends no `<Message>` on.
It limits no rates, and takes any length of text.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.servers.process import answers, free_port, missing, running
from tests.servers.slack_emulator import HERE, node

ACCOUNT = "AC" + "0" * 32
TOKEN = "twilio-test-auth-token"
KEY, KEY_SECRET = "SK" + "0" * 32, "twilio-test-api-secret"
OURS = "+15551234567"


@dataclass(frozen=True)
class Twilio:
    """The running emulator. People's numbers are of the test's own choice, so that tests do not meet."""

    url: str

    def number(self) -> str:
        """Give a number that no test had before."""
        return f"+49{uuid4().int % 10**10:010d}"

    async def messages(self, to: str) -> list[dict[str, Any]]:
        """What was texted to the number, oldest first."""
        return list(reversed((await self._get("Messages", to))["messages"]))

    async def calls(self, to: str) -> list[dict[str, Any]]:
        """The calls to the number, oldest first."""
        return list(reversed((await self._get("Calls", to))["calls"]))

    async def webhook(self, url: str) -> None:
        """Let texts to our number go to that address."""
        numbers = (await self._ask("GET", "IncomingPhoneNumbers.json"))["incoming_phone_numbers"]
        await self._ask("POST", f"IncomingPhoneNumbers/{numbers[0]['sid']}.json", data={"SmsUrl": url})

    async def text(self, sender: str, body: str) -> None:
        """Somebody texts our number."""
        await self._simulate("inbound-message", {"To": OURS, "From": sender, "Body": body})

    async def deliver(self, sid: str, status: str) -> None:
        """The carrier says what became of a message."""
        await self._simulate("message-status", {"MessageSid": sid, "Status": status})

    async def ring(self, sid: str, status: str) -> None:
        """What became of a call."""
        await self._simulate("call-status", {"CallSid": sid, "Status": status})

    async def _get(self, resource: str, to: str) -> dict[str, Any]:
        return await self._ask("GET", f"{resource}.json", params={"To": to, "PageSize": "1000"})

    async def _ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        return await self._request(method, f"/2010-04-01/Accounts/{ACCOUNT}/{path}", **more)

    async def _simulate(self, what: str, values: dict[str, str]) -> None:
        await self._request("POST", f"/_twilio/simulate/{what}", data=values)

    async def _request(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.url, auth=(ACCOUNT, TOKEN), trust_env=False) as http:
            answer = await http.request(method, path, **more)
        answer.raise_for_status()
        return answer.json()


@pytest.fixture(scope="session")
def twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twilio]:
    """Give the running emulator with one account, one API key and one number."""
    program = node()
    if not (HERE / "node_modules/emulate").is_dir():
        missing("the npm packages of tests/servers/emulate (Debian package npm, then ./do test installs them)")
    port = free_port()
    log = tmp_path_factory.mktemp("emulate") / "twilio.log"
    seed = {
        "account": {"sid": ACCOUNT, "auth_token": TOKEN},
        "api_keys": [{"sid": KEY, "secret": KEY_SECRET}],
        "phone_numbers": [{"phone_number": OURS}],
        "messaging_services": [],
        "verify_services": [],
    }
    argv = [program, str(HERE / "twilio.mjs"), str(port), json.dumps(seed)]
    with running(argv, ready=lambda: answers(port), log=log):
        yield Twilio(f"http://127.0.0.1:{port}")
