"""A mark differs whenever its account's balance has changed, in whichever project that is."""

import pytest

from core import ledger
from core.kernel.ids import compose
from tests.core.ledger.books import ADA, charge, open_wallet, unit
from tests.world import PROJECT, World

pytestmark = pytest.mark.anyio

ACCOUNT = ledger.wallet_account(ADA)


async def test_a_mark_changes_with_the_balance_and_with_nothing_else(world: World) -> None:
    await open_wallet(world, ADA, "10")
    wanted = [(PROJECT, ACCOUNT), (PROJECT, compose("acc", 9)), (compose("prj", 2), ACCOUNT)]
    async with unit(world) as work:
        before = await ledger.marks(work, wanted)
        again = await ledger.marks(work, wanted)
        await ledger.post(work, charge(work, "1", "c:1"))
        after = await ledger.marks(work, wanted)

    assert before == again
    assert before.keys() == after.keys() == {(PROJECT, ACCOUNT)}
    assert before != after
