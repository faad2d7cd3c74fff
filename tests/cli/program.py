"""Run the `bursar` program as a person would: in an empty folder, with its own environment."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from tests.cli import nursery
from tests.cli.nursery import ROOT

START_SECONDS = 90.0
"""A process that is started from nothing imports all of it first, and shares the machine."""
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "COVERAGE_PROCESS_START")

Started = asyncio.subprocess.Process | nursery.Process


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Installed:
    """A folder in which the program is run."""

    folder: Path
    settings: dict[str, str]
    from_nothing: bool = False
    """Whether Python itself is started, as a person does, or what has imported all of it forks."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings['PORT']}"

    async def run(self, *words: str, **settings: str) -> Ended:
        process = await self._start(words, settings)
        out, err = await process.communicate()
        return Ended(process.returncode or 0, out.decode(), err.decode())

    @asynccontextmanager
    async def serving(self, *words: str) -> AsyncIterator[Started]:
        """Serve until the block is left, and then end it as an orchestrator would."""
        process = await self._start(words or ("serve",), {})
        try:
            await self._until_ready(process)
            yield process
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            await process.communicate()

    async def _start(self, words: tuple[str, ...], settings: dict[str, str]) -> Started:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment = kept | self.settings | settings | {"PYTHONPATH": str(ROOT)}
        if not self.from_nothing:
            return await nursery.start(words, folder=self.folder, environment=environment)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mcp_server",
            *words,
            cwd=self.folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def _until_ready(self, process: Started) -> None:
        async with httpx.AsyncClient() as client, asyncio.timeout(START_SECONDS):
            while True:
                assert process.returncode is None, "the program ended instead of serving"
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def installed(folder: Path, **settings: str) -> Installed:
    return Installed(folder, {"PORT": str(free_port()), "NO_COLOR": "1"} | settings)


def secret_in(text: str, pattern: str) -> str:
    found = re.search(pattern, text)
    assert found, f"no {pattern} in what was printed"
    return found[0]
