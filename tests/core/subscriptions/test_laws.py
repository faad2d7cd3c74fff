"""Laws of lives, over lives that nobody chose: whatever is asked for, in whatever order."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from core import lifecycles, pricing
from core.catalog import Interval, IntervalUnit, Item, ItemKind, Plan, PlanVersion
from core.kernel.errors import EngineError
from core.kernel.money import Asset
from core.lifecycles import (
    ENDED,
    TICKING,
    Bill,
    Change,
    Choice,
    Decided,
    End,
    Facts,
    Priced,
    Sold,
    State,
    Subscription,
    Trial,
    When,
)
from core.proration import MONTHLY, Behaviour

USD = Asset.parse("USD/2")
START = datetime(2026, 1, 31, 1, 30, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
FEES = {"small": "9.99", "large": "29.99", "yearly": "100"}


def sold(key: str) -> Priced:
    unit = IntervalUnit.YEAR if key == "yearly" else IntervalUnit.MONTH
    item = Item(
        key="fee",
        name="Fee",
        kind=ItemKind.RECURRING,
        meter_key=None,
        prices={"usd": pricing.read_price({"model": "flat", "amount": FEES[key]})},
    )
    plan = Plan(
        id="pln_1",
        key=key,
        product_key="app",
        name=key,
        description=None,
        created_at=START,
        updated_at=START,
    )
    version = PlanVersion(
        id=f"plv_{key}",
        number=1,
        plan=plan,
        revision=0,
        created_at=START,
        published_at=START,
        effective_at=START,
        superseded_at=None,
        interval=Interval(unit),
        trial_days=0,
        items=(item,),
        entitlements=(),
        included=None,
        notes=None,
    )
    choice = Choice(version.id, key, 1, "usd", {"fee": 1})
    return Priced(choice, Sold(version, "usd", USD, {"fee": 1}))


PLANS = {key: sold(key) for key in FEES}


def new(zone: str) -> Subscription:
    return Subscription(
        project_id="prj_1",
        id="sub_1",
        product_key="app",
        state=State.ACTIVE,
        revision=1,
        choice=PLANS["small"].choice,
        asset=USD,
        time_zone=zone,
        interval=MONTHLY,
        anchor_at=START,
        period_start_at=START,
        period_end_at=START,
        starts_at=START,
        created_at=START,
        updated_at=START,
    )


def of(one: Subscription) -> Priced:
    return PLANS[one.choice.plan_key]


def asked(one: Subscription, what: str, at: datetime) -> Decided:
    """Ask for one thing."""
    verb, _, more = what.partition(" ")
    made: Decided
    match verb:
        case "change":
            key, _, when = more.partition(" ")
            how = Change(
                at=at,
                when=When(when) if when in set(When) else None,
                behaviour=Behaviour.RESET if when == "reset" else Behaviour.PRORATE,
            )
            return lifecycles.change(one, of(one).sold, PLANS[key], how)
        case "cancel":
            if more == "later":
                return lifecycles.cancel_at_end(one, at)
            return lifecycles.cancel(one, of(one).sold, End(at=at, credit=more == "credit"))
        case "pause":
            made = lifecycles.pause(one, at, at + timedelta(days=9) if more else None)
        case "reactivate":
            made = lifecycles.reactivate(one, of(one), at, when_paid=more == "paid")
        case "recover":
            made = lifecycles.recover(one, of(one), at)
        case _:
            made = getattr(lifecycles, verb)(one, at)
    return made


WISHES = st.sampled_from(
    [
        *(f"change {key}{how}" for key in FEES for how in ("", " now", " renewal", " reset")),
        *("cancel later", "cancel now", "cancel credit", "pause", "pause for", "resume"),
        *("reactivate", "reactivate paid", "activate", "fail", "suspend", "recover", "fail"),
    ]
)
# Often nothing passes between two wishes: a clock that somebody holds still is a clock.
SECONDS = st.one_of(st.just(0), st.integers(0, 90 * 86_400))
LIVES = st.lists(st.tuples(WISHES, SECONDS), max_size=14)


@settings(max_examples=150, deadline=None)
@given(LIVES, st.sampled_from(ZONES), st.sampled_from([0, 2, 14]))
def test_whatever_is_asked_for_it_goes_on_or_has_ended_and_bills_each_period_once(
    life: list[tuple[str, int]], zone: str, trial_days: int
) -> None:
    trial = Trial(days=trial_days) if trial_days else None
    began = lifecycles.begin(new(zone), PLANS["small"], trial=trial)
    one, now, bills = began.after, START, [began.bill]
    for what, seconds in life:
        now += timedelta(seconds=seconds)
        while (due := one.due()) and due[0] <= now:
            following = PLANS[(one.next or one.choice).plan_key]
            facts = Facts(held=of(one).sold, following=following, has_method=True)
            decided = lifecycles.fall_due(one, facts)
            assert decided.after.updated_at == due[0], "at the instant at which it was due"
            bills.append(_checked(one, decided))
            one = decided.after
        try:
            decided = asked(one, what, now)
        except EngineError:
            continue
        bills.append(_checked(one, decided))
        one = decided.after

    _check_bills([each for each in bills if each is not None])


def _checked(before: Subscription, decided: Decided) -> Bill | None:
    after = decided.after
    assert after.revision == before.revision + 1
    assert (after.ended_at is not None) == (after.state in ENDED)
    assert (after.paused_at is not None) == (after.state is State.PAUSED)
    if after.state in TICKING:
        assert after.next_due_at is not None, "something is always due of what goes on"
    if after.state in ENDED:
        assert after.next_due_at is None
    assert after.period_start_at <= after.period_end_at
    return decided.bill


def _check_bills(bills: list[Bill]) -> None:
    keys = [(each.reason, each.period.start_at) for each in bills]
    assert len(keys) == len(set(keys)), "a period is billed once for each reason"
    periods = [each.period for each in bills if each.reason == lifecycles.PERIOD]
    for one, other in pairwise(periods):
        assert one.start_at < other.start_at, "in order"
    for bill in bills:
        assert sum(line.net.amount for line in bill.lines) == bill.total.amount
        given_back = sum(-line.net.amount for line in bill.lines if line.net.amount < 0)
        paid = max(Fraction(each) for each in FEES.values()) * 100
        assert given_back <= paid, "no more is given back than a period can cost"


def test_every_zone_of_these_is_one() -> None:
    assert [ZoneInfo(each).key for each in ZONES] == list(ZONES)
