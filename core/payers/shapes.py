"""What is sent to the operations on kept methods, and what they answer."""

from datetime import datetime
from typing import Annotated, Literal

from core.operations.fields import Identifier
from core.operations.operation import ProjectRequest, Result
from core.payers.customers import CustomerRecord
from core.payers.methods import MethodRecord

MethodId = Annotated[str, Identifier("pmt")]


class ListPaymentMethods(ProjectRequest):
    pass


class NamedMethod(ProjectRequest):
    method_id: MethodId


class PaymentMethodView(Result):
    id: str
    project_id: str
    kind: str
    brand: str | None
    last4: str | None
    expiry_month: int | None
    expiry_year: int | None
    is_default: bool
    """Paid with when nobody is there to choose."""
    wished: Literal["default", "detach"] | None
    """What was asked of it and is not done yet."""
    wished_at: datetime | None
    created_at: datetime
    detached_at: datetime | None


class PaymentMethodList(Result):
    project_id: str
    items: list[PaymentMethodView]


def method_view(method: MethodRecord, customer: CustomerRecord | None) -> PaymentMethodView:
    wished_at = method.detach_wanted_at or method.default_wanted_at
    return PaymentMethodView(
        id=method.id,
        project_id=method.project_id,
        kind=method.kind,
        brand=method.brand,
        last4=method.last4,
        expiry_month=method.expiry_month,
        expiry_year=method.expiry_year,
        is_default=bool(customer and customer.default_method == method.external_id),
        wished="detach" if method.detach_wanted_at else "default" if wished_at else None,
        wished_at=wished_at,
        created_at=method.created_at,
        detached_at=method.detached_at,
    )
