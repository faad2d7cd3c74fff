"""What a customer has of invoices: one that was issued, and a draft."""

from collections.abc import Awaitable, Callable
from typing import Any

from core import collecting
from core.kernel.caller import SYSTEM
from tests.world import World

Ask = Callable[..., Awaitable[dict[str, Any]]]

SELLER = {
    "entity_key": "default",
    "name": "Bursar Ltd",
    "address": {"lines": ["Main Street 1"], "city": "Berlin", "country": "DE"},
}


async def be_invoiced(ask: Ask, key: str, **here: str) -> dict[str, str]:
    """Owe something, and have a draft that nobody has issued yet."""
    await ask("update_billing_details", **here, name=f"The {key} Ltd")
    drafts = [
        await ask(
            "create_invoice",
            **here,
            reference=f"{key}:{n}",
            currency="USD/2",
            lines=[{"description": f"Work for {key}", "amount": "100.00"}],
        )
        for n in (1, 2)
    ]
    issued = await ask("finalize_invoice", **here, invoice_id=drafts[0]["id"])
    return {"invoice_id": issued["id"], "draft_id": drafts[1]["id"]}


async def owe(world: World, ask: Ask, key: str, **here: str) -> str:
    """Owe what is being collected; the provider was not asked yet."""
    fee = [{"description": f"A fee for {key}", "amount": "5.00"}]
    told = {"reference": f"{key}:fee", "currency": "USD/2", "lines": fee}
    invoice = await ask("create_invoice", **here, **told)
    await ask("finalize_invoice", **here, invoice_id=invoice["id"])
    async with world.database.begin(SYSTEM) as work:
        begun = await collecting.collect(work.within(here["project_id"]), invoice["id"])
    return begun.id
