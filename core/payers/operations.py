"""What a caller can do with kept methods: look, choose, give up."""

from datetime import datetime

from core import payments, projects
from core.db.work import Work
from core.jobs import Errand
from core.kernel.caller import PlatformRole, Role
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.payers import wishing
from core.payers.customers import customer_of
from core.payers.errors import MethodNotFound
from core.payers.jobs import REFRESH_SECONDS, errand_of_wish, refresh_methods
from core.payers.methods import find_method, kept_methods
from core.payers.shapes import (
    ListPaymentMethods,
    NamedMethod,
    PaymentMethodList,
    PaymentMethodView,
    method_view,
)

METHOD = {"method_id": "pmt_01jd3x8k5vq2m7r9t4w6y0z1ab"}


def _refreshing(listed: PaymentMethodList, now: datetime) -> Errand:
    turn = int(now.timestamp()) // REFRESH_SECONDS
    return Errand(
        job=refresh_methods,
        key=f"{listed.project_id}:{turn}",
        project_id=listed.project_id,
        arguments={},
    )


async def _listed(work: Work, _before: PaymentMethodList | None = None) -> PaymentMethodList:
    customer = await customer_of(work)
    items = [method_view(each, customer) for each in await kept_methods(work)]
    return PaymentMethodList(project_id=work.project_id, items=items)


@operation(
    "GET /v1/projects/{project_id}/payment-methods",
    title="List payment methods",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound,),
    examples=(Example(title="What can be paid with", arguments={}),),
    afterwards=Afterwards(errand=_refreshing, answer=_listed),
)
async def list_payment_methods(work: Work, request: ListPaymentMethods) -> PaymentMethodList:
    """List the payment methods that a project has kept for later, newest first.

    Of a card its brand, last four digits and expiry are known, and nothing else. Keep another one
    with create_payment_method_setup.
    """
    return await _listed(work)


async def _anew(work: Work, before: PaymentMethodView) -> PaymentMethodView:
    """Show the method as it is now, or raise why what was asked of it is not done."""
    method = await find_method(work, before.id)
    if method.refusal:
        raise payments.ProviderRefused(**method.refusal)
    return method_view(method, await customer_of(work))


def _wished(method: PaymentMethodView, _now: datetime) -> Errand | None:
    return errand_of_wish(method, method.wished) if method.wished else None


DONE = Afterwards(errand=_wished, answer=_anew)


@operation(
    "POST /v1/projects/{project_id}/payment-methods/{method_id}/default",
    title="Set default payment method",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, MethodNotFound, payments.ProviderRefused),
    examples=(Example(title="Pay with this one", arguments=METHOD),),
    afterwards=DONE,
)
async def set_default_payment_method(work: Work, request: NamedMethod) -> PaymentMethodView:
    """Choose the method that is paid with when nobody is there to choose, as in a top-up.

    While wished says default, the payment provider has not confirmed it yet; look again with
    list_payment_methods.
    """
    return await wishing.wish(work, request.method_id, default_wanted_at=work.real_now)


@operation(
    "DELETE /v1/projects/{project_id}/payment-methods/{method_id}",
    title="Detach payment method",
    toolset=Toolset.PAYMENTS,
    effect=Effect.DESTROY,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, MethodNotFound, payments.ProviderRefused),
    examples=(Example(title="Forget this one", arguments=METHOD),),
    afterwards=DONE,
)
async def detach_payment_method(work: Work, request: NamedMethod) -> PaymentMethodView:
    """Have the payment provider forget a kept method. What was paid with it stays paid.

    Nothing can be paid with it afterwards; if it was the default there is none until another is
    chosen.
    """
    return await wishing.wish(work, request.method_id, detach_wanted_at=work.real_now)


OPERATIONS = (list_payment_methods, set_default_payment_method, detach_payment_method)
