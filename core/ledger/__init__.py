"""The double-entry ledger. See README.md for what it owns and what must always be true."""

from core.ledger import flows
from core.ledger.batching import Outcome
from core.ledger.chart import AccountRole, operator_account, wallet_account
from core.ledger.errors import (
    AccountNotFound,
    AssetMismatch,
    BalanceTooLarge,
    CaptureTooLarge,
    HoldNotFound,
    HoldNotOpen,
    InsufficientFunds,
    NotReversible,
    ReferenceReused,
    TransactionNotFound,
)
from core.ledger.grants import NEVER, PRIORITY, PRIORITY_MAX, Grant, Terms, lot_id
from core.ledger.holds import Expire, Held, Hold, HoldState, Reserve, Settle
from core.ledger.model import (
    Accepted,
    Account,
    Duplicate,
    Entry,
    Refused,
    Side,
    Transaction,
    credit,
    debit,
)
from core.ledger.opening import (
    open_invoiced_accounts,
    open_operator_accounts,
    open_wallet_account,
)
from core.ledger.posting import expire_due, next_expiry, post, post_each, propose
from core.ledger.purses import grant_of, hold_of
from core.ledger.reading import STAND, Mark, Standing, marks, read_accounts, standings
from core.ledger.reversing import reverse

__all__ = [
    "NEVER",
    "PRIORITY",
    "PRIORITY_MAX",
    "STAND",
    "Accepted",
    "Account",
    "AccountNotFound",
    "AccountRole",
    "AssetMismatch",
    "BalanceTooLarge",
    "CaptureTooLarge",
    "Duplicate",
    "Entry",
    "Expire",
    "Grant",
    "Held",
    "Hold",
    "HoldNotFound",
    "HoldNotOpen",
    "HoldState",
    "InsufficientFunds",
    "Mark",
    "NotReversible",
    "Outcome",
    "ReferenceReused",
    "Refused",
    "Reserve",
    "Settle",
    "Side",
    "Standing",
    "Terms",
    "Transaction",
    "TransactionNotFound",
    "credit",
    "debit",
    "expire_due",
    "flows",
    "grant_of",
    "hold_of",
    "lot_id",
    "marks",
    "next_expiry",
    "open_invoiced_accounts",
    "open_operator_accounts",
    "open_wallet_account",
    "operator_account",
    "post",
    "post_each",
    "propose",
    "read_accounts",
    "reverse",
    "standings",
    "wallet_account",
]
