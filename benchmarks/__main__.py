"""Measure everything side by side in one run: `python -m benchmarks [--quick | --full]`.

Prints a table, writes `var/bench.json`, and exits with 1 if a row does not count. `--growth` fills
a ledger up to so many entries and writes `var/bench-growth.json`; `--markdown FILE …` prints what
such files hold.
"""

import argparse
import sys
import time
from pathlib import Path

import uvloop

from benchmarks import (
    afterwards,
    ground,
    growth,
    machine,
    ratings,
    renewals,
    report,
    rounds,
    table,
)
from benchmarks.laying_out import Scene, installed, laid_out
from benchmarks.proving import prove_all
from benchmarks.rounds import FULL, QUICK, USUAL, Form
from benchmarks.sample import Sample
from benchmarks.subjects import LATENCY, SUBJECTS


async def main(form: Form) -> int:
    began = time.perf_counter()
    with ground.folder() as folder, ground.postgres(folder) as server:
        described = machine.describe(await ground.make_roles(server))
        await ground.make_database(server, ground.BURSAR)
        async with installed(server, folder) as installations:
            async with laid_out(server, installations, folder) as scene:
                rounds.say(f"laid out after {time.perf_counter() - began:.1f} s")
                samples, grown = await _measured(scene, form)
                rated = await ratings.of_month(server, folder, form, scene.watch)
                renewed = await renewals.of_one_minute(server, folder, form, scene.watch)
            rounds.say(f"measured after {time.perf_counter() - began:.1f} s")
            proofs = await prove_all(installations.by_books)
    clean = {name: bool(each["clean"]) for name, each in proofs.items()}
    rows = [table.row(each, samples, clean=clean) for each in SUBJECTS]
    rows += afterwards.rows(samples, grown, clean)
    rows.append(ratings.row(rated, form))
    rows.append(renewals.row(renewed, form))
    result = {
        "form": form.name,
        "seconds": round(time.perf_counter() - began, 1),
        "machine": described,
        "rows": [each.told() for each in rows],
        "memory": grown.memory,
        "memory_of_renewals": renewed.memory,
        "calls": grown.calls,
        "disk": grown.bytes_per_call(),
        "tables": grown.sizes,
        "prove": proofs,
    }
    return 0 if report.tell(result, "bench.json") else 1


async def _measured(scene: Scene, form: Form) -> tuple[dict[str, list[Sample]], afterwards.Grown]:
    names = [each.name for each in SUBJECTS]
    samples = await rounds.run(scene.measures, names, form, scene.watch)
    peak = afterwards.peak_of(samples["charge_usage"])
    samples[LATENCY.name] = await afterwards.latencies(scene, form, peak)
    grown = await afterwards.grow(scene, form, peak)
    return samples | await afterwards.told_of(scene, form), grown


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--quick", action="store_true", help="three short rounds")
    one.add_argument("--full", action="store_true", help="longer rounds, and a million calls")
    parser.add_argument(
        "--growth",
        type=int,
        nargs="?",
        const=growth.LEVELS[-1],
        metavar="ENTRIES",
        help="charges by the size of the ledger, up to this one",
    )
    parser.add_argument("--markdown", type=Path, nargs="+", metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    asked = _asked()
    if asked.markdown:
        report.markdown(asked.markdown)
    elif asked.growth:
        sys.exit(uvloop.run(growth.main(asked.growth, QUICK if asked.quick else FULL)))
    else:
        sys.exit(uvloop.run(main(QUICK if asked.quick else FULL if asked.full else USUAL)))
