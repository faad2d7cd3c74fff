"""What becomes of customers and their methods, each told once, in the unit of the change."""

from core import audit, messaging
from core.db.work import Work

METHOD_ATTACHED = "payment_method.attached"
METHOD_DETACHED = "payment_method.detached"
METHOD_DEFAULT = "payment_method.default_changed"
CUSTOMER_DELETED = "customer.deleted"


async def tell(work: Work, happened: str, object_id: str, **told: str | None) -> None:
    """Publish what happened to a customer or a method, and note it in the trail."""
    await messaging.publish(work, happened, object_id, told)
    await audit.record(work, happened, object_id, **told)
