"""The client of the benchmarks: it reads answers as they come, and leaves no waiting out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress

import pytest

from benchmarks.client import Answer, Lane, answer_in, head_of
from benchmarks.load import Arrivals, Load, Talk
from benchmarks.sample import Sample

pytestmark = pytest.mark.anyio

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BAD = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy"
EVENTS = (
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    b"17\r\nevent: message\r\ndata: {}\r\n\r\n0\r\n\r\n"
)


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve) -> AsyncIterator[int]:
    """Serve each connection, and wait for all of them in the end."""
    serving: list[asyncio.Task[None]] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        serving.append(task)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await serve(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]
        await asyncio.gather(*serving)


def server(*answers: bytes) -> AbstractAsyncContextManager[int]:
    """Answer each connection's requests with these, in order and then with the last for ever."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting = list(answers)
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(2)
            writer.write(waiting.pop(0) if len(waiting) > 1 else waiting[0])

    return listening(serve)


def load_of(port: int, connections: int = 2) -> Load:
    def check(answer: Answer) -> str:
        return "" if answer.status == 200 else f"{answer.status} {answer.body.decode()}"

    lanes = [Lane(port, head_of(port, "/"), lambda: b"{}") for _ in range(connections)]
    return Load(lanes=lanes, check=check)


@pytest.mark.parametrize("whole", [FINE, EVENTS])
def test_an_answer_is_read_when_all_of_it_has_come(whole: bytes) -> None:
    assert [answer_in(whole[:end]) for end in range(len(whole))] == [None] * len(whole)
    answer = answer_in(whole)
    assert answer
    assert answer.status == 200


async def test_each_connection_asks_again_until_the_count_is_done() -> None:
    async with server(FINE) as port:
        sample = await load_of(port, connections=3).times(20)

    assert (sample.count, sample.errors, len(sample.latencies)) == (20, 0, 20)


async def test_an_answer_that_is_wrong_is_an_error_and_is_not_counted() -> None:
    async with server(FINE, BAD, FINE) as port:
        sample = await load_of(port, connections=1).times(5)

    assert (sample.count, sample.errors, sample.problem) == (4, 1, "503 busy")


async def test_a_server_that_hangs_up_is_an_error() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with listening(hang_up) as port:
        sample = await load_of(port).times(5)

    assert (sample.count, sample.errors) == (0, 2)


async def test_at_a_constant_rate_every_request_that_was_due_is_asked() -> None:
    async with server(FINE) as port:
        sample = await load_of(port).at_rate(rate=500, seconds=0.1)

    assert (sample.count, sample.errors) == (50, 0)


class Slow(Talk):
    """A connection whose answers the test gives."""

    def __init__(self) -> None:
        self.answer: Callable[[], None] = lambda: None

    def ask(self, answered: Callable[[Answer], None], lost: Callable[[str], None]) -> None:
        self.answer = lambda: answered(Answer(200, b"", b""))


async def test_what_waits_for_a_free_connection_has_its_waiting_counted() -> None:
    """One request takes a second; the nine that fall due meanwhile are late through no fault."""
    now, talk, sample = [100.0], Slow(), Sample()
    arrivals = Arrivals(
        10, 1.0, [talk], lambda sample, answer: None, clock=lambda: now[0], sample=sample
    )
    arrivals.send_due(start=100.0)
    now[0] = 101.0
    assert arrivals.send_due(start=100.0) is None
    for _ in range(10):
        talk.answer()

    assert sample.latencies == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
