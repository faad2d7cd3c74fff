"""What says of itself that it was paid, and was not, is found by the proof."""

import pytest
from sqlalchemy import text

from core import surface
from tests.core.collecting.till import open_till
from tests.world import World

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update payments_payments set applied = 4000", "4000 of it is applied; 10000 is settled"),
        (
            "update payments_payments set invoice_id = transaction_id",
            "10000 is settled by",
        ),
        (
            "update collecting_attempts set id = project_id",
            "it is said to be paid, and no payment of it is",
        ),
    ],
)
async def test_a_figure_that_was_changed_is_found(world: World, change: str, told: str) -> None:
    till = await open_till(world)
    await till.collect()
    await till.must_agree()

    async with world.owner() as connection:
        await connection.execute(text(change))

    proof = await surface.prove(world.database)
    assert told in "\n".join(map(str, proof.differences))
