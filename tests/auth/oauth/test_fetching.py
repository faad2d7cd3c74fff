"""Server-side request forgery: a stranger's URL makes us connect to nothing of ours.

The rules are those of the client id metadata document draft §6, RFC 6890 and RFC 9700 §4.11.
"""

import asyncio
from collections.abc import Callable

import httpx2
import pytest

from auth import fetching
from auth.fetching import Document, DocumentUnavailable
from mcp_server.adapters import metadata_fetcher
from mcp_server.adapters.metadata_fetcher import HttpDocumentFetcher

pytestmark = pytest.mark.anyio

URL = "https://program.example/client.json"
PUBLIC = "93.184.215.14"


class Site(httpx2.AsyncBaseTransport):
    """A web server that answers as it is told, and notes what reached it."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.answer = answer
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        told = self.answer(request)
        return httpx2.Response(told.status_code, headers=told.headers, stream=told.stream)


def json_answer(request: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, json={"a": 1}, headers={"Cache-Control": "max-age=60"})


def fetcher(site: Site, *addresses: str) -> HttpDocumentFetcher:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return HttpDocumentFetcher(resolve, lambda: site)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "192.88.99.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "2001:0:4136:e378::1",
        "2001:db8::1",
        "2600::5efe:127.0.0.1",
        "2600::200:5efe:10.0.0.1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "not an address",
        "",
    ],
)
async def test_an_address_that_is_not_public_is_not_connected_to(address: str) -> None:
    site = Site(json_answer)

    for addresses in ((address,), (PUBLIC, address)):
        with pytest.raises(DocumentUnavailable):
            await fetcher(site, *addresses).fetch(URL)
    assert site.requests == []


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_a_public_address_is_public(address: str) -> None:
    assert fetching.is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://program.example/a",
        "ftp://program.example/a",
        "file:///etc/passwd",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://0177.0.0.1/a",
        "https://127.1/a",
        "https://1.1.1.1/a",
        "https://[::1]/a",
        "https://[::ffff:7f00:1]/a",
        "https://localhost/a",
        "https://localhost./a",
        "https://printer.local/a",
        "https://db.internal/a",
        "https://a.localhost/a",
        "https://intranet/a",
        "https://user@program.example/a",
        "https://program.example@127.0.0.1/a",
        "https://program.example\\@127.0.0.1/a",
        "https://program.example/a#b",
        "https://program.example/a b",
        "https://program.example/a\nb",
        "https://program.example:22/a",
        "https://program.example:99999/a",
        "https://prógram.example/a",
        "https://\uff11\uff12\uff17.0.0.1/a",
        "https://program..example/a",
        "https://-a.example/a",
        "https:///a",
        "",
    ],
)
async def test_a_url_that_names_no_public_host_is_not_even_resolved(url: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    with pytest.raises(DocumentUnavailable):
        await HttpDocumentFetcher(resolve).fetch(url)


async def test_the_checked_address_is_the_one_connected_to() -> None:
    """DNS rebinding: the name means something else the second time, and nobody asks twice."""
    site, answers = Site(json_answer), iter([[PUBLIC], ["127.0.0.1"]])

    async def resolve(host: str, port: int) -> list[str]:
        return next(answers)

    document = await HttpDocumentFetcher(resolve, lambda: site).fetch(URL)

    [request] = site.requests
    assert document.headers["cache-control"] == "max-age=60"
    assert (request.url.host, request.headers["host"]) == (PUBLIC, "program.example")
    assert request.extensions["sni_hostname"] == "program.example"
    assert next(answers) == ["127.0.0.1"]


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(302, headers={"Location": "https://127.0.0.1/"}),
        httpx2.Response(404, json={}),
        httpx2.Response(204, headers={"Content-Type": "application/json"}),
        httpx2.Response(200, text="{}"),
        httpx2.Response(200, html="<p>"),
        httpx2.Response(200, json={"a": "x" * fetching.BYTES_MAX}),
        httpx2.Response(200, content=b"{}", headers={"Content-Type": "application/json-seq"}),
    ],
)
async def test_only_a_small_json_document_that_is_there_is_one(response: httpx2.Response) -> None:
    site = Site(lambda request: response)

    with pytest.raises(DocumentUnavailable):
        await fetcher(site, PUBLIC).fetch(URL)
    assert len(site.requests) == 1


async def test_a_body_that_would_unfold_is_refused() -> None:
    def packed(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["accept-encoding"] == "identity"
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return httpx2.Response(200, headers=headers, stream=httpx2.ByteStream(b"\x1f\x8b"))

    with pytest.raises(DocumentUnavailable):
        await fetcher(Site(packed), PUBLIC).fetch(URL)


async def test_a_slow_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS_MAX", 0.01)

    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(5)
        return [PUBLIC]

    with pytest.raises(DocumentUnavailable):
        await HttpDocumentFetcher(resolve, lambda: Site(json_answer)).fetch(URL)


async def test_a_host_that_does_not_exist_has_no_document() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(DocumentUnavailable):
        await HttpDocumentFetcher(resolve, lambda: Site(json_answer)).fetch(URL)


async def test_the_system_resolver_gives_addresses_to_check() -> None:
    assert set(await metadata_fetcher.resolve("localhost", 443)) <= {"127.0.0.1", "::1"}


async def test_both_kinds_of_json_are_json() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        kind = "application/cimd+json; charset=utf-8"
        return httpx2.Response(200, content=b"{}", headers={"Content-Type": kind})

    assert isinstance(await fetcher(Site(answer), PUBLIC).fetch(URL), Document)
