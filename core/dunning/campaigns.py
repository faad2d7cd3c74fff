"""Campaigns as they are kept: which one is for what, and how its terms are written."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from core.campaigns import DEFAULT, Afterwards, AtEnd, Campaign, Notice, Tone
from core.db.upsert import insert_if_absent
from core.db.work import Work
from core.dunning import events, tables
from core.dunning.errors import ProductHasCampaign

_PLAIN = (
    *("jitter_percent", "lasts_days", "permanent_days", "afterwards_days"),
    *("renewal_notice_days", "renewal_interval_days_min"),
)


def write_terms(campaign: Campaign) -> dict[str, Any]:
    """Write what a campaign says as JSON."""
    return {name: getattr(campaign, name) for name in _PLAIN} | {
        "attempt_days": list(campaign.attempt_days),
        "notices": [[each.hours_before, str(each.tone)] for each in campaign.notices],
        "at_end": str(campaign.at_end),
        "afterwards": str(campaign.afterwards),
    }


def read_terms(key: str, product_key: str | None, terms: dict[str, Any]) -> Campaign:
    return Campaign(
        key=key,
        product_key=product_key,
        attempt_days=tuple(terms["attempt_days"]),
        notices=tuple(Notice(hours, Tone(tone)) for hours, tone in terms["notices"]),
        at_end=AtEnd(terms["at_end"]),
        afterwards=Afterwards(terms["afterwards"]),
        **{name: terms[name] for name in _PLAIN},
    )


async def for_product(work: Work, product_key: str | None) -> Campaign:
    """Return the campaign for what is sold of a product: its own, or else the default."""
    c = tables.campaigns.c
    if product_key is not None:
        row = (await work.execute(_those().where(c.product_key == product_key))).first()
        if row is not None:
            return read_terms(row.key, row.product_key, row.terms)
    row = (await work.execute(_those().where(c.key == DEFAULT))).first()
    return read_terms(row.key, None, row.terms) if row else Campaign()


async def every(work: Work) -> list[Campaign]:
    """Return all there are, the default first. There are few."""
    rows = list(await work.execute(_those().order_by(tables.campaigns.c.key)))
    found = [read_terms(row.key, row.product_key, row.terms) for row in rows]
    first = next((each for each in found if each.key == DEFAULT), Campaign())
    return [first, *(each for each in found if each.key != DEFAULT)]


async def keep(work: Work, campaign: Campaign) -> Campaign:
    """Set a campaign: for runs that begin from now on. Raises ProductHasCampaign."""
    c, now = tables.campaigns.c, work.now
    if campaign.product_key is not None:
        other = await for_product(work, campaign.product_key)
        if other.key not in {DEFAULT, campaign.key}:
            raise ProductHasCampaign(campaign.product_key, other.key)
    values: dict[str, Any] = {
        "product_key": campaign.product_key,
        "terms": write_terms(campaign),
    }
    row = values | {"key": campaign.key, "version": 1, "created_at": now, "updated_at": now}
    if not await insert_if_absent(work, tables.campaigns, row):
        change = update(tables.campaigns).where(c.key == campaign.key)
        values |= {"version": c.version + 1, "updated_at": now}
        if (await work.execute(change.values(values))).rowcount != 1:
            # Its key was free: another one was given the product this very moment.
            raise ProductHasCampaign(campaign.product_key or "", DEFAULT)
    work.record("set", campaign.key)
    await events.tell(work, events.CAMPAIGN_SET, campaign.key, product_key=campaign.product_key)
    return replace(campaign)


def _those() -> Any:
    c = tables.campaigns.c
    return select(c.key, c.product_key, c.terms)
