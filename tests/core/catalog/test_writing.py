"""Terms are read as they were written, and what differs between two is named."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core import catalog, pricing
from core.kernel.money import Asset, Money

CREDIT = Asset.parse("CREDIT/6")
keys = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
amounts = st.integers(0, 10**12).map(lambda units: Decimal(units).scaleb(-6))
prices = st.one_of(
    amounts.map(pricing.Flat),
    amounts.map(pricing.PerUnit),
    st.builds(
        lambda end, unit: pricing.Graduated(
            (pricing.Tier(end + 1, unit), pricing.Tier(unit=unit, flat=end))
        ),
        amounts,
        amounts,
    ),
).map(pricing.Price)


def priced(price: pricing.Price, books: set[str]) -> dict[str, pricing.Price]:
    return dict.fromkeys(sorted(books), price)


items = st.builds(
    lambda key, kind, price, books: catalog.Item(
        key=key,
        name=key.title(),
        kind=kind,
        meter_key="calls" if kind is catalog.ItemKind.USAGE else None,
        prices=priced(price, books),
    ),
    keys,
    st.sampled_from(catalog.ItemKind),
    prices,
    st.sets(keys, max_size=3),
)


def entitled(
    key: str, kind: catalog.FeatureKind, limit: int | None, window: catalog.QuotaWindow
) -> catalog.Entitled:
    is_switch = kind is catalog.FeatureKind.SWITCH
    is_quota = kind is catalog.FeatureKind.QUOTA
    figure = None if limit is None else Decimal(limit).scaleb(-6 if is_quota else 0)
    return catalog.Entitled(
        feature_key=key,
        kind=kind,
        enabled=not is_switch or limit is not None,
        limit=None if is_switch else figure,
        per=window if is_quota else None,
    )


included = st.builds(
    lambda units, rollover, days: catalog.IncludedCredits(
        amount=Money(units, CREDIT),
        rollover_max=None if rollover is None else Money(rollover, CREDIT),
        expires_after_days=days,
    ),
    st.integers(1, 10**15),
    st.none() | st.integers(0, 10**15),
    st.none() | st.integers(1, 3650),
)
terms = st.builds(
    catalog.Terms,
    interval=st.builds(
        catalog.Interval, st.sampled_from(catalog.IntervalUnit), st.integers(1, 366)
    ),
    trial_days=st.integers(0, 730),
    items=st.lists(items, max_size=4, unique_by=lambda each: each.key).map(tuple),
    entitlements=st.lists(
        st.builds(
            entitled,
            keys,
            st.sampled_from(catalog.FeatureKind),
            st.none() | st.integers(0, 10**12),
            st.sampled_from(catalog.QuotaWindow),
        ),
        max_size=4,
        unique_by=lambda each: each.feature_key,
    ).map(tuple),
    included=st.none() | included,
    notes=st.none() | st.just("Why"),
)


@given(terms)
def test_terms_are_read_as_they_were_written(said: catalog.Terms) -> None:
    assert catalog.read_terms(catalog.write_terms(said)) == said


@given(terms, terms)
def test_changes_name_every_member_that_differs_and_no_other(
    before: catalog.Terms, after: catalog.Terms
) -> None:
    changes = {each.path: each for each in catalog.compare(before, after)}
    back = {each.path: each for each in catalog.compare(after, before)}

    assert catalog.compare(after, replace(after, items=after.items[::-1])) == []
    assert changes.keys() == back.keys()
    assert all(
        (each.before, each.after) == (back[p].after, back[p].before) for p, each in changes.items()
    )
    assert ("trial_days" in changes) == (before.trial_days != after.trial_days)
    assert ("interval" in changes) == (before.interval.unit != after.interval.unit)
    kept = {each.key: each for each in before.items}
    for item in after.items:
        same = kept.get(item.key) == item
        named = [
            p for p in changes if p == f"items.{item.key}" or p.startswith(f"items.{item.key}.")
        ]
        assert (named == []) == same
