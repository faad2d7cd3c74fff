"""pgbench's TPC-B-like transaction, as PostgreSQL ships it, on the run's own server."""

import asyncio
import re
import time
from pathlib import Path

from sqlalchemy import make_url

from benchmarks.ground import PGBENCH, pgbench_program
from benchmarks.sample import Measure, Sample
from tests.processes import Child

SCALE = 10
CLIENTS = 8
THREADS = 2
DONE = re.compile(r"transactions actually processed: (\d+)")
FAILED = re.compile(r"number of failed transactions: (\d+)")
RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


async def tpcb(server: Child) -> Measure:
    """Fill its tables once, and return what runs it for some seconds."""
    program = pgbench_program(server)
    host = str(make_url(server.url).query["host"])
    connect = ("-h", host, "-U", "postgres")
    await _run(program, *connect, "-i", "-q", "-s", str(SCALE), PGBENCH)

    async def measure(seconds: float) -> Sample:
        length = str(max(1, round(seconds)))
        shape = ("-c", str(CLIENTS), "-j", str(THREADS), "-T", length)
        began = time.perf_counter()
        code, said = await _run(program, *connect, *shape, PGBENCH)
        return read(said, code, time.perf_counter() - began)

    return measure


def read(said: str, code: int, seconds: float) -> Sample:
    """Read what pgbench says of a run."""
    done, failed, rate = DONE.search(said), FAILED.search(said), RATE.search(said)
    if code or not (done and failed and rate) or int(failed[1]):
        sample = Sample(seconds=seconds)
        sample.fail(said)
        return sample
    # Its own rate leaves out what it takes to connect and to look at the tables before.
    return Sample(int(done[1]), int(done[1]) / float(rate[1]))


async def _run(program: Path, *arguments: str) -> tuple[int, str]:
    running = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await running.communicate()
    return running.returncode or 0, said.decode()
