"""Start the program without importing it each time: one process has, and forks for every start.

To import all of it takes a processor seconds, and tests start it a hundred times. What is forked is
a process of its own that has done nothing but import: in its own folder and environment it runs
`python -m mcp_server`, and can be told and killed like any other.
"""

import asyncio
import gc
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests import servers
from tests.processes import Child

ROOT = Path(__file__).parents[2]
WORDS_BYTES_MAX = 64 * 1024


@dataclass
class Process:
    """One start of the program, with what is used of asyncio's own `Process`."""

    pid: int
    out: asyncio.StreamReader
    err: asyncio.StreamReader
    ended: asyncio.Task[int]

    @property
    def returncode(self) -> int | None:
        return self.ended.result() if self.ended.done() else None

    def send_signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Return what it still says until it ends."""
        out, err, _ = await asyncio.gather(self.out.read(), self.err.read(), self.ended)
        return out, err


async def start(words: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> Process:
    """Start `bursar` with these words, in this folder, and with this environment alone."""
    asked = {"words": list(words), "folder": str(folder), "environment": dict(environment)}
    out, err = os.pipe(), os.pipe()
    asking = socket.socket(socket.AF_UNIX)
    asking.connect(_opened().url)
    socket.send_fds(asking, [json.dumps(asked).encode()], [out[1], err[1]])
    os.close(out[1])
    os.close(err[1])
    told, writer = await asyncio.open_unix_connection(sock=asking)
    pid = int(await told.readline())

    async def until_ended() -> int:
        code = int(await told.read())
        writer.close()
        return code

    return Process(
        pid, await _reader(out[0]), await _reader(err[0]), asyncio.create_task(until_ended())
    )


async def _reader(pipe: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = partial(asyncio.StreamReaderProtocol, reader)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(protocol, os.fdopen(pipe, "rb", buffering=0))
    return reader


# -- The process that forks -----------------------------------------------------------------------

_nurseries: list[Child] = []
"""One for each worker, once somebody starts the program."""


def _opened() -> Child:
    if not _nurseries:
        place = servers.folder("nursery") / "socket"
        child = Child(
            url=str(place),
            command=[sys.executable, "-m", __name__, str(place)],
            directory=place.parent,
            is_ready=place.exists,
            # What the program reads of its environment when it is imported.
            environment=os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        )
        child.start()
        _nurseries.append(child)
    return _nurseries[0]


def close() -> None:
    while _nurseries:
        _nurseries.pop().stop()


def main(place: Path) -> None:
    """Import the program, and fork whenever somebody asks. A start returns from here, and runs."""
    import mcp_server.cli.program  # noqa: F401, PLC0415 - what asks needs nothing of it

    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Nobody asks how those have ended who wait for a start.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(place.with_suffix(".new")))
    listening.listen()
    place.with_suffix(".new").rename(place)
    while True:
        asking, _ = listening.accept()
        if not os.fork():
            listening.close()
            return _give_birth(asking)
        asking.close()


def _give_birth(asking: socket.socket) -> None:
    """Start the program; tell who it is, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    words, pipes, *_ = socket.recv_fds(asking, WORDS_BYTES_MAX, 2)
    pid = os.fork()
    if not pid:
        asking.close()
        return _become(pipes, **json.loads(words))
    for each in pipes:
        os.close(each)
    asking.sendall(f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):
        asking.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(
    pipes: Sequence[int], *, words: Sequence[str], folder: str, environment: Mapping[str, str]
) -> None:
    """Be a process that was started like this."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, pipe in enumerate(pipes, 1):
        os.dup2(pipe, number)
        os.close(pipe)
    sys.argv = ["bursar", *words]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
    runpy.run_module("mcp_server", run_name="__main__", alter_sys=True)
