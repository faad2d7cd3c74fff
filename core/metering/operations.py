"""What a caller can do with meters and usage."""

from decimal import Decimal

from core import ledger, projects, wallets
from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.money import Asset
from core.kernel.period import Window
from core.metering import charging, listing, meters, recording
from core.metering import events as telling
from core.metering.shapes import (
    ChargeUsage,
    CreateMeter,
    ListUsageEvents,
    MeterList,
    MeterView,
    RecordUsage,
    UsageCharged,
    UsageEventList,
    UsageRecorded,
    charged_view,
    event_reply,
    event_view,
    meter_view,
)
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, PageRequest, RateClass, operation
from core.operations.scopes import Toolset
from core.usage import (
    Aggregation,
    ChargeTooLarge,
    EventConflict,
    EventInTheFuture,
    EventTooOld,
    Meter,
    MeterArchived,
    MeterKeyTaken,
    MeterNotChargeable,
    MeterNotFound,
    PropertiesTooLarge,
    PropertyMissing,
    PropertyNotNumeric,
    QuantityBelowZero,
    QuantityNotRead,
    QuantityOutOfRange,
    Status,
    UsageBilled,
)


@operation(
    "POST /v1/meters",
    title="Create meter",
    toolset=Toolset.METERING,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    raises=(MeterKeyTaken,),
    examples=(
        Example(
            title="Tokens, priced by the million",
            arguments={
                "key": "llm_tokens",
                "name": "LLM tokens",
                "aggregation": "sum",
                "unit": "token",
                "property": "tokens",
                "price": "0.000002",
                "asset": "CREDIT/6",
            },
        ),
    ),
)
async def create_meter(work: Work, request: CreateMeter) -> MeterView:
    """Define something that is measured and what one unit of it costs. Platform operators only.

    Every project's usage is read by the same meters. count and sum can be charged event by event
    with charge_usage; summarize_usage tells what any meter makes of its events.
    """
    if request.aggregation == "count" and request.property:
        raise invalid("property", "must be left out, because a count counts events")
    if request.aggregation == "unique" and not request.property:
        raise invalid("property", "is required, because unique counts its distinct values")
    if (request.aggregation == "bucketed_max") != (request.per_window is not None):
        raise invalid("per_window", "is for bucketed_max, which needs one, and for no other")
    meter = Meter(
        id=work.ids.new("mtr"),
        key=request.key,
        name=request.name,
        aggregation=Aggregation(request.aggregation),
        unit=request.unit,
        property=request.property,
        price=Decimal(request.price),
        asset=Asset.parse(request.asset),
        created_at=work.now,
        per_window=Window(request.per_window) if request.per_window else None,
    )
    await meters.create(work, meter)
    work.record("created", meter.id)
    await telling.meter_created(work, meter)
    return meter_view(meter)


@operation(
    "GET /v1/meters",
    title="List meters",
    toolset=Toolset.METERING,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="All meters", arguments={}),),
)
async def list_meters(work: Work, request: PageRequest) -> MeterList:
    """List what is measured, by key: how it is summed up, what it reads, and what it costs."""
    after = paging.after(request.cursor, parts=1)
    found = await meters.list_after(work, after[0] if after else None, request.limit + 1)
    shown = paging.page(found, request.limit, lambda meter: [meter.key])
    return MeterList(
        items=[meter_view(each) for each in shown.items], next_cursor=shown.next_cursor
    )


