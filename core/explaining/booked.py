"""Read a transaction as it was booked: every entry, the account it is on, and which grants paid.

From the rows themselves, as the proofs do: what explains a booking shares no code with what made
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from core import ledger
from core.db.work import Work
from core.kernel.ids import renamed
from core.kernel.money import Asset, Money
from core.ledger import AccountRole, Side, tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One entry. Amount and balance are positive where the account grows."""

    account_id: str
    role: AccountRole
    amount: Money
    balance: Money
    side: Side

    @property
    def wallet_id(self) -> str | None:
        is_wallet = self.role is AccountRole.WALLET
        return renamed(self.account_id, "wal") if is_wallet else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A transaction of the unit's project."""

    id: str
    kind: str
    reference: str
    posted_at: datetime
    memo: str
    reverses: str | None
    invocation_id: str | None
    burned: tuple[tuple[str, int], ...]
    """Which grants paid, with how much each."""
    postings: tuple[Posting, ...]

    @property
    def amounts(self) -> Mapping[str, int]:
        """What is booked on each account: debits positive, credits negative."""
        return {each.account_id: each.amount.amount * each.side for each in self.postings}

    @property
    def wallets(self) -> tuple[Posting, ...]:
        return tuple(each for each in self.postings if each.role is AccountRole.WALLET)


async def find_booked(work: Work, transaction_id: str) -> Booked:
    """Find a transaction that this caller may be told of. Raises TransactionNotFound.

    What moves the operator's accounts alone, such as a fee, is no project's business.
    """
    t = tables.transactions.c
    query = select(tables.transactions).where(
        t.project_id == work.project_id, t.id == transaction_id
    )
    row = (await work.execute(query)).first()
    if row is None:
        raise ledger.TransactionNotFound(transaction_id)
    booked = Booked(
        **{name: getattr(row, name) for name in _STORED},
        burned=tuple((grant_id, amount) for grant_id, amount in row.burned or ()),
        postings=await _postings(work, transaction_id),
    )
    if not (work.caller.is_platform or booked.wallets):
        raise ledger.TransactionNotFound(transaction_id)
    return booked


async def _postings(work: Work, transaction_id: str) -> tuple[Posting, ...]:
    e, a = tables.entries.c, tables.accounts.c
    query = (
        select(e.account_id, e.amount, e.balance, a.role, a.asset, a.side)
        .join(tables.accounts, (a.project_id == e.project_id) & (a.id == e.account_id))
        .where(e.project_id == work.project_id, e.transaction_id == transaction_id)
        .order_by(a.role.desc(), e.account_id)
    )
    return tuple(
        Posting(
            account_id=row.account_id,
            role=AccountRole(row.role),
            amount=Money(row.amount * row.side, Asset.parse(row.asset)),
            balance=Money(row.balance * row.side, Asset.parse(row.asset)),
            side=Side(row.side),
        )
        for row in await work.execute(query)
    )


_STORED = ("id", "kind", "reference", "posted_at", "memo", "reverses", "invocation_id")
