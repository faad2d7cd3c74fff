"""Balance transactions: what every movement of money did to the operator's balance, and its fee."""

from mcp_server.sandbox import money
from mcp_server.sandbox.lists import page
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work

AVAILABLE_SECONDS = 2 * 86_400
PAY_OUT = "pay_out"
CATEGORIES = {
    "charge": "charge",
    "payment": "charge",
    "refund": "refund",
    "payment_refund": "refund",
}


def record(
    work: Work,
    type: str,
    amount: int,
    source: Json,
    *,
    fee: int = 0,
    category: str | None = None,
    now_available: bool = False,
) -> Json:
    """Record what a movement did; an amount below zero took money away."""
    kinds = {"adjustment": "Dispute fee"}
    details = {
        "amount": fee,
        "application": None,
        "currency": source["currency"],
        "description": kinds.get(type, "Stripe processing fees"),
        "type": "stripe_fee",
    }
    transaction = work.new(
        "balance_transaction",
        "txn",
        amount=amount,
        available_on=work.now + (0 if now_available else AVAILABLE_SECONDS),
        balance_type="payments",
        currency=source["currency"],
        description=source.get("description"),
        exchange_rate=None,
        fee=fee,
        fee_details=[details] if fee else [],
        net=amount - fee,
        reporting_category=category or CATEGORIES.get(type, type),
        source=source["id"],
        status="available" if now_available else "pending",
        type=type,
    )
    transaction.pop("livemode")
    if type != "payout":
        work.later(AVAILABLE_SECONDS, PAY_OUT, source["currency"])
    return work.save(transaction)


def for_charge(work: Work, charge: Json, *, now_available: bool) -> Json:
    type = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    return record(
        work,
        type,
        charge["amount_captured"],
        charge,
        fee=money.fee(charge["amount_captured"]),
        now_available=now_available,
    )


def become_available(work: Work) -> None:
    """Move what has waited long enough; nothing is told about it, as Stripe tells nothing."""
    for each in work.every("balance_transaction", status="pending"):
        if each["available_on"] <= work.now:
            work.save({**each, "status": "available"})


def retrieve(work: Work, asked: Params, id: str) -> Json:
    become_available(work)
    return work.get("balance_transaction", id)


def find(work: Work, asked: Params) -> Json:
    become_available(work)
    where = {
        "_payout": asked.text("payout"),
        "currency": asked.text("currency"),
        "source": asked.text("source"),
        "type": asked.text("type"),
    }
    return page(work, asked, "balance_transaction", "/v1/balance_transactions", where)


def balance(work: Work, asked: Params) -> Json:
    become_available(work)
    sums: dict[str, dict[str, int]] = {"available": {}, "pending": {}}
    for each in work.every("balance_transaction"):
        currency = each["currency"]
        for status, by_currency in sums.items():
            here = each["net"] if each["status"] == status else 0
            by_currency[currency] = by_currency.get(currency, 0) + here
    return {
        "object": "balance",
        "livemode": False,
        **{
            status: [
                {"amount": amount, "currency": currency, "source_types": {"card": amount}}
                for currency, amount in (by_currency or {"usd": 0}).items()
            ]
            for status, by_currency in sums.items()
        },
    }
