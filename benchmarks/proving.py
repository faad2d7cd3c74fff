"""Prove the books of every installation of a run, and say what was looked at and for how long."""

import sys
import time
from collections.abc import Mapping
from typing import Any

from core.kernel.proving import Proof
from mcp_server.wiring import Installation


async def prove_all(by_books: Mapping[str, Installation]) -> dict[str, dict[str, Any]]:
    proofs: dict[str, dict[str, Any]] = {}
    for name, installation in by_books.items():
        began = time.perf_counter()
        try:
            proof = await installation.prove()
        except Exception as error:  # noqa: BLE001 - a run of minutes is told all the same
            proof = Proof()
            proof.differs(name, f"could not be proven: {error!r}")
        for difference in proof.differences:
            sys.stderr.write(f"{name}: {difference}\n")
        proofs[name] = {
            "clean": proof.clean,
            "looked_at": dict(proof.looked_at),
            "seconds": round(time.perf_counter() - began, 1),
        }
    return proofs
