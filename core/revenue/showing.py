"""Write reports as callers see them: amounts as decimals, parts of a whole as per cent."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from core.kernel.money import Asset, Money
from core.kernel.rounding import whole_units
from core.payments import Outcomes
from core.revenue.books import Booked
from core.revenue.calendar import Span
from core.revenue.collections import Collected
from core.revenue.model import Kind, Moved, told
from core.revenue.receivables import Receivables
from core.revenue.shapes import (
    ConversionSpan,
    ReceivablesDebtor,
    ReceivablesPart,
    ReceivablesReport,
    RevenueSpan,
)
from core.revenue.trials import Cohort


def revenue_span(asset: Asset, span: Span, moved: Moved, booked: Booked) -> RevenueSpan:
    mrr = told(moved)

    def money(amount: int) -> str:
        return Money(amount, asset).decimal

    return RevenueSpan(
        start_on=span.first,
        end_on=span.last,
        mrr_start=money(mrr.start),
        mrr_new=money(mrr.by[Kind.NEW]),
        mrr_reactivation=money(mrr.by[Kind.REACTIVATION]),
        mrr_expansion=money(mrr.by[Kind.EXPANSION]),
        mrr_contraction=money(mrr.by[Kind.CONTRACTION]),
        mrr_churn=money(mrr.by[Kind.CHURN]),
        mrr_end=money(mrr.end),
        paying_start=moved.paying,
        paying_new=moved.projects.get(Kind.NEW, 0),
        paying_reactivated=moved.projects.get(Kind.REACTIVATION, 0),
        paying_churned=moved.projects.get(Kind.CHURN, 0),
        paying_end=moved.paying_at_end,
        churned_projects_percent=percent(moved.lost_projects),
        lost_revenue_percent=percent(moved.lost_revenue),
        recognized=money(booked.recognized),
        breakage=money(booked.breakage),
        net_revenue=money(booked.recognized + booked.breakage),
        invoiced=money(booked.invoiced),
        credited=money(booked.credited),
        collected=money(booked.collected),
        refunded=money(booked.refunded),
        deferred_end=money(booked.deferred),
        receivable_end=money(booked.receivable),
    )


def receivables_report(
    asset: Asset, zone: ZoneInfo, now: datetime, found: Receivables
) -> ReceivablesReport:
    def money(amount: int) -> str:
        return Money(amount, asset).decimal

    return ReceivablesReport(
        currency=str(asset),
        time_zone=zone.key,
        as_of=now,
        total=money(found.total),
        parts=[
            ReceivablesPart(age=age.value, invoices=part.invoices, due=money(part.due))
            for age, part in found.parts.items()
        ],
        debtors=[
            ReceivablesDebtor(
                project_id=each.project_id,
                invoices=each.invoices,
                due=money(each.due),
                overdue=money(each.overdue),
                oldest_due_at=each.oldest_due_at,
            )
            for each in found.debtors
        ],
    )


def conversion_span(span: Span, cohort: Cohort, paid: Outcomes, asked: Collected) -> ConversionSpan:
    succeeded = Fraction(paid.succeeded, paid.tried) if paid.tried else None
    return ConversionSpan(
        start_on=span.first,
        end_on=span.last,
        trials_started=cohort.started,
        trials_converted=cohort.converted,
        trials_ended=cohort.ended,
        trials_going_on=cohort.going_on,
        trial_conversion_percent=percent(cohort.conversion),
        payments_tried=paid.tried,
        payments_succeeded=paid.succeeded,
        payment_success_percent=percent(succeeded),
        invoices_asked=asked.invoices,
        invoices_paid_at_first=asked.first,
        invoices_recovered=asked.recovered,
        invoices_failed=asked.failed,
        invoices_going_on=asked.open,
        collection_attempts=asked.attempts,
        first_try_percent=percent(asked.at_first),
        recovered_percent=percent(asked.brought_back),
    )


def percent(part: Fraction | None) -> str | None:
    """Write a part of a whole as per cent, to a tenth, half up. It is a hint, and no money."""
    return None if part is None else f"{Decimal(whole_units(part * 1000)) / 10:.1f}"
