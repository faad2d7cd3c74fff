"""Show runs, campaigns, and what an operator's product says of what is owed."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from core import invoicing, payers
from core.campaigns import Banner, Campaign, Kind, State, Step, banner_of, worst
from core.db.work import Work
from core.dunning import asking, keeping
from core.dunning.keeping import Run
from core.dunning.shapes import (
    BillingStatus,
    CampaignView,
    LogLine,
    NoticeView,
    OwedAmount,
    OwedInvoice,
    RunSummary,
    RunView,
    StepView,
)
from core.kernel.money import Asset, Money


@dataclass(frozen=True, slots=True)
class Status:
    """What is shown, and in which currency a card would be left for it."""

    view: BillingStatus
    asset: Asset | None


async def status_of(work: Work) -> Status:
    """Say what is owed by the unit's project because a payment failed."""
    runs = await keeping.open_runs(work)
    steps = await keeping.steps_of(work, *(each.id for each in runs)) if runs else {}
    paying = await asking.method(work) if runs else None
    owed: list[OwedInvoice] = []
    amounts: dict[Asset, int] = defaultdict(int)
    for run in runs:
        invoice = await invoicing.find(work, run.invoice_id)
        if invoice.state is not invoicing.State.OPEN:
            # It was paid this very moment, and the run is about to hear of it.
            continue
        amounts[invoice.asset] += invoice.figures.due
        owed.append(_owed(work, run, invoice, steps[run.id], paying))
    ends = [each.ends_at for each in owed if each.banner != "suspended"]
    tries = [each.next_attempt_at for each in owed if each.next_attempt_at]
    view = BillingStatus(
        project_id=work.project_id,
        banner=worst([Banner(each.banner) for each in owed]).value,
        owed=[
            OwedAmount(amount=Money(amount, asset).decimal, currency=str(asset))
            for asset, amount in amounts.items()
        ],
        until=min(ends, default=None),
        next_attempt_at=min(tries, default=None),
        link_path=None,
        invoices=owed,
    )
    return Status(view, next(iter(amounts), None))


def _owed(
    work: Work,
    run: Run,
    invoice: invoicing.Invoice,
    steps: list[Step],
    paying: payers.MethodRecord | None,
) -> OwedInvoice:
    suspended = run.state is State.SUSPENDED
    return OwedInvoice(
        invoice_id=invoice.id,
        number=invoice.number,
        run_id=run.id,
        subscription_id=run.subscription_id,
        amount_due=Money(invoice.figures.due, invoice.asset).decimal,
        currency=str(invoice.asset),
        banner=banner_of(steps, work.now, suspended=suspended).value,
        ends_at=run.ends_at,
        next_attempt_at=_next_attempt(run, steps, paying),
        reason=run.reason,
    )


def _next_attempt(
    run: Run, steps: list[Step], paying: payers.MethodRecord | None
) -> datetime | None:
    if paying is None or paying.id == run.refused_method_id:
        return None
    left = [each.due_at for each in steps if each.kind is Kind.ATTEMPT and not each.done_at]
    return min(left, default=None)


def run_summary(run: Run) -> RunSummary:
    return RunSummary(
        id=run.id,
        project_id=run.project_id,
        invoice_id=run.invoice_id,
        subscription_id=run.subscription_id,
        state=run.state.value,
        outcome=run.outcome.value if run.outcome else None,
        campaign_key=run.campaign.key,
        reason=run.reason,
        permanent=run.refused_at is not None,
        failed_at=run.failed_at,
        ends_at=run.ends_at,
        suspended_at=run.suspended_at,
        closed_at=run.closed_at,
    )


async def run_view(work: Work, run_id: str) -> RunView:
    """Show a run whole: its plan, and everything that was done. Raises DunningRunNotFound."""
    run = await keeping.find(work, run_id)
    steps = (await keeping.steps_of(work, run.id))[run.id]
    return RunView(
        **run_summary(run).model_dump(),
        steps=[StepView.model_validate(each) for each in steps],
        log=[LogLine.model_validate(each) for each in await keeping.log_of(work, run.id)],
    )


def campaign_view(campaign: Campaign) -> CampaignView:
    return CampaignView(
        campaign_key=campaign.key,
        product_key=campaign.product_key,
        attempt_days=list(campaign.attempt_days),
        jitter_percent=campaign.jitter_percent,
        lasts_days=campaign.lasts_days,
        permanent_days=campaign.permanent_days,
        campaign_notices=[NoticeView.model_validate(each) for each in campaign.notices],
        at_end=campaign.at_end.value,
        afterwards=campaign.afterwards.value,
        afterwards_days=campaign.afterwards_days,
        renewal_notice_days=campaign.renewal_notice_days,
        renewal_interval_days_min=campaign.renewal_interval_days_min,
    )
