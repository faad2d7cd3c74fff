"""Fetch strangers' documents over https, under the rules of `auth/fetching.py`.

The name is resolved once. The connection goes to an address that was checked, while TLS and the
Host header keep the name: a name that means another address a moment later changes nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import httpx2

from auth import fetching
from auth.fetching import Document, DocumentUnavailable

Resolve = Callable[[str, int], Awaitable[list[str]]]
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",  # a small body must not unfold into a large one
    "User-Agent": "Bursar",
}


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system for every address of the host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class HttpDocumentFetcher:
    """The `DocumentFetcher` of production. Every fetch has its own connection and keeps nothing."""

    def __init__(
        self,
        resolve: Resolve = resolve,
        transport: Callable[[], httpx2.AsyncBaseTransport] = httpx2.AsyncHTTPTransport,
    ) -> None:
        self._resolve = resolve
        self._transport = transport

    async def fetch(self, url: str) -> Document:
        if wrong := fetching.fault(url):
            raise DocumentUnavailable(f"the URL {wrong}")
        try:
            # One limit for all of it: a server that sends a byte a second is slow, too.
            async with asyncio.timeout(fetching.SECONDS_MAX):
                return await self._get(url)
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
            raise DocumentUnavailable("the document could not be fetched") from error

    async def _get(self, url: str) -> Document:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        address = fetching.choose(await self._resolve(host, port))
        pinned = httpx2.URL(url).copy_with(host=address)
        request = httpx2.Request(
            "GET",
            pinned,
            headers=_HEADERS | {"Host": parts.netloc},
            extensions={
                "sni_hostname": host,
                "timeout": httpx2.Timeout(fetching.SECONDS_MAX).as_dict(),
            },
        )
        # The transport itself, not a client: no redirects, no proxies, no cookies, no netrc.
        async with self._transport() as transport:
            response = await transport.handle_async_request(request)
            try:
                return await _read(response)
            finally:
                await response.aclose()


async def _read(response: httpx2.Response) -> Document:
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status_code != 200:
        raise DocumentUnavailable(f"the server answered {response.status_code}")
    is_json = media_type == "application/json" or (
        media_type.startswith("application/") and media_type.endswith("+json")
    )
    if not is_json or response.headers.get("content-encoding", "identity") != "identity":
        raise DocumentUnavailable("the document is not plain JSON")
    body = b""
    async for part in response.aiter_raw():
        body += part
        if len(body) > fetching.BYTES_MAX:
            raise DocumentUnavailable("the document is too large")
    return Document(body, {name.lower(): value for name, value in response.headers.items()})
