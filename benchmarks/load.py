"""The client of every HTTP subject, ours and the baselines': one small HTTP/1.1 for all of them.

It is lean on purpose, because it shares the cores with the server that it measures.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.sample import Sample

NewBody = Callable[[], bytes]
Check = Callable[[int, bytes], str]
"""Says what is wrong with an answer, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Connections that each send the next request when the last one is answered."""

    port: int
    path: str
    headers: Mapping[str, str]
    connections: int
    new_body: NewBody
    check: Check
    worth: int = 1
    """How many of what is counted one request carries."""

    async def __call__(self, seconds: float) -> Sample:
        sample, start = Sample(), time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for _ in range(self.connections):
                tasks.create_task(self._talk(sample, start + seconds))
        sample.seconds = time.perf_counter() - start
        return sample

    async def _talk(self, sample: Sample, until: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=2**22)
        head = self._head()
        try:
            while (began := time.perf_counter()) < until:
                body = self.new_body()
                writer.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body))
                if problem := self.check(*await answer(reader)):
                    sample.fail(problem)
                else:
                    sample.count += self.worth
                sample.latencies.append(time.perf_counter() - began)
        except (OSError, EOFError, ValueError) as error:
            sample.fail(repr(error))
        finally:
            writer.close()

    def _head(self) -> bytes:
        sent = {"host": f"127.0.0.1:{self.port}", "content-type": "application/json"}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**sent, **self.headers}.items())
        return f"POST {self.path} HTTP/1.1\r\n{lines}".encode()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Read one answer, of which all servers here tell the length."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return int(head[9:12]), await reader.readexactly(length)
