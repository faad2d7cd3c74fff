"""Note how the provider has a plan, as it was just read there: whoever changes it there, drifts.

While the provider is to be told of the plan anew, differences are that job's business.
"""

from core import payments
from core.db.work import Work
from core.shelving import events, finding
from core.shelving.finding import short
from core.shelving.model import (
    Shelf,
    ShelfPrice,
    ShelfState,
    drift_of_price,
    drift_of_product,
)


async def note_product(work: Work, plan_id: str, product: payments.Product | None) -> None:
    """Compare the plan with its product; None is one that was deleted."""
    shelf = await finding.shelf_of(work, plan_id, lock=True)
    if shelf is None or shelf.state is ShelfState.WAITING:
        return
    drift = short(drift_of_product(shelf, product))
    if drift == shelf.drift:
        return
    await finding.change_shelf(work, shelf, drift=drift)
    if drift:
        await events.tell(work, events.PLAN_DRIFTED, shelf, f"its product: {drift}")


async def note_price(work: Work, price: ShelfPrice, theirs: payments.Price | None) -> None:
    """Compare a price with the provider's; None is one that was deleted."""
    shelf = await finding.shelf_of(work, price.plan_id, lock=True)
    if shelf is None or shelf.state is ShelfState.WAITING:
        return
    drift = short(drift_of_price(price, theirs, shelf))
    if drift == price.drift:
        return
    await finding.change_price(work, price.id, drift=drift)
    if drift:
        told = f"{price.path} (version {price.version}): {drift}"
        await events.tell(work, events.PLAN_DRIFTED, shelf, short(told))


def state_of(shelf: Shelf, prices: list[ShelfPrice]) -> tuple[ShelfState, str | None]:
    """Say how far the provider knows the plan, and why it is not as it should be."""
    if shelf.state is not ShelfState.SYNCED:
        return shelf.state, shelf.reason
    drifted = [
        f"{each.path} (version {each.version}): {each.drift}" for each in prices if each.drift
    ]
    if shelf.drift:
        drifted.insert(0, f"its product: {shelf.drift}")
    return (ShelfState.DRIFTED, short("; ".join(drifted))) if drifted else (shelf.state, None)
