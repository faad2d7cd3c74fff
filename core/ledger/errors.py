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


@dataclass(eq=False)
class HoldNotFound(EngineError):
    """There is no hold {hold_id} in this project."""

    code = "hold_not_found"
    kind = Kind.NOT_FOUND
    hold_id: str


@dataclass(eq=False)
class HoldNotOpen(EngineError):
    """The hold {hold_id} is {state} already. Only an open hold can be captured or released."""

    code = "hold_not_open"
    kind = Kind.CONFLICT
    hold_id: str
    state: str
    transaction_id: str | None
    """What captured it."""


@dataclass(eq=False)
class CaptureTooLarge(EngineError):
    """At most {capture_max} of the hold {hold_id} can be captured. Charge the rest on its own."""

    code = "capture_too_large"
    kind = Kind.REFUSED
    hold_id: str
    capture_max: Money
