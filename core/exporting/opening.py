"""Tell the provider of a meter before anything is sent to it: a meter there, and a tiered price.

One job for each version of an export. What it calls has a key of its own, so that a job that runs
twice makes nothing twice.
"""

from typing import Any

from core import payments
from core.db.schema import PLATFORM
from core.db.work import Work
from core.exporting import events, finding
from core.exporting.model import REASON_MAX, Export, State, SyncState
from core.jobs import Errand, Failure, JobContext, job
from core.kernel.errors import EngineError, Kind


async def _failed(work: Work, failure: Failure, *, meter_id: str, version: int) -> None:
    export = await finding.by_id(work, meter_id, lock=True)
    if failure.is_last and export and export.version == version:
        await _refuse(work, export, "provider_unavailable", failure.error)


@job("open_usage_export", outside=True, failed=_failed)
async def open_usage_export(context: JobContext, *, meter_id: str, version: int) -> None:
    """Have the provider know the meter of this version of an export, and what a unit costs."""
    async with context.begin() as work:
        export = await finding.by_id(work, meter_id)
    if export is None or export.version != version or export.state is not State.ON:
        return
    if export.sync_state is not SyncState.WAITING:
        return
    try:
        made = await _make(context, export)
    except EngineError as error:
        if error.kind is Kind.BUSY:
            raise
        async with context.begin() as work:
            await _refuse(work, export, *_why(error))
        return
    async with context.begin() as work:
        done = {"sync_state": str(SyncState.SYNCED), "synced_at": work.now}
        await finding.change(work, export, **(made | done))


async def _make(context: JobContext, export: Export) -> dict[str, Any]:
    gateway: payments.PaymentGateway = context.port("gateway")
    root = f"{export.meter_id}:{export.version}"
    meter = await gateway.save_meter(
        payments.MeterDraft(
            name=export.name, event_name=export.terms.event_name, formula=export.formula
        ),
        key=key_of(f"{root}:meter", context),
    )
    made: dict[str, Any] = {"provider_meter": meter.id}
    if export.terms.currency is None or export.price:
        return made
    ours = {"meter_key": export.meter_key, "meter_id": export.meter_id}
    product = await gateway.save_product(
        payments.ProductDraft(id=export.product, name=export.name, metadata=ours),
        key=key_of(f"{root}:product", context),
    )
    price = await gateway.save_metered_price(
        payments.MeteredPriceDraft(
            product_id=product.id,
            meter_id=meter.id,
            asset=export.terms.currency,
            tiers=export.terms.tiers,
            metadata=ours,
        ),
        key=key_of(f"{root}:{product.id}:price", context),
    )
    return made | {"product": product.id, "price": price.id}


def key_of(root: str, context: JobContext) -> str:
    """Name a call so that an answer that was lost is given again, and a failure is not for ever."""
    return payments.key_of_attempt(root, context.attempt)


def _why(error: EngineError) -> tuple[str, str]:
    if isinstance(error, payments.ProviderRefused):
        return error.provider_code or error.code, error.reason
    return error.code, str(error)


async def _refuse(work: Work, export: Export, code: str, reason: str) -> None:
    reason = reason[:REASON_MAX]
    refused = {"sync_state": str(SyncState.REFUSED), "sync_code": code, "sync_reason": reason}
    if await finding.change(work, export, **refused):
        await events.tell(work, events.REFUSED, export, code=code, reason=reason)


def errand_of(meter_id: str, version: int) -> Errand:
    """Name the job that tells the provider of this version."""
    return Errand(
        job=open_usage_export,
        key=f"{meter_id}:{version}",
        project_id=PLATFORM,
        arguments={"meter_id": meter_id, "version": version},
    )
