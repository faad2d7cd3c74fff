"""Run the official conformance suite: `python -m conformance`. Exits with 1 if anything failed."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.authorization import authorization_scenarios, free_port
from conformance.suite import ROOT, NoNode, Suite, install

REVISIONS = ("2026-07-28", "2025-11-25")
BESIDE = ("json-schema-2020-12", "http-header-validation", "http-custom-header-server-validation")
"""Not required by any revision yet; we hold ourselves to them."""
START_SECONDS_MAX = 30


def main() -> int:
    try:
        suite = install()
    except NoNode as error:
        sys.stderr.write(f"{error}\n")
        return 1
    with fixture_server() as url:
        failed = [name for name, passed in server_scenarios(suite, url) if not passed]
    sys.stdout.write("authorization: every scenario, against a real Bursar\n")
    if not authorization_scenarios(suite):
        failed.append("authorization")
    for name in failed:
        sys.stdout.write(f"FAILED {name}\n")
    return 1 if failed else 0


def server_scenarios(suite: Suite, url: str) -> Iterator[tuple[str, bool]]:
    """Run what the revisions require, and what we ask of ourselves beside it."""
    for revision in REVISIONS:
        sys.stdout.write(f"server, {revision}: every required scenario\n")
        passed = suite.run("server", "--url", url, "--requirements", revision, "-o", "server")
        yield f"server {revision}", passed
    for scenario in BESIDE:
        sys.stdout.write(f"server, {REVISIONS[0]}: {scenario}\n")
        version = ("--spec-version", REVISIONS[0], "-o", "beside")
        yield scenario, suite.run("server", "--url", url, "--scenario", scenario, *version)


@contextmanager
def fixture_server() -> Iterator[str]:
    """Serve the fixtures on a free port for as long as the block lasts."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "conformance.server", str(port)]
    server = subprocess.Popen(command, cwd=ROOT)  # noqa: S603 - our own module
    try:
        wait_for(port, server)
        yield f"http://localhost:{port}/mcp"
    finally:
        server.terminate()
        server.wait()


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens on the port."""
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < give_up_at and server.poll() is None:
        with socket.socket() as question:
            if question.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server did not start")


if __name__ == "__main__":
    sys.exit(main())
