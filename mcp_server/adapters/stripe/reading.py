"""Stripe's objects in our words. Pure: from a mapping, as the wire or an event has it.

A field that holds an object's id may hold the object itself, if somebody asked for that. What is
not read here is not kept: of a card there is no more than its brand, last four digits and expiry.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from core.kernel.money import Asset, Money
from core.payments import (
    Checkout,
    CheckoutMode,
    CheckoutState,
    Cost,
    Customer,
    Decline,
    Dispute,
    DisputeState,
    Meter,
    Method,
    PaidState,
    Payment,
    PaymentState,
    Payout,
    Price,
    ProcessorTransaction,
    Product,
    ProviderEvent,
    Refund,
    RefundState,
    Seen,
    Tier,
    figure,
)
from mcp_server.adapters.stripe.currencies import LIMITS

INSTALLATION = "installation"
Told = Mapping[str, Any]
State = TypeVar("State", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for an account. `live` is for those objects that do not say so themselves."""

    live: bool
    installation: str = ""
    """What we write on everything that we make, so that nobody takes it for theirs."""

    def marked(self, metadata: Mapping[str, str]) -> Mapping[str, str]:
        return {**metadata, INSTALLATION: self.installation} if self.installation else metadata

    def seen(self, told: Told) -> Seen | None:
        """Read any object that we have a word for, and that is of the mode of our key.

        A test payment is no payment where money is real, though its webhook's secret be ours too.
        """
        read = self._readers().get(str(told.get("object")))
        if read is None or not told.get("id") or told.get("livemode", self.live) != self.live:
            return None
        return read(told)

    def _readers(self) -> Mapping[str, Callable[[Told], Seen]]:
        return {
            "customer": self.customer,
            "product": self.product,
            "price": self.price,
            "checkout.session": self.checkout,
            "payment_intent": self.payment,
            "refund": self.refund,
            "dispute": self.dispute,
            "payment_method": self.method,
            "balance_transaction": self.processor_transaction,
            "payout": self.payout,
            "billing.meter": self.meter,
        }

    def common(self, told: Told) -> dict[str, Any]:
        """Read what every object has."""
        names = dict(told.get("metadata") or {})
        made_by = names.pop(INSTALLATION, self.installation)
        return {
            "id": told["id"],
            # A deleted object says that, and nothing else.
            "created_at": moment(told.get("created") or 0),
            "live": told.get("livemode", self.live),
            "metadata": names,
            "elsewhere": made_by != self.installation,
        }

    def customer(self, told: Told) -> Customer:
        settings = told.get("invoice_settings") or {}
        return Customer(
            **self.common(told),
            name=told.get("name"),
            email=told.get("email"),
            default_method_id=id_of(settings.get("default_payment_method")),
            deleted=bool(told.get("deleted")),
        )

    def product(self, told: Told) -> Product:
        active = bool(told.get("active")) and not told.get("deleted")
        return Product(**self.common(told), name=told.get("name") or "", active=active)

    def price(self, told: Told) -> Price:
        recurring = told.get("recurring")
        return Price(
            **self.common(told),
            product_id=id_of(told.get("product")) or "",
            unit=_money_or_none(told, "unit_amount"),
            active=bool(told.get("active")) and not told.get("deleted"),
            cost=_cost(told),
            meter_id=(recurring or {}).get("meter"),
            recurring=recurring is not None,
        )

    def checkout(self, told: Told) -> Checkout:
        setup = told.get("setup_intent")
        return Checkout(
            **self.common(told),
            mode=_state(CheckoutMode, told.get("mode")),
            state=_state(CheckoutState, told.get("status")),
            paid=_state(PaidState, told.get("payment_status")),
            url=told.get("url"),
            reference=told.get("client_reference_id"),
            customer_id=id_of(told.get("customer")),
            total=_money_or_none(told, "amount_total"),
            discount=_discount(told),
            expires_at=_moment_or_none(told.get("expires_at")),
            payment_id=id_of(told.get("payment_intent")),
            subscription_id=id_of(told.get("subscription")),
            invoice_id=id_of(told.get("invoice")),
            setup_id=id_of(setup),
            method_id=id_of(setup.get("payment_method")) if isinstance(setup, Mapping) else None,
        )

    def payment(self, told: Told) -> Payment:
        charge = told.get("latest_charge")
        charged: Told = charge if isinstance(charge, Mapping) else {}
        refunded = charged.get("amount_refunded")
        return Payment(
            **self.common(told),
            state=_state(PaymentState, told.get("status")),
            amount=money(told["amount"], told["currency"]),
            received=money(told.get("amount_received") or 0, told["currency"]),
            customer_id=id_of(told.get("customer")),
            method_id=id_of(told.get("payment_method")),
            charge_id=id_of(charge),
            decline=_decline(told.get("last_payment_error")),
            action_url=_action_url(told.get("next_action")),
            refunded=None if refunded is None else money(refunded, told["currency"]),
            disputed=bool(charged.get("disputed")),
            processor_transaction_id=id_of(charged.get("balance_transaction")),
            canceled_reason=told.get("cancellation_reason"),
        )

    def refund(self, told: Told) -> Refund:
        return Refund(
            **self.common(told),
            state=_state(RefundState, told.get("status")),
            amount=money(told["amount"], told["currency"]),
            payment_id=id_of(told.get("payment_intent")),
            charge_id=id_of(told.get("charge")),
            reason=told.get("reason"),
            failure_reason=told.get("failure_reason"),
            processor_transaction_id=id_of(told.get("balance_transaction")),
            failure_transaction_id=id_of(told.get("failure_balance_transaction")),
        )

    def dispute(self, told: Told) -> Dispute:
        evidence = told.get("evidence_details") or {}
        return Dispute(
            **self.common(told),
            state=_state(DisputeState, told.get("status")),
            amount=money(told["amount"], told["currency"]),
            payment_id=id_of(told.get("payment_intent")),
            charge_id=id_of(told.get("charge")) or "",
            reason=told.get("reason") or "general",
            evidence_due_at=_moment_or_none(evidence.get("due_by")),
            processor_transactions=tuple(
                self.processor_transaction(each) for each in told.get("balance_transactions") or ()
            ),
        )

    def method(self, told: Told) -> Method:
        kind = told.get("type") or ""
        shown = told.get(kind) or {}
        return Method(
            **self.common(told),
            customer_id=id_of(told.get("customer")),
            kind=kind,
            brand=shown.get("brand") or shown.get("bank_name"),
            last4=shown.get("last4"),
            expiry_month=shown.get("exp_month"),
            expiry_year=shown.get("exp_year"),
        )

    def processor_transaction(self, told: Told) -> ProcessorTransaction:
        currency = told["currency"]
        return ProcessorTransaction(
            **self.common(told),
            kind=told.get("type") or "",
            category=told.get("reporting_category") or "",
            amount=money(told["amount"], currency),
            fee=money(told["fee"], currency),
            net=money(told["net"], currency),
            source_id=id_of(told.get("source")),
            state=told.get("status") or "",
            available_at=moment(told["available_on"]),
        )

    def payout(self, told: Told) -> Payout:
        return Payout(
            **self.common(told),
            state=told.get("status") or "",
            amount=money(told["amount"], told["currency"]),
            arrives_at=moment(told["arrival_date"]),
            failure_code=told.get("failure_code"),
            automatic=bool(told.get("automatic", True)),
        )

    def meter(self, told: Told) -> Meter:
        active = told.get("status") == "active"
        return Meter(**self.common(told), event_name=told["event_name"], active=active)

    def event(self, told: Told) -> ProviderEvent:
        """Read a snapshot event, or a thin one, whose related object has no content here."""
        data = told.get("data") or {}
        about = data.get("object") or told.get("related_object") or {}
        created = told["created"]
        return ProviderEvent(
            id=told["id"],
            type=told["type"],
            occurred_at=moment(created) if isinstance(created, int) else _written(created),
            live=told.get("livemode", self.live),
            api_version=told.get("api_version"),
            object_type=about.get("object") or about.get("type"),
            object_id=about.get("id"),
            payload=told,
        )


