"""Probing a web API that wants a key: one cheap call says whether it answers and takes the key."""

import re
import time
from typing import Annotated

import httpx
from pydantic import AfterValidator, SecretStr

from bot.health.failures import failure, place, refusal
from bot.ports import Observation


def _one_word(key: SecretStr) -> SecretStr:
    # what cannot be sent in a header would be quoted, key and all, in the error
    if not re.fullmatch(r"[!-~]+", key.get_secret_value()):
        raise ValueError("one word of printable ASCII, without spaces or line ends")
    return key


Key = Annotated[SecretStr, AfterValidator(_one_word)]
"""An API key in a plug-in's options."""


async def asked(http: httpx.AsyncClient, url: str, key: SecretStr) -> Observation:
    """GET `url` with the key as bearer token. 200 is well; 429 degraded: the API is up but will not serve us now.

    Redirects are not followed, so that the key goes nowhere else.
    """
    headers = {"Authorization": f"Bearer {key.get_secret_value()}", "Connection": "close"}
    begun = time.perf_counter()
    try:
        request = http.build_request("GET", url, headers=headers, timeout=None)
        answer = await http.send(request, stream=True, follow_redirects=False)
        await answer.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Observation(ok=False, detail=failure(error, place(url)))
    latency = (time.perf_counter() - begun) * 1000
    status = answer.status_code
    if status == httpx.codes.OK:
        return Observation(ok=True, detail=f"{place(url)} takes the key", latency_ms=latency)
    limited = status == httpx.codes.TOO_MANY_REQUESTS
    return Observation(ok=limited, slow=limited, detail=refusal(status), latency_ms=latency)
