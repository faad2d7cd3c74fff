"""What a caller can ask to be told of a project: its usage over time, and all of it at a glance."""

from datetime import UTC, datetime, timedelta

from core import metering, projects
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.kernel.period import Period, Window
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, operation
from core.operations.scopes import Toolset
from core.reporting import overview, periods
from core.reporting.shapes import (
    GetProjectOverview,
    ProjectOverview,
    SummarizeUsage,
    UsageSummary,
    summary_row,
)

LATE_AT_MOST = metering.AGE_MAX + timedelta(days=1)
"""The day is for units that were begun just in time, and for machines whose clocks differ."""


def _is_over(request: SummarizeUsage, now: datetime) -> bool:
    """Tell whether no event can land in the period any more, however late.

    What may still change is the time zone of the project, and so where its windows begin.
    """
    return request.end_at is not None and request.end_at <= now - LATE_AT_MOST


@operation(
    "GET /v1/projects/{project_id}/usage/summary",
    title="Summarize usage",
    toolset=Toolset.METERING,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(
        projects.ProjectNotFound,
        metering.MeterNotFound,
        metering.SummaryTooLarge,
        metering.LevelForgotten,
    ),
    remembered=_is_over,
    examples=(
        Example(
            title="This month, day by day and by model",
            arguments={"meter_key": "llm_tokens", "window": "day", "group_by": "model"},
        ),
    ),
)
async def summarize_usage(work: Work, request: SummarizeUsage) -> UsageSummary:
    """Sum up what one meter read, by window of the project's time zone and by one property.

    Usage counts where it occurred, not where it arrived. The answer has at most 1,000 rows; when
    there would be more, ask for a coarser window or a shorter period.
    """
    meter = await metering.find_meter(work, request.meter_key)
    zone = await projects.time_zone_of(work, work.project_id)
    month = periods.month_around(work.now, zone)
    period = _period(request.start_at or month.start_at, request.end_at or month.end_at)
    window = None if request.window == "none" else Window(request.window)
    parts = periods.split(period, window, zone)
    rows = await metering.summarize(work, meter, parts, request.group_by)
    return UsageSummary(
        meter_key=meter.key,
        aggregation=meter.aggregation.value,
        unit=meter.unit,
        start_at=period.start_at,
        end_at=period.end_at,
        time_zone=zone.key,
        window=request.window,
        group_by=request.group_by,
        rows=[summary_row(each) for each in rows],
    )


def _period(start_at: datetime, end_at: datetime) -> Period:
    if start_at >= end_at:
        raise invalid("end_at", "must be after start_at")
    if start_at < periods.EARLIEST:
        raise invalid("start_at", "must not be before the year 2000")
    if end_at > periods.LATEST:
        raise invalid("end_at", "must not be after the year 2199")
    return Period(start_at.astimezone(UTC), end_at.astimezone(UTC))


@operation(
    "GET /v1/projects/{project_id}/overview",
    title="Project overview",
    toolset=Toolset.METERING,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    also_scopes=("wallets:read",),
    raises=(projects.ProjectNotFound,),
    examples=(
        Example(title="My project", arguments={}),
        Example(title="With the spend of a month", arguments={"days": 31}),
    ),
)
async def get_project_overview(work: Work, request: GetProjectOverview) -> ProjectOverview:
    """Tell how a project stands: balances, usage this month, spend today, this month and lately.

    As of this instant: a charge that was answered is in it. The trend compares the last days,
    today included, with as many days before them. Call this before asking for details.
    """
    return await overview.of(work, request.days)


OPERATIONS = (summarize_usage, get_project_overview)
