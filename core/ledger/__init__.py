"""The double-entry ledger. See README.md for what it owns and what must always be true."""

from core.ledger import flows
from core.ledger.batching import Outcome
from core.ledger.chart import (
    AccountRole,
    operator_account,
    wallet_account,
)
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
from core.ledger.opening import open_wallet_account, read_accounts
from core.ledger.posting import post, post_each, propose
from core.ledger.proof import PROTECTED, TRAIL, prove
from core.ledger.reversing import reverse
from core.ledger.statements import Line, known, posted_at, statement, taken
from core.ledger.watching import Mark, marks

__all__ = [
    "PROTECTED",
    "TRAIL",
    "Accepted",
    "Account",
    "AccountNotFound",
    "AccountRole",
    "AssetMismatch",
    "BalanceTooLarge",
    "CaptureTooLarge",
    "Duplicate",
    "Entry",
    "HoldNotFound",
    "HoldNotOpen",
    "InsufficientFunds",
    "Line",
    "Mark",
    "NotReversible",
    "Outcome",
    "ReferenceReused",
    "Refused",
    "Side",
    "Transaction",
    "TransactionNotFound",
    "credit",
    "debit",
    "flows",
    "known",
    "marks",
    "open_wallet_account",
    "operator_account",
    "post",
    "post_each",
    "posted_at",
    "propose",
    "prove",
    "read_accounts",
    "reverse",
    "statement",
    "taken",
    "wallet_account",
]
