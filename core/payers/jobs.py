"""What payments have done outside: methods listed, chosen and given up."""

from typing import Any

from core import payments
from core.db.work import Work
from core.jobs import Errand, Failure, JobContext, job
from core.kernel.errors import EngineError, Kind
from core.payers import events
from core.payers.customers import change_customer, customer_of, mirror_customer
from core.payers.methods import (
    MethodRecord,
    change_method,
    find_method,
    mirror_all,
    mirror_detached,
)

REFRESH_SECONDS = 30
"""How often, at most, a project's methods are listed anew because somebody looks at them."""


@job("refresh_methods", outside=True)
async def refresh_methods(context: JobContext) -> None:
    """Mirror the methods that the project's customer has now, and which one is the default."""
    async with context.begin() as work:
        customer, asked_at = await customer_of(work), work.real_now
    if customer is None:
        return
    gateway: payments.PaymentGateway = context.port("gateway")
    seen = await gateway.read_customer(customer.external_id)
    listed = [] if seen.deleted else await gateway.list_methods(customer.external_id)
    async with context.begin() as work:
        await mirror_customer(work, customer, seen)
        await mirror_all(work, customer, listed, asked_at=asked_at)


async def _given_up(work: Work, failure: Failure, *, method_id: str, **_: Any) -> None:
    if failure.is_last:
        await _refuse(work, method_id, "provider_unavailable", failure.error)


@job("choose_method", outside=True, failed=_given_up)
async def choose_method(context: JobContext, *, method_id: str, wished_at: str) -> None:
    """Have the customer pay with this method from now on."""
    async with context.begin() as work:
        method, customer = await find_method(work, method_id), await customer_of(work)
    if customer is None or method.default_wanted_at is None:
        return
    gateway: payments.PaymentGateway = context.port("gateway")
    key = f"{method_id}:default:{wished_at}"
    try:
        await gateway.set_default_method(customer.external_id, method.external_id, key=key)
    except EngineError as error:
        await _settle_refusal(context, method, error)
        return
    async with context.begin() as work:
        await change_customer(work, customer, default_method=method.external_id)
        await change_method(work, method_id, default_wanted_at=None)
        await events.tell(work, events.METHOD_DEFAULT, method_id)


@job("give_up_method", outside=True, failed=_given_up)
async def give_up_method(context: JobContext, *, method_id: str, wished_at: str) -> None:
    """Have the provider forget this method."""
    async with context.begin() as work:
        method, customer = await find_method(work, method_id), await customer_of(work)
    if method.detach_wanted_at is None:
        return
    gateway: payments.PaymentGateway = context.port("gateway")
    key = f"{method_id}:detach:{wished_at}"
    try:
        await gateway.detach_method(method.external_id, key=key)
    except EngineError as error:
        await _settle_refusal(context, method, error)
        return
    async with context.begin() as work:
        if customer and customer.default_method == method.external_id:
            await change_customer(work, customer, default_method=None)
        await mirror_detached(work, await find_method(work, method_id, lock=True))


async def _settle_refusal(context: JobContext, method: MethodRecord, error: EngineError) -> None:
    """Write down why it is not done; what may be done later is left to another attempt."""
    if error.kind is Kind.BUSY:
        raise error
    async with context.begin() as work:
        if isinstance(error, payments.ProviderObjectMissing):
            await mirror_detached(work, await find_method(work, method.id, lock=True))
        code = error.provider_code if isinstance(error, payments.ProviderRefused) else error.code
        reason = error.reason if isinstance(error, payments.ProviderRefused) else str(error)
        await _refuse(work, method.id, code, reason)


async def _refuse(work: Work, method_id: str, code: str | None, reason: str) -> None:
    refusal = {"provider_code": code, "reason": reason}
    idle = {"default_wanted_at": None, "detach_wanted_at": None}
    await change_method(work, method_id, refusal=refusal, **idle)


def errand_of_wish(method: Any, wish: str) -> Errand:
    """Name the job that does what was asked of a method."""
    wished_at = method.wished_at.isoformat()
    return Errand(
        job=choose_method if wish == "default" else give_up_method,
        key=f"{method.id}:{wish}:{wished_at}",
        project_id=method.project_id,
        arguments={"method_id": method.id, "wished_at": wished_at},
    )


JOBS = (refresh_methods, choose_method, give_up_method)
