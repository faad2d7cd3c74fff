"""What a caller can do about payments that failed: look, stop, and say what is done by itself."""

from core import catalog, checkouts, projects
from core.campaigns import DEFAULT, Afterwards, AtEnd, Campaign, Notice, Outcome, Tone
from core.db import paging
from core.db.work import Work
from core.dunning import campaigns, ending, keeping, leaving, links, showing
from core.dunning.errors import (
    CardLinkNotGood,
    DunningRunNotFound,
    DunningRunOver,
    ProductHasCampaign,
)
from core.dunning.shapes import (
    BillingStatus,
    CampaignList,
    CampaignView,
    CardUpdate,
    GetBillingStatus,
    ListDunningCampaigns,
    ListDunningRuns,
    NamedRun,
    OpenCardUpdate,
    RunList,
    RunView,
    SetDunningCampaign,
    StopDunning,
)
from core.kernel.caller import PlatformRole, Role
from core.kernel.ids import is_id
from core.operations.errors import invalid
from core.operations.operation import Effect, Example, RateClass, operation
from core.operations.scopes import Toolset

PATH = "/v1/projects/{project_id}/dunning-runs/{run_id}"
RUN = {"run_id": "dun_01jd3x8k5vq2m7r9t4w6y0z1ab"}


@operation(
    "GET /v1/projects/{project_id}/billing-status",
    title="Get billing status",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound,),
    examples=(Example(title="Is there something to show?", arguments={}),),
)
async def get_billing_status(work: Work, request: GetBillingStatus) -> BillingStatus:
    """Tell what to show a project about payments that failed: a banner, what is owed, until when.

    Its link leads to where a card is left, without signing in; who may not keep payment methods
    gets none. It is good for a day at least: ask again instead of keeping it.
    """
    status = await showing.status_of(work)
    if status.asset is None or not checkouts.keeps_methods(work):
        return status.view
    path = links.banner_path(work, status.asset)
    return status.view.model_copy(update={"link_path": path})


@operation(
    "GET /v1/dunning-runs",
    title="List dunning runs",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, paging.InvalidCursor),
    examples=(Example(title="Who is suspended", arguments={"run_state": "suspended"}),),
)
async def list_dunning_runs(work: Work, request: ListDunningRuns) -> RunList:
    """List what is and was done about invoices whose payment failed, a project's newest first.

    A project sees its own; platform staff that name no project see all.
    """
    place = _place(paging.after(request.cursor, parts=2))
    found = await keeping.list_before(work, place, request.limit + 1, state=request.run_state)
    shown = paging.page(found, request.limit, lambda each: [each.project_id, each.id])
    items = [showing.run_summary(each) for each in shown.items]
    return RunList(items=items, next_cursor=shown.next_cursor)


@operation(
    f"GET {PATH}",
    title="Get dunning run",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(projects.ProjectNotFound, DunningRunNotFound),
    examples=(Example(title="What was done, and what comes", arguments=RUN),),
)
async def get_dunning_run(work: Work, request: NamedRun) -> RunView:
    """Show a run: each step with when it is due and what came of it, and the log of all of it."""
    return await showing.run_view(work, request.run_id)


@operation(
    f"POST {PATH}/stop",
    title="Stop dunning",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(projects.ProjectNotFound, DunningRunNotFound, DunningRunOver),
    examples=(Example(title="They pay by bank", arguments=RUN | {"why": "Pays by bank in May"}),),
)
async def stop_dunning(work: Work, request: StopDunning) -> RunView:
    """Try and mail no more about an invoice. Operators only. It is owed still.

    What is past due or suspended stays so until it is paid. No run begins again for this invoice.
    """
    run = await keeping.find(work, request.run_id, lock=True)
    if run.closed_at:
        raise DunningRunOver(run.id, str(run.outcome))
    await ending.close(work, run, Outcome.STOPPED, why=request.why)
    return await showing.run_view(work, run.id)


