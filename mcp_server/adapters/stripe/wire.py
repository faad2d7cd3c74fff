"""Carries the SDK's requests over httpx2.

The SDK's own async clients need httpx or aiohttp, neither of which is installed: both would be a
second of what is here. The SDK still encodes, signs, retries and reads; this only sends.
"""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any

import httpx2
import stripe

CONNECT_SECONDS_MAX = 5.0
ANSWER_SECONDS_MAX = 20.0
"""Stripe answers most calls in under a second; a payment may wait for a bank."""
CONNECTIONS_MAX = 20
POOL_SECONDS_MAX = 10.0
NOTICE = "stripe-notice"

logger = logging.getLogger(__name__)


def open_http(
    *,
    answer_seconds: float = ANSWER_SECONDS_MAX,
    transport: httpx2.AsyncBaseTransport | None = None,
    use_proxies: bool = True,
) -> httpx2.AsyncClient:
    """Make the connections. They follow no redirect: a key is sent to one host and no other."""
    return httpx2.AsyncClient(
        timeout=httpx2.Timeout(
            answer_seconds,
            connect=min(answer_seconds, CONNECT_SECONDS_MAX),
            pool=POOL_SECONDS_MAX,
        ),
        limits=httpx2.Limits(max_connections=CONNECTIONS_MAX),
        follow_redirects=False,
        transport=transport,
        trust_env=use_proxies,
    )


class Httpx2Client(stripe.HTTPClient):
    """The SDK's way out."""

    name = "httpx2"

    def __init__(self, http: httpx2.AsyncClient) -> None:
        super().__init__()
        self._http = http

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            response = await self._http.request(
                method.upper(), url, headers=dict(headers), content=post_data
            )
            response.content.decode()  # the SDK would fail on other bytes, and not as it should
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeDecodeError) as error:
            # Whether it arrived is not known. A change has a key, so asking again is safe.
            lost = stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                type(error).__name__, should_retry=True
            )
            raise lost from error
        if notice := response.headers.pop(NOTICE, None):
            # The SDK would raise it as a warning of Python's.
            logger.warning("Stripe says: %s", notice)
        return response.content, response.status_code, response.headers

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return asyncio.sleep(secs)

    async def close_async(self) -> None:
        await self._http.aclose()
