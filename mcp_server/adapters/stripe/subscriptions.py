"""Subscriptions and invoices that Stripe bills by itself: they are read, and never changed here."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.payments import Window
from core.stepping import (
    ProviderInvoice,
    ProviderItem,
    ProviderLine,
    ProviderSettlement,
    ProviderSubscription,
)
from mcp_server.adapters.stripe.calling import Part, Told
from mcp_server.adapters.stripe.history import within
from mcp_server.adapters.stripe.reading import id_of, moment, money

WITH_PAYMENTS = {"expand": ["payments"]}
"""An invoice says by which payments it is paid only when it is asked."""


class SubscriptionsAtStripe(Part):
    async def read_subscription(self, subscription_id: str) -> ProviderSubscription:
        told = await self._calls.ask(
            "read a subscription",
            lambda: self._v1.subscriptions.retrieve_async(subscription_id),
        )
        return self._subscription(told)

    async def read_invoice(self, invoice_id: str) -> ProviderInvoice:
        told = await self._calls.ask(
            "read an invoice",
            lambda: self._v1.invoices.retrieve_async(invoice_id, dict(WITH_PAYMENTS)),
        )
        return await self._whole(told)

    async def subscriptions(self) -> AsyncIterator[ProviderSubscription]:
        listed = self._v1.subscriptions.list_async
        async for told in self._calls.pages(
            "list subscriptions", lambda at: listed({"status": "all", **at})
        ):
            yield self._subscription(told)

    async def invoices_of(self, subscription_id: str) -> AsyncIterator[ProviderInvoice]:
        async for each in self._invoices({"subscription": subscription_id}):
            yield each

    async def invoices_in(self, window: Window) -> AsyncIterator[ProviderInvoice]:
        async for each in self._invoices(within(window)):
            yield each

    async def _invoices(self, which: Told) -> AsyncIterator[ProviderInvoice]:
        listed, more = self._v1.invoices.list_async, {"expand": ["data.payments"]}
        async for told in self._calls.pages(
            "list invoices", lambda at: listed({**which, **more, **at})
        ):
            yield await self._whole(told)

    async def _whole(self, told: Told) -> ProviderInvoice:
        """Read an invoice, and the lines and payments that were not told with it."""
        invoice = self._invoice(told)
        if (told.get("lines") or {}).get("has_more"):
            listed = self._v1.invoices.line_items.list_async
            lines = [
                _line(each)
                async for each in self._calls.pages(
                    "list lines of an invoice", lambda at: listed(told["id"], at)
                )
            ]
            invoice = replace(invoice, lines=tuple(lines))
        if (told.get("payments") or {}).get("has_more"):
            paid = self._v1.invoice_payments.list_async
            parts = [
                _settlement(each)
                async for each in self._calls.pages(
                    "list payments of an invoice", lambda at: paid({"invoice": told["id"], **at})
                )
            ]
            invoice = replace(invoice, settlements=tuple(parts))
        return invoice

    def _subscription(self, told: Told) -> ProviderSubscription:
        return ProviderSubscription(
            **self._read.common(told),
            state=told["status"],
            customer_id=id_of(told["customer"]) or "",
            asset=money(0, told["currency"]).asset,
            items=tuple(_item(each) for each in told["items"]["data"]),
            starts_at=moment(told["start_date"]),
            anchor_at=moment(told["billing_cycle_anchor"]),
            trial_start_at=_moment(told.get("trial_start")),
            trial_ends_at=_moment(told.get("trial_end")),
            cancel_at=_moment(told.get("cancel_at")),
            ended_at=_moment(told.get("ended_at")),
            collection_paused=told.get("pause_collection") is not None,
            latest_invoice_id=id_of(told.get("latest_invoice")),
        )

    def _invoice(self, told: Told) -> ProviderInvoice:
        currency, parent = told["currency"], told.get("parent") or {}
        about = parent.get("subscription_details") or {}
        tax = sum(each["amount"] for each in told.get("total_taxes") or ())
        moments = told.get("status_transitions") or {}
        return ProviderInvoice(
            **self._read.common(told),
            state=told.get("status") or "draft",
            reason=told.get("billing_reason") or "manual",
            customer_id=id_of(told.get("customer")) or "",
            subscription_id=id_of(about.get("subscription")),
            number=told.get("number"),
            total=money(told["total"], currency),
            tax=money(tax, currency),
            paid=money(told["amount_paid"], currency),
            due=money(told["amount_remaining"], currency),
            lines=tuple(_line(each) for each in told["lines"]["data"]),
            settlements=tuple(
                _settlement(each) for each in (told.get("payments") or {}).get("data", ())
            ),
            attempts=told.get("attempt_count") or 0,
            next_attempt_at=_moment(told.get("next_payment_attempt")),
            paid_at=_moment(moments.get("paid_at")),
        )


def _item(told: Told) -> ProviderItem:
    price = told["price"]
    return ProviderItem(
        id=told["id"],
        price_id=price["id"],
        product_id=id_of(price.get("product")) or "",
        quantity=told.get("quantity"),
        start_at=moment(told["current_period_start"]),
        end_at=moment(told["current_period_end"]),
    )


def _line(told: Told) -> ProviderLine:
    pricing, period = told.get("pricing") or {}, told["period"]
    parent: Any = told.get("parent") or {}
    about = parent.get(str(parent.get("type"))) or {}
    return ProviderLine(
        price_id=id_of((pricing.get("price_details") or {}).get("price")),
        quantity=told.get("quantity"),
        amount=money(told["amount"], told["currency"]),
        start_at=moment(period["start"]),
        end_at=moment(period["end"]),
        prorated=bool(about.get("proration")),
    )


def _settlement(told: Told) -> ProviderSettlement:
    paid = told.get("amount_paid")
    return ProviderSettlement(
        id=told["id"],
        amount=money(told["amount_requested"] if paid is None else paid, told["currency"]),
        payment_id=id_of(told["payment"].get("payment_intent")),
        is_paid=told["status"] == "paid",
    )


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else moment(seconds)