def money(units: int, currency: str) -> Money:
    """Read an amount in what Stripe counts in. A currency that is new to us has two decimals."""
    code = currency.upper()
    limit = LIMITS.currencies.get(code)
    return Money(units, limit.asset if limit else Asset(code, 2))


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def id_of(value: object) -> str | None:
    """Return the id of an object that is given as its id or whole."""
    told = value.get("id") if isinstance(value, Mapping) else value
    return told if isinstance(told, str) and told else None


def _discount(told: Told) -> Money | None:
    if told.get("amount_total") is None:
        return None
    details = told.get("total_details") or {}
    return money(details.get("amount_discount") or 0, told["currency"])


def _money_or_none(told: Told, field: str) -> Money | None:
    units, currency = told.get(field), told.get("currency")
    return None if units is None or currency is None else money(units, currency)


def _moment_or_none(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)


def _cost(told: Told) -> Cost | None:
    """Read all that a price costs by; None where a part of it is not told, or is new to us."""
    tiers, scheme = told.get("tiers"), told.get("billing_scheme")
    package = told.get("transform_quantity") or {}
    unit = told.get("unit_amount_decimal")
    if not (tiers if scheme == "tiered" else unit) or package.get("round") == "down":
        return None
    recurring = told.get("recurring") or {}
    return Cost(
        asset=money(0, told["currency"]).asset,
        unit=None if tiers else figure(str(unit)),
        package=package.get("divide_by"),
        tiers=tuple(_tier(each) for each in tiers or ()),
        mode=told.get("tiers_mode"),
        interval=recurring.get("interval"),
        interval_count=recurring.get("interval_count") or 1,
        meter_id=recurring.get("meter"),
    )


def _tier(told: Told) -> Tier:
    unit = figure(str(told.get("unit_amount_decimal") or "0"))
    return Tier(up_to=told.get("up_to"), unit=unit, flat=told.get("flat_amount") or None)


def _written(instant: str) -> datetime:
    """Read an instant of version 2 of the API, which is written as in RFC 3339."""
    return datetime.fromisoformat(instant).astimezone(UTC)


def _state(states: type[State], told: object) -> State | str:
    word = str(told) if told is not None else ""
    return states(word) if word in set(states) else word


def _decline(told: Told | None) -> Decline | None:
    if not told:
        return None
    return Decline(
        reason=told.get("message") or "It gave no reason.",
        provider_code=told.get("code") or "card_declined",
        decline_code=told.get("decline_code"),
    )


def _action_url(told: Told | None) -> str | None:
    redirect = (told or {}).get("redirect_to_url") or {}
    url = redirect.get("url")
    return url if isinstance(url, str) else None
