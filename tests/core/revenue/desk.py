"""Whoever runs the business, asking for reports: what the tests of revenue begin with."""

from collections.abc import Sequence
from typing import Any

from core import surface
from core.kernel.caller import Caller
from core.operations.perform import Call
from tests.world import AUDITOR, World

BY_NAME = {each.name: each for each in surface.OPERATIONS}
USD = "USD/2"
MOVED = (
    *("mrr_start", "mrr_new", "mrr_reactivation", "mrr_expansion", "mrr_contraction"),
    *("mrr_churn", "mrr_end"),
)


async def ask(world: World, name: str, caller: Caller = AUDITOR, /, **sent: Any) -> dict[str, Any]:
    call = Call(caller=caller, arguments={"currency": USD} | sent, door="test")
    return (await world.gate.perform(BY_NAME[name], call)).unwrap()


async def report(world: World, first: str, last: str, **more: Any) -> list[dict[str, Any]]:
    told = await ask(world, "get_revenue_report", start_on=first, end_on=last, **more)
    spans: list[dict[str, Any]] = told["spans"]
    return spans


def moved(spans: Sequence[dict[str, Any]]) -> list[str]:
    """Say of each span its first day, MRR at its start, the five movements, and MRR at its end."""
    return [f"{each['start_on']} " + " ".join(each[name] for name in MOVED) for each in spans]


async def movements(world: World, first: str, last: str, **more: Any) -> list[dict[str, Any]]:
    """Return all of them, page by page."""
    items, cursor = [], None
    while True:
        sent: dict[str, Any] = {"cursor": cursor} if cursor else {}
        told = await ask(world, "list_mrr_movements", start_on=first, end_on=last, **sent, **more)
        items += told["items"]
        cursor = told["next_cursor"]
        if cursor is None:
            return items
