"""What a caller can ask about what a project may use; and the exceptions that staff make."""

from core import catalog, metering, projects
from core.catalog import FeatureKind, QuotaWindow
from core.db import paging
from core.db.work import Work
from core.entitlements import overriding, resolving, upgrading, using
from core.entitlements.errors import (
    FeatureMissing,
    FeatureNotMetered,
    LimitReached,
    OverrideNotFound,
    QuotaExhausted,
)
from core.entitlements.model import Mode, Override
from core.entitlements.shapes import (
    CheckEntitlement,
    EntitlementList,
    EntitlementUsed,
    EntitlementView,
    ListEntitlements,
    OverrideView,
    RemoveEntitlementOverride,
    SetEntitlementOverride,
    UseEntitlement,
    entitlement_view,
    override_view,
    quantity_of,
)
from core.kernel.caller import PlatformRole, Role
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, RateClass, operation
from core.operations.scopes import Toolset

PATH = "/v1/projects/{project_id}/entitlements"


@operation(
    f"GET {PATH}/{{feature_key}}",
    title="Check entitlement",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    rate=RateClass.USAGE,
    raises=(projects.ProjectNotFound, catalog.FeatureNotFound),
    examples=(
        Example(title="Is anything left?", arguments={"feature_key": "api_calls"}),
        Example(title="May a sixth join?", arguments={"feature_key": "seats", "quantity": "6"}),
    ),
)
async def check_entitlement(work: Work, request: CheckEntitlement) -> EntitlementView:
    """Say whether a project may use a feature now, how much is left, and when it begins anew.

    A no is an answer, not an error: allowed is false, reason says why, and upgrade names the
    cheapest plan that would allow it. Asking takes nothing; use_entitlement takes of a quota.
    """
    asked = quantity_of(request.quantity)
    feature = await resolving.feature(work, request.feature_key)
    decision = await using.check(work, feature.key, asked)
    better = None if decision.allowed else await upgrading.upgrade(work, decision)
    return entitlement_view(feature, decision, better, for_staff=work.caller.is_platform)


@operation(
    f"GET {PATH}",
    title="List entitlements",
    toolset=Toolset.CATALOG,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="All that my plan gives", arguments={}),),
)
async def list_entitlements(work: Work, request: ListEntitlements) -> EntitlementList:
    """List what a project's plans and exceptions say of each feature, with what is left now.

    Of several plans the most generous counts, and an exception wins. What nobody mentions is not
    listed, and not allowed. Ask check_entitlement for an upgrade.
    """
    after = paging.after(request.cursor, parts=1)
    held = await resolving.held_by(work)
    keys = [each for each in held.features(work.now) if not after or each > after[0]]
    shown = paging.page(keys[: request.limit + 1], request.limit, lambda key: [key])
    items = []
    for key in shown.items:
        feature = await resolving.feature(work, key)
        decision = await using.decide_now(work, feature, held)
        staff = work.caller.is_platform
        items.append(entitlement_view(feature, decision, None, for_staff=staff))
    return EntitlementList(items=items, next_cursor=shown.next_cursor)


@operation(
    f"POST {PATH}/{{feature_key}}/uses",
    title="Use entitlement",
    toolset=Toolset.METERING,
    effect=Effect.CREATE,
    project=Role.MEMBER,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.USAGE,
    raises=(
        projects.ProjectNotFound,
        catalog.FeatureNotFound,
        FeatureNotMetered,
        FeatureMissing,
        LimitReached,
        QuotaExhausted,
        metering.MeterArchived,
        metering.EventConflict,
        metering.PropertyMissing,
        metering.PropertyNotNumeric,
        metering.PropertiesTooLarge,
        metering.QuantityOutOfRange,
        metering.QuantityBelowZero,
        metering.QuantityNotRead,
    ),
    examples=(
        Example(title="One call", arguments={"feature_key": "api_calls", "event_id": "req_7f3a"}),
    ),
)
async def use_entitlement(work: Work, request: UseEntitlement) -> EntitlementUsed:
    """Take of a quota by recording one use, or refuse it and record nothing.

    An answer means that it was taken; its allowed says whether anything is left for another use.
    Of those who race for the last unit one gets it. The same event_id counts once, ever. When the
    quota is used up, retry_at says when it begins anew; the error names a plan that gives more.
    """
    feature = await resolving.feature(work, request.feature_key)
    used = await using.use(work, feature.key, request.event(feature.meter_key or ""))
    view = entitlement_view(feature, used.decision, None, for_staff=work.caller.is_platform)
    return EntitlementUsed(event_id=request.event_id, duplicate=used.duplicate, entitlement=view)


@operation(
    f"PUT {PATH}/{{feature_key}}/override",
    title="Set entitlement override",
    toolset=Toolset.CATALOG,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, catalog.FeatureNotFound),
    examples=(
        Example(
            title="More seats for a while",
            arguments={
                "project_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab",
                "feature_key": "seats",
                "mode": "limit",
                "override_limit": "20",
                "reason": "Promised until they move",
                "expires_at": "2027-01-01T00:00:00Z",
            },
        ),
    ),
)
async def set_entitlement_override(work: Work, request: SetEntitlementOverride) -> OverrideView:
    """Make an exception for one project and one feature. Platform operators only.

    It wins over every plan until it expires or is removed, and takes the place of the one before.
    """
    feature = await resolving.feature(work, request.feature_key)
    most = quantity_of(request.override_limit, "override_limit")
    _check(request, feature.kind, most)
    if request.expires_at is not None and request.expires_at <= work.now:
        raise invalid("expires_at", "must lie in the future")
    wanted = Override(
        feature_key=feature.key,
        mode=Mode(request.mode),
        most=most,
        per=QuotaWindow(request.per) if request.per else None,
        reason=request.reason,
        set_by=work.caller.subject[:160],
        created_at=work.now,
        expires_at=request.expires_at,
    )
    await overriding.override(work, wanted)
    return override_view(wanted)


def _check(request: SetEntitlementOverride, kind: FeatureKind, most: int | None) -> None:
    """Refuse what would say nothing, so that nobody believes that it does."""
    limited = request.mode == "limit"
    if limited and kind is FeatureKind.SWITCH:
        raise invalid("mode", "must be grant or deny, because the feature is a switch")
    if limited != (most is not None):
        raise invalid("override_limit", "is for the mode limit, and is required there")
    if request.per and not (limited and kind is FeatureKind.QUOTA):
        raise invalid("per", "is for the mode limit and a quota")


@operation(
    f"DELETE {PATH}/{{feature_key}}/override",
    title="Remove entitlement override",
    toolset=Toolset.CATALOG,
    effect=Effect.DESTROY,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, catalog.FeatureNotFound, OverrideNotFound),
    examples=(
        Example(
            title="The plan counts again",
            arguments={"project_id": "prj_01jd3x8k5vq2m7r9t4w6y0z1ab", "feature_key": "seats"},
        ),
    ),
)
async def remove_entitlement_override(
    work: Work, request: RemoveEntitlementOverride
) -> EntitlementView:
    """Take an exception back, and answer how the feature stands without. Operators only."""
    feature = await resolving.feature(work, request.feature_key)
    await overriding.remove(work, feature.key)
    decision = await using.check(work, feature.key)
    return entitlement_view(feature, decision, None, for_staff=True)


OPERATIONS = (
    check_entitlement,
    list_entitlements,
    use_entitlement,
    set_entitlement_override,
    remove_entitlement_override,
)
