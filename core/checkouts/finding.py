"""Find checkouts of the unit's project, or by the provider's name for what it tells us."""

from typing import Any

from sqlalchemy import select, update

from core.checkouts.errors import CheckoutNotFound
from core.checkouts.model import Checkout, Mode, State
from core.checkouts.tables import checkouts
from core.db.work import Work


async def find(work: Work, checkout_id: str, *, lock: bool = False) -> Checkout:
    """Find a checkout of the unit's project. Raises CheckoutNotFound."""
    c = checkouts.c
    query = select(checkouts).where(c.project_id == work.project_id, c.id == checkout_id)
    row = (await work.execute(query.with_for_update() if lock else query)).mappings().first()
    if row is None:
        raise CheckoutNotFound(checkout_id)
    return _checkout(row)


async def find_external(work: Work, external_id: str) -> Checkout | None:
    """Find the checkout that the provider calls so, of whichever project."""
    query = select(checkouts).where(checkouts.c.external_id == external_id)
    row = (await work.execute(query)).mappings().first()
    return _checkout(row) if row else None


async def change(work: Work, checkout: Checkout, **values: Any) -> bool:
    """Change a checkout that is still in the state it was found in. False when it is not."""
    c = checkouts.c
    this = (
        c.project_id == checkout.project_id,
        c.id == checkout.id,
        c.state == str(checkout.state),
    )
    return (await work.execute(update(checkouts).where(*this).values(values))).rowcount == 1


def _checkout(row: Any) -> Checkout:
    return Checkout(**dict(row) | {"mode": Mode(row["mode"]), "state": State(row["state"])})