@operation(
    "POST /v1/projects/{project_id}/usage",
    title="Record usage",
    toolset=Toolset.METERING,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.USAGE,
    status=202,
    raises=(projects.ProjectNotFound,),
    examples=(
        Example(
            title="Two calls of a model",
            arguments={
                "events": [
                    {
                        "event_id": "req_1",
                        "meter_key": "llm_tokens",
                        "properties": {"model": "large", "tokens": 1500},
                    },
                    {
                        "event_id": "req_2",
                        "meter_key": "llm_tokens",
                        "properties": {"model": "small", "tokens": 320},
                    },
                ]
            },
        ),
    ),
    batched=True,
    names=lambda request: [each.event_id for each in request.events],
)
async def record_usage(work: Work, request: RecordUsage) -> UsageRecorded:
    """Record 1 to 1,000 uses without charging them, and say of each what came of it.

    accepted: recorded. duplicate: this event_id was recorded before with the same content, so
    sending a batch again is safe. refused: see code and reason; the other events stand. An
    event_id that was sent before with other content is refused as event_conflict.
    """
    verdicts = await recording.record(work, request.events)
    told = [verdict.status for verdict in verdicts]
    # Not validated once more: it is ours, and as long as what was sent.
    return UsageRecorded.model_construct(
        accepted=told.count(Status.ACCEPTED),
        duplicate=told.count(Status.DUPLICATE),
        refused=told.count(Status.REFUSED),
        events=[event_reply(each) for each in verdicts],
    )


@operation(
    "POST /v1/projects/{project_id}/usage/charges",
    title="Charge usage",
    toolset=Toolset.METERING,
    effect=Effect.SPEND,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    also_scopes=("wallets:write",),
    rate=RateClass.USAGE,
    status=201,
    raises=(
        projects.ProjectNotFound,
        MeterNotFound,
        MeterArchived,
        MeterNotChargeable,
        EventInTheFuture,
        EventTooOld,
        EventConflict,
        UsageBilled,
        PropertyMissing,
        PropertyNotNumeric,
        PropertiesTooLarge,
        QuantityOutOfRange,
        QuantityBelowZero,
        QuantityNotRead,
        ChargeTooLarge,
        wallets.WalletNotFound,
        wallets.NoWalletForAsset,
        ledger.AssetMismatch,
        ledger.InsufficientFunds,
        ledger.BalanceTooLarge,
    ),
    examples=(
        Example(
            title="One call of a model",
            arguments={
                "event_id": "req_3",
                "meter_key": "llm_tokens",
                "properties": {"model": "large", "tokens": 1500},
            },
        ),
    ),
    batched=True,
    names=lambda request: [request.event_id],
)
async def charge_usage(work: Work, request: ChargeUsage) -> UsageCharged:
    """Record one use and take its price from a wallet, both or neither.

    An event_id is charged at most once, ever: sending it again answers with the first charge and
    duplicate true, and takes nothing. Usage that was only recorded is charged now. When the wallet
    is short the error says by how much, and nothing is recorded: add credits, then send it again.
    """
    charged = await charging.charge(work, request.event(), request.wallet_id)
    return charged_view(charged, request.meter_key)


@operation(
    "GET /v1/projects/{project_id}/usage/events",
    title="List usage events",
    toolset=Toolset.METERING,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, MeterNotFound, paging.InvalidCursor),
    examples=(
        Example(title="The ten newest", arguments={"limit": 10}),
        Example(title="Was this one recorded?", arguments={"event_id": "req_3"}),
    ),
)
async def list_usage_events(work: Work, request: ListUsageEvents) -> UsageEventList:
    """List recorded usage, newest received first, each event with its charge if it has one."""
    meter = await meters.find(work, request.meter_key) if request.meter_key else None
    sought = listing.Sought(
        meter_id=meter.id if meter else None,
        event_id=request.event_id,
        start_at=request.start_at,
        end_at=request.end_at,
    )
    place = listing.place_of(paging.after(request.cursor, parts=3))
    found = await listing.list_after(work, sought, place, request.limit + 1)
    shown = paging.page(found, request.limit, listing.cursor_of)
    items = [event_view(each) for each in shown.items]
    return UsageEventList(items=items, next_cursor=shown.next_cursor)


OPERATIONS = (
    create_meter,
    list_meters,
    record_usage,
    charge_usage,
    list_usage_events,
)
