"""The flows: every way in which value moves, as data. Nothing else may book a transaction.

A flow names the account that is debited and the one that is credited. A wallet is a liability:
crediting it gives the customer something to spend, debiting it is spending.
"""

from dataclasses import dataclass
from functools import lru_cache

from core.db.work import Work
from core.kernel.money import Money
from core.ledger.chart import AccountRole, operator_account, wallet_account
from core.ledger.grants import Terms
from core.ledger.model import Transaction, credit, debit


@dataclass(frozen=True, slots=True)
class Flow:
    """`kind` is what statements call it; a None side is a wallet, named when it is drawn."""

    kind: str
    debits: AccountRole
    credits: AccountRole

    def draw(
        self,
        work: Work,
        amount: Money,
        *,
        reference: str,
        source: str | None = None,
        target: str | None = None,
        memo: str = "",
        terms: Terms | None = None,
    ) -> Transaction:
        """Make the transaction. `source` and `target` are wallets, where the flow has them.

        The amount is positive: which way it goes is what the flow says. `terms` are those of the
        grant that the target gets.
        """
        assert amount.amount > 0, "a flow has a direction; its amount has none"
        return Transaction(
            project_id=work.project_id,
            id=work.ids.new("txn"),
            kind=self.kind,
            reference=reference,
            entries=(
                debit(self._account(work, self.debits, amount, source), amount),
                credit(self._account(work, self.credits, amount, target), amount),
            ),
            memo=memo,
            invocation_id=work.invocation_id,
            terms=terms or _own_terms(self.kind),
            carries_terms=self.debits is self.credits is AccountRole.WALLET,
        )

    def _account(self, work: Work, role: AccountRole, amount: Money, wallet: str | None) -> str:
        if role is AccountRole.WALLET:
            assert wallet, f"{self.kind} needs a wallet"
            return wallet_account(wallet)
        return operator_account(work.project_id, role, amount.asset)


@lru_cache
def _own_terms(kind: str) -> Terms:
    return Terms(kind)


GRANT = Flow("grant", AccountRole.PROMOTIONS, AccountRole.WALLET)
"""The operator gives credits away."""
TOP_UP = Flow("top_up", AccountRole.CLEARING, AccountRole.WALLET)
"""A customer's payment becomes credits."""
CHARGE = Flow("charge", AccountRole.WALLET, AccountRole.REVENUE)
"""Use is paid for."""
CAPTURE = Flow("capture", AccountRole.WALLET, AccountRole.REVENUE)
"""Use that a hold was made for is paid for."""
TRANSFER = Flow("transfer", AccountRole.WALLET, AccountRole.WALLET)
"""Credits move between two wallets of one project."""
ROLLOVER = Flow("rollover", AccountRole.BREAKAGE, AccountRole.WALLET)  # what expired, again
