"""Scan what we publish to models with Cisco's MCP scanner: `python -m conformance.scan`.

It looks, offline, for instructions hidden in descriptions and for schemas that invite abuse. It has
some hundred packages of its own, so it is installed apart, from its own hash-pinned lock.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from conformance.suite import ROOT
from mcp_server.mcp_app import INSTRUCTIONS
from mcp_server.prompts import PROMPTS
from mcp_server.resources import TEMPLATES
from mcp_server.tools import tool
from mcp_server.wiring import OPERATIONS

LOCK = Path(__file__).parent / "requirements-scanner.lock"
HOME = ROOT / ".cache" / "scanner"
ANALYZERS = "yara,schema"


def main() -> int:
    install()
    results = scan(write_published())
    unsafe = [each for each in results if not each["is_safe"] or each["status"] != "completed"]
    for each in unsafe:
        sys.stdout.write(f"{json.dumps(each, indent=2)}\n")
    sys.stdout.write(f"{len(results) - len(unsafe)} of {len(results)} are clean\n")
    return 1 if unsafe or not results else 0


def install() -> None:
    """Install the scanner, unless the one of this lock is installed already."""
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = HOME / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    python = str(HOME / "bin" / "python")
    _run(sys.executable, "-m", "venv", "--clear", str(HOME))
    options = ["--python", python, "--require-hashes", "--quiet"]
    _run(sys.executable, "-m", "uv", "pip", "install", *options, "-r", str(LOCK))
    stamp.write_text(wanted)


def write_published() -> dict[str, Path]:
    """Write everything that a model is told, the instructions as one prompt more."""
    kind = "text/plain"
    prompts = [each.described() for each in PROMPTS]
    prompts.append({"name": "instructions", "description": INSTRUCTIONS})
    prompts += [{"name": f"{each.name}_text", "description": each.text} for each in PROMPTS]
    published: dict[str, list[dict[str, Any]]] = {
        "tools": [tool(each) for each in OPERATIONS],
        "prompts": prompts,
        "resources": [
            {"uri": each.uri, "name": each.name, "description": each.description, "mimeType": kind}
            for each in TEMPLATES
        ],
    }
    paths = {name: HOME / f"{name}.json" for name in published}
    for name, items in published.items():
        paths[name].write_text(json.dumps({name: items}))
    return paths


def scan(paths: dict[str, Path]) -> list[dict[str, Any]]:
    """Return the scanner's word on each tool, prompt and resource."""
    command = [str(HOME / "bin" / "mcp-scanner"), "--analyzers", ANALYZERS, "--format", "raw"]
    command.append("static")
    for name, path in paths.items():
        command += [f"--{name}", str(path)]
    # One of its packages asks the network for prices of models as soon as it is imported.
    offline = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    found = subprocess.run(command, capture_output=True, text=True, check=True, env=offline)  # noqa: S603 - our own files
    results: list[dict[str, Any]] = json.loads(found.stdout)["scan_results"]
    return results


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - see callers


if __name__ == "__main__":
    sys.exit(main())
