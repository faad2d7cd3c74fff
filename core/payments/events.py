"""What payments tell, each once, in the unit of the change itself."""

from core import audit, messaging
from core.db.work import Work
from core.payments.records import PaymentRecord


async def tell_payment(work: Work, record: PaymentRecord) -> None:
    """Tell what became of a payment: `payment.succeeded`, `.pending`, `.failed`, `.canceled`."""
    sale, happened = record.sale, f"payment.{record.status}"
    told = {
        "purpose": str(sale.purpose),
        "source_id": sale.source_id,
        "invoice_id": sale.invoice_id,
        "amount": sale.price.decimal,
        "received": record.received.decimal,
        "currency": str(sale.price.asset),
        "wallet_id": sale.wallet_id,
        "credits": sale.credits.decimal,
        "bonus_credits": sale.bonus.decimal,
        "asset": str(sale.credits.asset),
        "transaction_id": record.transaction_id,
        "failure": record.failure and record.failure.provider_code,
    }
    await messaging.publish(work, happened, record.id, told)
    await audit.record(work, happened, record.id, **told)
