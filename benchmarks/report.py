"""What a run says in the end: a table in the terminal, JSON in a file, Markdown from such files."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import table

BUSY = 0.2
"""Servers that do less than this of a core are idle: their workers look for work."""
FOLDER = Path(__file__).parents[1] / "var"


def tell(result: Mapping[str, Any], name: str) -> bool:
    """Print the result and write it down; return whether every row counts."""
    file = FOLDER / name
    FOLDER.mkdir(exist_ok=True)
    file.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", "utf-8")
    sys.stdout.write("\n".join(_told(result)) + f"\n\nWritten to {file}\n")
    return all(each["counts"] for each in result["rows"])


def markdown(files: list[Path]) -> None:
    """Print the results that these files hold, as they stand in a document."""
    for file in files:
        sys.stdout.write("\n".join(_told(json.loads(file.read_text("utf-8")))) + "\n\n")


def _told(result: Mapping[str, Any]) -> list[str]:
    machine = result["machine"]
    said = [*table.lines(result["rows"]), "", f"Form {result['form']}. {_machine(machine)}"]
    said[-1] += f" It took {result['seconds']:,.0f} s."
    if shares := _client_shares(result["rows"]):
        least, most = min(shares), max(shares)
        of = "Of the processor time that went into a subject behind a server, the client took"
        said += ["", f"{of} {least:.0%} to {most:.0%}."]
    if result.get("memory"):
        memory = (f"{size / 2**20:,.1f} MiB after {n}" for n, size in result["memory"].items())
        said += ["", f"Memory of the serving process, by calls: {', '.join(memory)}."]
    if result.get("memory_of_renewals"):
        sizes = result["memory_of_renewals"].items()
        memory = (f"{size / 2**20:,.1f} MiB after {part}" for part, size in sizes)
        said += ["", f"Memory of the process that renews: {', '.join(memory)}."]
    if result.get("disk"):
        disk = (f"{kind} {size:,.0f} B" for kind, size in result["disk"].items())
        said += ["", f"Disk for each of {result['calls']:,} charges over MCP: {', '.join(disk)}."]
    if used := table.core_lines(result["rows"]):
        said += ["", *used]
    return [*said, "", *proofs(result["prove"])]


def _client_shares(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    """Tell the client's part in whatever servers had a part in."""
    return [
        cores["client"] / sum(cores.values())
        for each in rows
        if (cores := each["cores"]).get("servers", 0) > BUSY and each["counts"]
    ]


def _machine(machine: Mapping[str, Any]) -> str:
    return (
        f"{machine['at'][:10]}, commit {machine['commit']}: "
        f"{machine['cores']} cores of {machine['processor']}, {machine['memory']}, "
        f"{machine['system']}, Python {machine['python']}, "
        f"{machine['postgres'].partition(' on ')[0]}; load before {machine['load_before'][0]:.2f}."
    )


def proofs(proofs: Mapping[str, Any]) -> list[str]:
    return [
        f"The books on {name} are {'clean' if each['clean'] else 'NOT CLEAN'}: looked at "
        + ", ".join(f"{found:,} {kind}" for kind, found in each["looked_at"].items())
        + f", in {each['seconds']:,.0f} s."
        for name, each in proofs.items()
    ]
