"""Why the ledger says no."""

from dataclasses import dataclass

from core.kernel.errors import EngineError, Kind
from core.kernel.money import Money


@dataclass(eq=False)
class AccountNotFound(EngineError):
    """No account is called {account_id}."""

    code = "account_not_found"
    kind = Kind.NOT_FOUND
    account_id: str


@dataclass(eq=False)
class InsufficientFunds(EngineError):
    """{wallet_id} has {available} available and is {shortfall} short. Nothing was taken."""

    code = "insufficient_funds"
    kind = Kind.PAYMENT_REQUIRED
    wallet_id: str
    """Only wallets have a floor, so the account that is short is always one."""
    available: Money
    shortfall: Money
    """What has to be added to the wallet before the same request would pass."""


@dataclass(eq=False)
class BalanceTooLarge(EngineError):
    """{account_id} would count past 2^63 of its smallest unit."""

    code = "balance_too_large"
    kind = Kind.INVALID
    account_id: str


@dataclass(eq=False)
class AssetMismatch(EngineError):
    """{account_id} holds {holds}, not {given}."""

    code = "asset_mismatch"
    kind = Kind.INVALID
    account_id: str
    holds: str
    given: str


@dataclass(eq=False)
class ReferenceReused(EngineError):
    """The reference {reference} already names another transaction, {transaction_id}."""

    code = "reference_reused"
    kind = Kind.CONFLICT
    reference: str
    transaction_id: str


@dataclass(eq=False)
class TransactionNotFound(EngineError):
    """No transaction is called {transaction_id}."""

    code = "transaction_not_found"
    kind = Kind.NOT_FOUND
    transaction_id: str


@dataclass(eq=False)
class NotReversible(EngineError):
    """{transaction_id} cannot be reversed: {reason}."""

    code = "not_reversible"
    kind = Kind.CONFLICT
    transaction_id: str
    reason: str
