"""Reserve credits before the use they are for, and settle afterwards: capture or release.

The hold is looked up first, to know whose wallet it is; whether it is still open is decided by the
ledger, under its lock, so of two that settle one hold at once one does.
"""

from dataclasses import dataclass
from datetime import datetime

from core import ledger, statements
from core.db.work import Work
from core.kernel.money import Money
from core.operations.errors import invalid
from core.operations.fields import money
from core.wallets import events, finding
from core.wallets.errors import WalletNotFound
from core.wallets.model import Wallet, wallet_of


@dataclass(frozen=True, slots=True)
class Captured:
    """What of a hold was paid, what of it was not needed, and what its wallet has left."""

    hold: ledger.Hold
    transaction_id: str
    captured: Money
    released: Money
    available: Money


async def hold(
    work: Work,
    wallet: Wallet,
    amount: Money,
    *,
    capture_max: Money,
    expires_at: datetime,
    memo: str,
) -> ledger.Held:
    """Promise so much of the wallet to whoever captures this hold. Raises InsufficientFunds."""
    if capture_max.amount < amount.amount:
        raise invalid("capture_max", "must not be less than amount")
    wished = ledger.Hold(
        project_id=work.project_id,
        account_id=ledger.wallet_account(wallet.id),
        id=work.ids.new("hld"),
        amount=amount.amount,
        capture_max=capture_max.amount,
        expires_at=expires_at,
        memo=memo,
        invocation_id=work.invocation_id,
        held_at=work.now,
    )
    held = await ledger.propose(work, ledger.Reserve(wished))
    assert isinstance(held, ledger.Held), "a hold is opened or refused"
    await events.held(work, events.HOLD_CREATED, held.hold, wallet.asset)
    return held


async def capture(work: Work, hold_id: str, amount: str | None, memo: str | None) -> Captured:
    """Take what the use has cost out of the hold, and give back what it did not need.

    Raises CaptureTooLarge beyond what was agreed, InsufficientFunds where the wallet does not have
    what is beyond the hold, and HoldNotOpen for a hold that is settled or has expired.
    """
    found, wallet = await _find(work, hold_id)
    whole = Money(found.amount, wallet.asset)
    taken = money(amount, wallet.asset) if amount else whole
    transaction = ledger.flows.CAPTURE.draw(
        work,
        taken,
        reference=f"hold:{hold_id}",
        source=wallet.id,
        memo=found.memo if memo is None else memo,
    )
    settled = await ledger.propose(work, _settling(found, transaction))
    assert isinstance(settled, ledger.Accepted), "a capture is posted or refused"
    unused = Money(max(0, whole.amount - taken.amount), wallet.asset)
    told = {"transaction_id": transaction.id, "captured": taken.decimal, "released": unused.decimal}
    await events.held(work, events.HOLD_CAPTURED, found, wallet.asset, **told)
    available = Money(settled.available, wallet.asset)
    return Captured(found, transaction.id, taken, unused, available)


async def release(work: Work, hold_id: str) -> tuple[ledger.Held, Wallet]:
    """Give back all that the hold promised. Raises HoldNotOpen."""
    found, wallet = await _find(work, hold_id)
    released = await ledger.propose(work, _settling(found))
    assert isinstance(released, ledger.Held), "a hold is released or refused"
    await events.held(work, events.HOLD_RELEASED, released.hold, wallet.asset)
    return released, wallet


def _settling(hold: ledger.Hold, capture: ledger.Transaction | None = None) -> ledger.Settle:
    return ledger.Settle(
        project_id=hold.project_id, account_id=hold.account_id, hold_id=hold.id, capture=capture
    )


async def _find(work: Work, hold_id: str) -> tuple[ledger.Hold, Wallet]:
    """Find a hold on a wallet that this caller may charge; any other does not exist for it."""
    found = await statements.find_hold(work, hold_id)
    try:
        wallet = await finding.find_spendable(work, wallet_of(found))
    except WalletNotFound:
        raise ledger.HoldNotFound(hold_id) from None
    if found.invocation_id is None:
        # The engine's own, as of a disputed payment: no call made it, and none may settle it.
        raise ledger.HoldNotOpen(hold_id, "frozen", None)
    return found, wallet
