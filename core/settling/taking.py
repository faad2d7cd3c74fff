"""Take credits back for money that went back, and name as lost what is no longer there.

The policy, in one place: what is due is in proportion to the money, sold and bonus credits alike.
It is taken from the very grants of that payment first, then from whatever the wallet has, and never
below the wallet's floor. What cannot be taken was spent: it is booked on the project's losses
account in the same transaction, so that the exchange and promotions accounts tell what went back,
and the losses account what that cost.
"""

from collections.abc import Callable, Sequence

from core import ledger
from core.db.work import Work
from core.kernel.money import Asset, Money
from core.ledger import AccountRole, Entry, Transaction
from core.payments import PaymentRecord
from core.settling.model import Share, TakenBack

BONUS = "bonus"


def operator(work: Work, role: AccountRole, money: Money) -> Entry:
    """Book so much on an operator account of the unit's project: a debit, if it is positive."""
    return Entry(ledger.operator_account(work.project_id, role, money.asset), money)


async def take_back(
    work: Work,
    record: PaymentRecord,
    due: Share,
    money: Sequence[Entry],
    *,
    kind: str,
    reference: str,
) -> TakenBack:
    """Post how the money went and what is taken back for it: one transaction, one for the bonus."""
    asset = record.sale.credits.asset
    await open_accounts(work, asset, *(each.money.asset for each in money))

    def sold(taken: int) -> Transaction | None:
        credits_ = _credits(work, record, AccountRole.EXCHANGE, due.credits, taken)
        moved, purchase = (*money, *credits_), record.transaction_id
        return _draw(work, record, moved, kind=kind, reference=reference, takes_back=purchase)

    def bonus(taken: int) -> Transaction | None:
        credits_ = _credits(work, record, AccountRole.PROMOTIONS, due.bonus, taken)
        return _draw(
            work,
            record,
            credits_,
            kind=f"{kind}_{BONUS}",
            reference=f"{reference}:{BONUS}",
            takes_back=record.bonus_transaction_id,
        )

    transaction_id, credits_taken = await _post_what_is_there(work, sold, due.credits)
    bonus_transaction_id, bonus_taken = await _post_what_is_there(work, bonus, due.bonus)
    return TakenBack(
        due=due,
        taken=Share(credits_taken, bonus_taken),
        transaction_id=transaction_id,
        bonus_transaction_id=bonus_transaction_id,
    )


async def open_accounts(work: Work, *assets: Asset) -> None:
    """Open the operator's accounts that an older project does not have yet."""
    for asset in sorted(set(assets), key=str):
        await ledger.open_operator_accounts(work, asset)


async def freeze(work: Work, record: PaymentRecord, due: Share, memo: str) -> ledger.Hold | None:
    """Hold what is due of what the wallet has, so that nobody spends it. None when that is nothing.

    Nobody's call made the hold, so nobody's call can settle it; and it does not expire.
    """
    wanted = due.credits + due.bonus
    try:
        return await _hold(work, record, wanted, memo) if wanted else None
    except ledger.InsufficientFunds as short:
        there = wanted - short.shortfall.amount
        return await _hold(work, record, there, memo) if there > 0 else None


async def unfreeze(work: Work, record: PaymentRecord, hold_id: str) -> None:
    """Give back what was held."""
    account_id = ledger.wallet_account(record.sale.wallet)
    settle = ledger.Settle(project_id=work.project_id, account_id=account_id, hold_id=hold_id)
    await ledger.propose(work, settle)


async def _hold(work: Work, record: PaymentRecord, amount: int, memo: str) -> ledger.Hold:
    hold = ledger.Hold(
        project_id=work.project_id,
        account_id=ledger.wallet_account(record.sale.wallet),
        id=work.ids.new("hld"),
        amount=amount,
        capture_max=amount,
        expires_at=ledger.NEVER,
        memo=memo,
        invocation_id=None,
        held_at=work.now,
    )
    held = await ledger.propose(work, ledger.Reserve(hold))
    assert isinstance(held, ledger.Held), "a hold is opened or refused"
    return held.hold


async def _post_what_is_there(
    work: Work, draw: Callable[[int], Transaction | None], due: int
) -> tuple[str | None, int]:
    """Take all of it, or what there is; return what was posted, and how much was taken.

    A refusal says how much is short, and leaves the wallet locked: so the second try is decided
    about the same wallet, and nobody can have spent from it in between.
    """
    taken, transaction = due, draw(due)
    if transaction is None:
        return None, 0
    try:
        [posted] = await ledger.post(work, transaction)
    except ledger.InsufficientFunds as short:
        taken = max(0, due - short.shortfall.amount)
        transaction = draw(taken)
        assert transaction is not None, "what is lost is booked"
        [posted] = await ledger.post(work, transaction)
    is_new = isinstance(posted, ledger.Accepted)
    assert is_new, "whoever takes back has locked the payment, and looked"
    return transaction.id, taken


def _credits(
    work: Work, record: PaymentRecord, source: AccountRole, due: int, taken: int
) -> tuple[Entry, ...]:
    if not due:
        return ()
    asset = record.sale.credits.asset
    wallet = ledger.wallet_account(record.sale.wallet)
    return (
        Entry(wallet, Money(taken, asset)),
        operator(work, AccountRole.LOSSES, Money(due - taken, asset)),
        operator(work, source, Money(-due, asset)),
    )


def _draw(
    work: Work,
    record: PaymentRecord,
    entries: Sequence[Entry],
    *,
    kind: str,
    reference: str,
    takes_back: str | None,
) -> Transaction | None:
    moved = tuple(each for each in entries if each.money.amount)
    if not moved:
        return None
    return Transaction(
        project_id=work.project_id,
        id=work.ids.new("txn"),
        kind=kind,
        reference=reference,
        entries=moved,
        memo=f"{kind.replace('_', ' ').capitalize()} of {record.id}",
        # A statement leads from what went back to what had come, and the proof goes that way too.
        reverses=takes_back,
        takes_back=takes_back,
    )
