"""What a customer has whose payment failed: a run of dunning, and a link to leave a card."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from core import dunning
from core.dunning import hearing, links
from core.kernel.caller import SYSTEM
from core.kernel.money import Asset
from core.messaging import Event
from tests.world import World


async def be_dunned(
    world: World, ask: Callable[..., Awaitable[dict[str, Any]]], key: str, **here: str
) -> dict[str, str]:
    """Have the payment of an invoice fail, and hear of it."""
    work_done = [{"description": f"More work for {key}", "amount": "70.00"}]
    sent = {"reference": f"{key}:unpaid", "currency": "USD/2", "lines": work_done}
    drawn = await ask("create_invoice", **here, **sent)
    await ask("finalize_invoice", **here, invoice_id=drawn["id"])
    project_id, invoice_id = here["project_id"], drawn["id"]
    async with world.database.begin(SYSTEM) as work:
        theirs = work.within(project_id)
        attempt_id = work.ids.new("col")
        event = Event(
            id=work.ids.new("evt"),
            project_id=project_id,
            type="collection.failed",
            object_id=attempt_id,
            occurred_at=work.now,
            data={
                "invoice_id": invoice_id,
                "attempt_id": attempt_id,
                "permanent": False,
                "reason": f"The card of {key} was declined.",
            },
        )
        await hearing.declined(theirs, event)
        run = await dunning.run_of(theirs, invoice_id)
        assert run, "it was just begun"
        until = work.now + timedelta(days=14)
        path = links.path_of(theirs, links.Link(project_id, Asset.parse("USD/2"), until))
    return {"run_id": run.id, "card_token": path.removeprefix(links.PATH)}
