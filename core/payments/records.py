"""Payment records: what was asked for, what came, and what the customer got for it.

A record is written before anybody is asked to pay, under an id made of the id of what it is for;
so there is one, however often and by whomever the payment is told of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import case, insert, select, update

from core.db.work import Work
from core.kernel.ids import is_id, renamed
from core.kernel.money import Asset, Money
from core.payments import tables
from core.payments.missing import PaymentNotFound

CREATED_BY_MAX = 160


class Status(StrEnum):
    EXPECTED = "expected"
    """Nobody has tried to pay yet."""
    PENDING = "pending"
    """The customer has paid by a method that takes days."""
    FAILED = "failed"
    """The last try failed; another may succeed."""
    SUCCEEDED = "succeeded"
    UNDERPAID = "underpaid"
    """Less came than was asked for: the money is booked, and nothing was given for it."""
    CANCELED = "canceled"
    """Nobody can pay it any more."""


PAID = frozenset({Status.SUCCEEDED, Status.UNDERPAID})
"""Money came. It stays so, whatever is told later."""


class Purpose(StrEnum):
    PACK = "pack"
    TOP_UP = "top_up"
    INVOICE = "invoice"
    """What is owed by an invoice: money alone, and no credits are sold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What a payment is for. Credits are sold, bonus credits are given on top."""

    purpose: Purpose
    source_id: str
    """The checkout, the top-up or the collection attempt that the payment is of."""
    wallet_id: str | None
    """Where the credits go: of every sale, and of no invoice."""
    credits: Money
    bonus: Money
    expires_after_days: int | None
    price: Money
    """Of the whole: what is asked for."""
    pack_id: str | None = None
    quantity: int = 1
    invoice_id: str | None = None

    @classmethod
    def of_invoice(cls, invoice_id: str, source_id: str, price: Money) -> "Sale":
        """Say that so much of an invoice is to be paid."""
        nothing = Money(0, price.asset)
        return cls(
            purpose=Purpose.INVOICE,
            source_id=source_id,
            wallet_id=None,
            credits=nothing,
            bonus=nothing,
            expires_after_days=None,
            price=price,
            invoice_id=invoice_id,
        )

    @property
    def wallet(self) -> str:
        """Name the wallet that gets the credits. Ask it of what sells some."""
        assert self.wallet_id, "no credits are sold by an invoice"
        return self.wallet_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why the last try failed, in the provider's words."""

    reason: str
    provider_code: str
    decline_code: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRecord:
    """A payment as our books have it. Ids called external are the provider's."""

    project_id: str
    id: str
    sale: Sale
    status: Status
    received: Money
    refunded: Money
    disputed: Money
    applied: Money
    """How much of it stands for its invoice; nothing of what sells credits."""
    failure: Failure | None
    customer_id: str | None
    external_id: str | None
    charge_id: str | None
    method_id: str | None
    created_by: str
    invocation_id: str | None
    created_at: datetime
    seen_at: datetime | None
    last_event_at: datetime | None
    succeeded_at: datetime | None
    underpaid_at: datetime | None
    closed_at: datetime | None
    transaction_id: str | None
    """The ledger transaction that booked the money and granted the credits."""
    bonus_transaction_id: str | None

    @property
    def is_paid(self) -> bool:
        return self.status in PAID

    @property
    def reference(self) -> str:
        """Name the payment in the ledger, for ever."""
        return f"payment:{self.id}"


def is_providers(source_id: str) -> bool:
    """Tell whether a payment is of an invoice that the provider drew up, and none of ours."""
    return is_id("pvi", source_id)


def payment_id_of(source_id: str) -> str:
    """Name the payment of a checkout, a top-up or an attempt: the same 128 bits."""
    return renamed(source_id, "pay")


