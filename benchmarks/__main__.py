"""Measure everything side by side in one run: `python -m benchmarks [--quick]`.

Prints a table and writes `var/bench.json`. Exits with 1 if a row does not count.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvloop

from benchmarks import ground, machine, table
from benchmarks.laying_out import measured
from benchmarks.sample import Measure, Sample
from benchmarks.table import Subject
from mcp_server.wiring import opened

RESULT = Path(__file__).parents[1] / "var" / "bench.json"
ROUNDS, SECONDS = 5, 4.0
QUICK_ROUNDS, QUICK_SECONDS = 3, 1.0
WARMING_SECONDS = 0.5

SUBJECTS = (
    Subject("tpcb", "pgbench TPC-B-like, scale 10, 8 clients", "transactions/s"),
    Subject(
        "charges",
        "ledger charges in process, batches of 200, 1,000 wallets",
        "charges/s",
        baseline="tpcb",
        at_least=5,
        aim=8,
        proven=True,
    ),
    Subject(
        "charges_hot",
        "the same on one hot wallet",
        "charges/s",
        baseline="tpcb",
        at_least=6,
        aim=11,
        proven=True,
    ),
    Subject("stock", "stock MCPServer, no-op, 32 connections", "calls/s"),
    Subject(
        "stock_low", "stock low-level Server, no-op, 32 connections", "calls/s", baseline="stock"
    ),
    Subject(
        "check_balance",
        "MCP check_balance, 32 connections",
        "calls/s",
        baseline="stock",
        at_least=0.8,
        aim=1.2,
        proven=True,
    ),
    Subject(
        "charge_usage",
        "MCP charge_usage, 32 connections, one wallet",
        "calls/s",
        baseline="stock",
        at_least=0.5,
        aim=1.0,
        proven=True,
    ),
    Subject("raw_insert", "raw set-based insert with dedupe, 1 connection", "events/s"),
    Subject(
        "record_usage",
        "HTTP record_usage, 1,000 events a call, 4 connections",
        "events/s",
        baseline="raw_insert",
        at_least=0.4,
        aim=0.7,
        proven=True,
    ),
)


async def main(*, quick: bool) -> int:
    with ground.folder() as folder, ground.postgres(folder) as server:
        described = machine.describe(await ground.make_databases(server))
        settings = await ground.settle(server, folder)
        async with opened(settings) as installation:
            async with measured(server, installation, folder) as measures:
                samples = await _rounds(measures, quick=quick)
            proof = await installation.prove()
    for difference in proof.differences:
        sys.stderr.write(f"{difference}\n")
    rows = [table.row(each, samples, clean=proof.clean) for each in SUBJECTS]
    looked = dict(proof.looked_at)
    _tell(rows, {"machine": described, "prove": {"clean": proof.clean, "looked_at": looked}})
    return 0 if all(each["counts"] for each in rows) else 1


async def _rounds(measures: Mapping[str, Measure], *, quick: bool) -> dict[str, list[Sample]]:
    """Run all subjects in every round, every other round backwards, after one short warming."""
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    for measure in measures.values():
        await measure(WARMING_SECONDS)
    samples: dict[str, list[Sample]] = {name: [] for name in measures}
    for number in range(rounds):
        names = list(measures) if number % 2 == 0 else list(measures)[::-1]
        for name in names:
            sample = await measures[name](seconds)
            samples[name].append(sample)
            sys.stderr.write(f"round {number + 1}/{rounds}  {name:<14} {sample.rate:>10,.0f}\n")
            if sample.problem:
                sys.stderr.write(f"  {sample.errors} errors: {sample.problem}\n")
    return samples


def _tell(rows: list[dict[str, Any]], told: dict[str, Any]) -> None:
    sys.stdout.write("\n".join(table.lines(rows)) + "\n")
    proof = told["prove"]
    looked = ", ".join(f"{found:,} {kind}" for kind, found in proof["looked_at"].items())
    verdict = "clean" if proof["clean"] else "NOT CLEAN"
    sys.stdout.write(f"\nThe books are {verdict}: looked at {looked}.\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({**told, "rows": rows}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three short rounds")
    sys.exit(uvloop.run(main(quick=parser.parse_args().quick)))
