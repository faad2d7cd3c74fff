"""`bursar migrate`, `bursar prove`, `bursar doctor`: the database, and whether all is well."""

import asyncio
from typing import Annotated, Any

import typer

from core.kernel.proving import Proof
from mcp_server.cli.telling import FAILED, err, out, stop, tell_json
from mcp_server.diagnosis import diagnose
from mcp_server.migrating import migrate_database
from mcp_server.settings import load_settings
from mcp_server.wiring import opened

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the newest migration. Safe to run again."""
    applied = asyncio.run(migrate_database(load_settings()))
    if as_json:
        tell_json({"applied": applied})
    elif applied:
        out.print(f"Applied {', '.join(applied)}.", markup=False)
    else:
        out.print("Nothing to do: the database is up to date.")


def prove(as_json: AsJson = False) -> None:
    """Recompute every balance and protected row, and say what differs. Exits 1 if any does."""
    proof = asyncio.run(_prove())
    if as_json:
        tell_json(_told(proof))
    else:
        for difference in proof.differences:
            err.print(str(difference), markup=False)
        looked = ", ".join(f"{count} {kind}" for kind, count in proof.looked_at.items())
        out.print(f"Looked at {looked}.", markup=False)
        out.print("The books are clean." if proof.clean else f"{proof.found} differences.")
    if not proof.clean:
        raise typer.Exit(FAILED)


async def _prove() -> Proof:
    async with opened() as installation:
        return await installation.prove()


def _told(proof: Proof) -> dict[str, Any]:
    return {
        "clean": proof.clean,
        "looked_at": dict(proof.looked_at),
        "found": proof.found,
        "differences": [{"what": each.what, "problem": each.problem} for each in proof.differences],
    }


def doctor(as_json: AsJson = False) -> None:
    """Look for what commonly goes wrong, and say what to do about it. Exits 1 if anything is."""
    findings = asyncio.run(diagnose(load_settings()))
    if as_json:
        tell_json([{"part": f.part, "well": f.well, "told": f.told} for f in findings])
    else:
        for each in findings:
            mark = "[green]ok[/]  " if each.well else "[red]fix[/] "
            out.print(f"{mark} {each.part:<12}", end=" ")
            out.print(each.told, markup=False)
    if not all(each.well for each in findings):
        stop("something needs mending", FAILED)
