"""What platform operators can do about the export of usage. It is off until they start it."""

from datetime import datetime

from core import metering, payments, projects
from core.db import paging
from core.db.work import Work
from core.exporting import finding, starting
from core.exporting.errors import (
    EventNameTaken,
    MeterNotExportable,
    UsageExportNotFound,
    UsageExportRunning,
)
from core.exporting.finding import Place
from core.exporting.model import Copy
from core.exporting.opening import errand_of
from core.exporting.shapes import (
    ListUsageExportErrors,
    NamedUsageExport,
    StartUsageExport,
    UsageExportErrorList,
    UsageExportList,
    UsageExportView,
    error_view,
    export_view,
    terms_of,
)
from core.jobs import Errand
from core.kernel.caller import PlatformRole
from core.kernel.ids import is_id
from core.operations.errors import NotAllowed
from core.operations.hastening import Afterwards
from core.operations.operation import Effect, Example, PageRequest, operation
from core.operations.scopes import Toolset

TOKENS = {"meter_key": "llm_tokens", "event_name": "llm_tokens"}


def _errand(export: UsageExportView, _now: datetime) -> Errand | None:
    return errand_of(export.meter_id, export.version) if export.sync_state == "waiting" else None


async def _anew(work: Work, export: UsageExportView) -> UsageExportView:
    return export_view(await finding.find(work, export.meter_key))


@operation(
    "PUT /v1/usage-exports/{meter_key}",
    title="Start usage export",
    toolset=Toolset.METERING,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(
        metering.MeterNotFound,
        MeterNotExportable,
        EventNameTaken,
        UsageExportRunning,
        payments.CurrencyNotTaken,
        NotAllowed,
    ),
    examples=(
        Example(title="Copy usage to the provider's meter", arguments=TOKENS),
        Example(
            title="With a price there, cheaper beyond a million",
            arguments=TOKENS
            | {
                "currency": "USD/2",
                "tiers": [
                    {"up_to": 1_000_000, "unit_price": "0.000002"},
                    {"unit_price": "0.000001"},
                ],
            },
        ),
    ),
    afterwards=Afterwards(errand=_errand, answer=_anew),
)
async def start_usage_export(work: Work, request: StartUsageExport) -> UsageExportView:
    """Copy a meter's usage to the payment provider's meter from now on. Platform operators only.

    It is off unless started, because the ledger here is the meter: an export never changes a
    balance, and a customer who is charged here and billed there by its price pays twice. Usage of
    projects that the provider knows as customers is sent every minute, each event once.
    """
    _refuse_bound(work, "start_usage_export")
    return export_view(await starting.start(work, request.meter_key, terms_of(request)))


@operation(
    "DELETE /v1/usage-exports/{meter_key}",
    title="Stop usage export",
    toolset=Toolset.METERING,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(UsageExportNotFound, NotAllowed),
    examples=(Example(title="Copy no more", arguments={"meter_key": "llm_tokens"}),),
)
async def stop_usage_export(work: Work, request: NamedUsageExport) -> UsageExportView:
    """Copy no more of a meter's usage. Platform operators only.

    The provider keeps what it was sent, its meter and its price. Usage that is recorded until it
    is started again is not exported.
    """
    _refuse_bound(work, "stop_usage_export")
    return export_view(await starting.stop(work, request.meter_key))


@operation(
    "GET /v1/usage-exports",
    title="List usage exports",
    toolset=Toolset.METERING,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor, NotAllowed),
    examples=(Example(title="What is exported", arguments={}),),
)
async def list_usage_exports(work: Work, request: PageRequest) -> UsageExportList:
    """List the meters whose usage is, or was, copied to the payment provider, and how that goes."""
    _refuse_bound(work, "list_usage_exports")
    after = paging.after(request.cursor, parts=1)
    found = await finding.list_after(work, after[0] if after else None, request.limit + 1)
    shown = paging.page(found, request.limit, lambda export: [export.meter_key])
    return UsageExportList(
        items=[export_view(each) for each in shown.items], next_cursor=shown.next_cursor
    )


@operation(
    "GET /v1/usage-export-errors",
    title="List errors of usage export",
    toolset=Toolset.METERING,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, metering.MeterNotFound, paging.InvalidCursor),
    examples=(Example(title="What was not counted", arguments={"meter_key": "llm_tokens"}),),
)
async def list_usage_export_errors(
    work: Work, request: ListUsageExportErrors
) -> UsageExportErrorList:
    """List what the payment provider did not count of the usage it was told, the latest first.

    It names a few events of each kind, with the reason; list_usage_exports says how many there
    were. Nothing is lost by it: in our own books all of that usage counts.
    """
    place = _place(paging.after(request.cursor, parts=3))
    key, meter_id = request.meter_key, None
    if key is not None:
        meter_id = (await metering.find_meter(work, key)).id
    found = await finding.list_rejected(
        work, work.found_project_id, meter_id, place, request.limit + 1
    )
    shown = paging.page(found, request.limit, _key)
    return UsageExportErrorList(
        items=[error_view(each) for each in shown.items], next_cursor=shown.next_cursor
    )


def _refuse_bound(work: Work, name: str) -> None:
    """Exports are about all customers: staff who bound themselves to one see none of them."""
    if work.caller.project_id:
        raise NotAllowed(name, f"the platform role {PlatformRole.AUDITOR}, bound to no project")


def _key(copy: Copy) -> list[str]:
    return [copy.closed_at.isoformat() if copy.closed_at else "", copy.project_id, copy.event_id]


def _place(key: list[str] | None) -> Place | None:
    if key is None:
        return None
    at, project_id, event_id = key
    try:
        closed_at = datetime.fromisoformat(at)
    except ValueError:
        raise paging.InvalidCursor from None
    if closed_at.tzinfo is None or not is_id("prj", project_id):
        raise paging.InvalidCursor
    return closed_at, project_id, event_id


OPERATIONS = (
    start_usage_export,
    stop_usage_export,
    list_usage_exports,
    list_usage_export_errors,
)
