"""The servers of a run, each a process of its own on a free port, started side by side."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mcp_server.settings import Settings

START_SECONDS = 60.0
STOP_SECONDS = 40.0
NEVER_REACHED = 1_000_000_000
"""Limits stay on, and count every call."""
RATES = ("READ", "WRITE", "USAGE", "SENSITIVE", "STRICT")


@dataclass(slots=True)
class Servers:
    """What was started, and where its log is."""

    folder: Path
    _running: dict[int, tuple[subprocess.Popen[bytes], Path]] = field(default_factory=dict)

    def stock(self, kind: str, wire: str) -> int:
        """Start one of the `mcp` package's own servers, and return its port."""
        port = free_port()
        self._start(port, "benchmarks.stock", kind, wire, str(port))
        return port

    def bursar(self, settings: Settings, *, worker: bool = True) -> int:
        """Start `bursar serve` with everything on, and return its port.

        Without a worker it is one more replica of an installation whose worker runs elsewhere.
        """
        port = settings.port if worker else free_port()
        high = str(NEVER_REACHED)
        environment = {
            "BURSAR_PORT": str(port),
            "BURSAR_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "BURSAR_DATABASE_URL": settings.database_url,
            "BURSAR_DATABASE_DIRECT_URL": settings.database_direct_url,
            "BURSAR_SECRETS_DIR": str(settings.secrets_dir),
            "BURSAR_WORKER_IN_SERVE": str(worker),
            **{f"BURSAR_RATE_{kind}": high for kind in RATES},
        }
        self._start(port, "mcp_server", "serve", extra=environment)
        return port

    def pid(self, port: int) -> int:
        return self._running[port][0].pid

    @property
    def pids(self) -> list[int]:
        return [process.pid for process, _ in self._running.values()]

    def wait(self) -> None:
        """Wait until all of them listen; raise with the end of its log if one does not."""
        give_up_at = time.monotonic() + START_SECONDS
        for port, (process, log) in self._running.items():
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > give_up_at:
                    said = log.read_text("utf-8", errors="replace")[-2000:]
                    raise RuntimeError(f"a server did not start: {said}")
                time.sleep(0.05)

    def stop(self) -> None:
        for process, _ in self._running.values():
            process.terminate()
        for process, _ in self._running.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()

    def _start(
        self, port: int, module: str, *arguments: str, extra: Mapping[str, str] | None = None
    ) -> None:
        log = self.folder / f"{module}-{port}.log"
        root = str(Path(__file__).parents[1])
        with log.open("wb") as output:
            running = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", module, *arguments],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": root, **(extra or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._running[port] = running, log


@contextmanager
def servers(folder: Path) -> Iterator[Servers]:
    """Lend what starts servers, and end all of them when the block does."""
    started = Servers(folder)
    try:
        yield started
    finally:
        started.stop()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as question:
        return question.connect_ex(("127.0.0.1", port)) == 0