async def expect(work: Work, sale: Sale) -> PaymentRecord:
    """Write down that somebody is about to be asked for money, and what for."""
    payment_id = payment_id_of(sale.source_id)
    row = {
        "project_id": work.project_id,
        "id": payment_id,
        "purpose": str(sale.purpose),
        "source_id": sale.source_id,
        "pack_id": sale.pack_id,
        "quantity": sale.quantity,
        "invoice_id": sale.invoice_id,
        "wallet_id": sale.wallet_id,
        "credits": sale.credits.amount,
        "bonus": sale.bonus.amount,
        "credits_asset": str(sale.credits.asset),
        "expires_after_days": sale.expires_after_days,
        "asset": str(sale.price.asset),
        "amount": sale.price.amount,
        "received": 0,
        "refunded": 0,
        "disputed": 0,
        "status": str(Status.EXPECTED),
        "created_by": work.caller.subject[:CREATED_BY_MAX],
        "invocation_id": work.invocation_id,
        "created_at": work.now,
    }
    await work.execute(insert(tables.payments), row)
    work.record("expected", payment_id)
    return await find(work, payment_id)


async def ask_more(work: Work, payment_id: str, units: int) -> None:
    """Raise the price of what nobody has paid, because what made it cheaper was taken away."""
    p = tables.payments.c
    this = (p.project_id == work.project_id, p.id == payment_id, p.succeeded_at.is_(None))
    raised = update(tables.payments).where(*this).values(amount=p.amount + units)
    assert (await work.execute(raised)).rowcount == 1, "who calls has locked it, and it is unpaid"


async def find(work: Work, payment_id: str, *, lock: bool = False) -> PaymentRecord:
    """Find a payment of the unit's project. Raises PaymentNotFound."""
    p = tables.payments.c
    query = select(tables.payments).where(p.project_id == work.project_id, p.id == payment_id)
    row = (await work.execute(query.with_for_update() if lock else query)).first()
    if row is None:
        raise PaymentNotFound(payment_id)
    return record_of(row)


async def find_external(work: Work, external_id: str) -> PaymentRecord | None:
    """Find the payment that the provider calls so, of whichever project: for what it tells us."""
    p = tables.payments.c
    row = (await work.execute(select(tables.payments).where(p.external_id == external_id))).first()
    return record_of(row) if row else None


async def find_charge(work: Work, charge_id: str) -> PaymentRecord | None:
    """Find the payment that came of this charge at the provider, of whichever project."""
    p = tables.payments.c
    row = (await work.execute(select(tables.payments).where(p.charge_id == charge_id))).first()
    return record_of(row) if row else None


async def list_before(
    work: Work, before: str | None, limit: int, *, statuses: Sequence[Status]
) -> list[PaymentRecord]:
    """Return the project's payments with one of these statuses, the newest first."""
    p = tables.payments.c
    query = (
        select(tables.payments)
        .where(p.project_id == work.project_id, SHOWN.in_([str(each) for each in statuses]))
        .order_by(p.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(p.id < before)
    return [record_of(row) for row in await work.execute(query)]


SHOWN = case(
    (tables.payments.c.underpaid_at.is_not(None), str(Status.UNDERPAID)),
    else_=tables.payments.c.status,
)
"""The status as it is told: in the table what is underpaid is paid, since an instant."""


def record_of(row: Any) -> PaymentRecord:
    """Read a row of the table."""
    paid_in, credited = Asset.parse(row.asset), Asset.parse(row.credits_asset)
    return PaymentRecord(
        project_id=row.project_id,
        id=row.id,
        sale=Sale(
            purpose=Purpose(row.purpose),
            source_id=row.source_id,
            wallet_id=row.wallet_id,
            credits=Money(row.credits, credited),
            bonus=Money(row.bonus, credited),
            expires_after_days=row.expires_after_days,
            price=Money(row.amount, paid_in),
            pack_id=row.pack_id,
            quantity=row.quantity,
            invoice_id=row.invoice_id,
        ),
        status=Status.UNDERPAID if row.underpaid_at else Status(row.status),
        received=Money(row.received, paid_in),
        refunded=Money(row.refunded, paid_in),
        disputed=Money(row.disputed, paid_in),
        applied=Money(row.applied or 0, paid_in),
        failure=Failure(**row.failure) if row.failure else None,
        **{name: getattr(row, name) for name in _PLAIN},
    )


_PLAIN = (
    *("customer_id", "external_id", "charge_id", "method_id", "created_by", "invocation_id"),
    *("created_at", "seen_at", "last_event_at", "succeeded_at", "underpaid_at", "closed_at"),
    *("transaction_id", "bonus_transaction_id"),
)
