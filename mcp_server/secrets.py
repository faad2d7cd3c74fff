"""The installation's own keys: files that only the owner may read, made at the first start.

`digest.key` signs protected rows: without it the books cannot be proven, so it belongs in the
backup. `state.key` seals what clients carry between two rounds. `factors.key` seals the seeds of
second factors.
"""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

BYTES = 32


@dataclass(frozen=True, slots=True)
class InstallationKeys:
    digest: bytes = field(repr=False)
    state: bytes = field(repr=False)
    factors: bytes = field(repr=False)


def load_keys(folder: Path) -> InstallationKeys:
    """Read the keys, making those that are missing. Two processes that start at once agree."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return InstallationKeys(
        *(_key(folder / f"{name}.key") for name in ("digest", "state", "factors"))
    )


def _key(path: Path) -> bytes:
    try:
        return _read(path)
    except FileNotFoundError:
        pass
    # Written aside and linked into place: a reader sees the whole key or none, and of two writers
    # the first one's key stands.
    aside = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
    return _read(path)


def _read(path: Path) -> bytes:
    key = bytes.fromhex(path.read_text().strip())
    if len(key) != BYTES:
        raise ValueError(f"{path} does not hold a key of {BYTES} bytes")
    return key
