"""What the figures were measured on: nobody can read them without it."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.ground import POSTGRES_SETTINGS
from core.kernel.clock import SystemClock

ROOT = Path(__file__).parents[1]
PACKAGES = ("bursar", "mcp", "starlette", "uvicorn", "uvloop", "sqlalchemy", "asyncpg", "pydantic")


def describe(postgres: str) -> dict[str, Any]:
    return {
        "at": SystemClock().now().isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": _field(Path("/proc/cpuinfo"), "model name"),
        "cores": os.cpu_count(),
        "memory": _field(Path("/proc/meminfo"), "MemTotal"),
        "load_before": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {each: version(each) for each in PACKAGES},
        "postgres": postgres,
        "postgres_settings": POSTGRES_SETTINGS,
    }


def _field(file: Path, name: str) -> str:
    """Read one field of the kernel's own description; other systems have none."""
    if not file.exists():
        return platform.processor()
    found = (line for line in file.read_text("utf-8").splitlines() if line.startswith(name))
    return next(found, "").partition(":")[2].strip()


def _commit() -> str:
    asked = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - whichever git the developer has
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return asked.stdout.strip()