@operation(
    "PUT /v1/dunning-campaigns/{campaign_key}",
    title="Set dunning campaign",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    platform=PlatformRole.OPERATOR,
    raises=(ProductHasCampaign, catalog.ProductNotFound),
    examples=(
        Example(
            title="A week, then canceled after a month",
            arguments={
                "campaign_key": "default",
                "attempt_days": [2, 5, 7],
                "lasts_days": 7,
                "campaign_notices": [{"hours_before": 72, "tone": "final"}],
                "afterwards": "cancel",
            },
        ),
    ),
)
async def set_dunning_campaign(work: Work, request: SetDunningCampaign) -> CampaignView:
    """Say what is done by itself about invoices whose payment failed. Operators only.

    What is left out has its usual value. It counts for runs that begin from now on.
    """
    if (request.campaign_key == DEFAULT) != (request.product_key is None):
        raise invalid("product_key", f"is for every campaign but {DEFAULT}, and needed there")
    if request.product_key is not None:
        await catalog.find_product(work, request.product_key)
    return showing.campaign_view(await campaigns.keep(work, _campaign(request)))


def _campaign(request: SetDunningCampaign) -> Campaign:
    days, notices = request.attempt_days, request.campaign_notices
    if days != sorted(set(days)):
        raise invalid("attempt_days", "must be ascending, each once")
    if days and days[-1] > request.lasts_days:
        raise invalid("attempt_days", "must not be later than lasts_days")
    hours = [each.hours_before for each in notices]
    if hours != sorted(set(hours), reverse=True):
        raise invalid("campaign_notices", "must come nearer to the end, one after the other")
    if hours and hours[0] >= request.lasts_days * 24:
        raise invalid("campaign_notices", "must be within lasts_days")
    tones = [list(Tone).index(Tone(each.tone)) for each in notices]
    if tones != sorted(tones):
        raise invalid("campaign_notices", "must not grow less urgent")
    return Campaign(
        key=request.campaign_key,
        product_key=request.product_key,
        attempt_days=tuple(days),
        jitter_percent=request.jitter_percent,
        lasts_days=request.lasts_days,
        permanent_days=request.permanent_days,
        notices=tuple(Notice(each.hours_before, Tone(each.tone)) for each in notices),
        at_end=AtEnd(request.at_end),
        afterwards=Afterwards(request.afterwards),
        afterwards_days=request.afterwards_days,
        renewal_notice_days=request.renewal_notice_days,
        renewal_interval_days_min=request.renewal_interval_days_min,
    )


@operation(
    "GET /v1/dunning-campaigns",
    title="List dunning campaigns",
    toolset=Toolset.PAYMENTS,
    effect=Effect.READ,
    platform=PlatformRole.AUDITOR,
    examples=(Example(title="What is done by itself", arguments={}),),
)
async def list_dunning_campaigns(work: Work, request: ListDunningCampaigns) -> CampaignList:
    """List what is done about invoices whose payment failed, for which product. Staff only."""
    return CampaignList(items=[showing.campaign_view(each) for each in await campaigns.every(work)])


@operation(
    "POST /v1/card-updates",
    title="Open card update",
    toolset=Toolset.PAYMENTS,
    effect=Effect.CHANGE,
    # The link is the authority, and whoever reads the mail may have no user here.
    public=True,
    rate=RateClass.SENSITIVE,
    raises=(CardLinkNotGood,),
    examples=(
        Example(title="From the link in a mail", arguments={"token": "AZ7mXv0mXb1cQ2mYt8rZs5wP"}),
    ),
)
async def open_card_update(work: Work, request: OpenCardUpdate) -> CardUpdate:
    """Open the page where a card is left, by the token in a link that was mailed.

    Nothing else can be done or seen by it. Opened again, it is the same page while that is open;
    what is owed is tried with the card at once.
    """
    link = links.read(work, request.token)
    page = await leaving.open_page(work.within(link.project_id), link)
    url = page.address(work.real_now)
    return CardUpdate(state=page.state.value, url=url, expires_at=page.expires_at)


def _place(key: list[str] | None) -> tuple[str, str] | None:
    if key is None:
        return None
    for prefix, told in zip(("prj", "dun"), key, strict=True):
        if not is_id(prefix, told):
            raise paging.InvalidCursor
    return key[0], key[1]


OPERATIONS = (
    get_billing_status,
    list_dunning_runs,
    get_dunning_run,
    stop_dunning,
    set_dunning_campaign,
    list_dunning_campaigns,
    open_card_update,
)
