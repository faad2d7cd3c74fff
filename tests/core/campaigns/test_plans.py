"""Plans of runs: pure laws over any campaign, any failure and any seed; and what is due of them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.campaigns import (
    ANSWER_DAYS,
    GRACE,
    Banner,
    Campaign,
    Kind,
    Notice,
    Now,
    Step,
    Tone,
    banner_of,
    days_after,
    due_now,
    plan,
    worst,
)

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Tokyo"])
FAILURES = st.integers(1_577_836_800, 2_051_222_400).map(lambda at: datetime.fromtimestamp(at, UTC))
"""From 2020 to 2035."""
USUAL = Campaign()


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    lasts = draw(st.integers(2, 60))
    hours = draw(st.sets(st.integers(1, lasts * 24 - 1), max_size=6))
    tones = sorted(draw(st.lists(st.sampled_from(Tone), min_size=6, max_size=6)), key=_rank)
    return Campaign(
        attempt_days=tuple(sorted(draw(st.sets(st.integers(1, lasts), max_size=8)))),
        jitter_percent=draw(st.integers(0, 50)),
        lasts_days=lasts,
        permanent_days=draw(st.integers(1, 60)),
        notices=tuple(
            Notice(each, tone) for each, tone in zip(sorted(hours)[::-1], tones, strict=False)
        ),
    )


def _rank(tone: Tone) -> int:
    return list(Tone).index(tone)


def of(steps: tuple[Step, ...], kind: Kind) -> list[datetime]:
    return [each.due_at for each in steps if each.kind is kind]


@given(
    campaign=campaigns(),
    failed_at=FAILURES,
    seed=st.text(max_size=20),
    zone=ZONES,
    permanent=st.booleans(),
)
def test_no_step_is_before_the_failure_nor_after_the_one_end(
    campaign: Campaign, failed_at: datetime, seed: str, zone: str, *, permanent: bool
) -> None:
    steps = plan(campaign, failed_at, seed, zone=ZoneInfo(zone), permanent=permanent)

    [end] = of(steps, Kind.END)
    days = campaign.permanent_days if permanent else campaign.lasts_days
    assert end == days_after(failed_at, days, ZoneInfo(zone))
    assert all(failed_at <= each.due_at <= end for each in steps)
    assert [each.number for each in steps] == list(range(1, len(steps) + 1))
    assert [each.due_at for each in steps] == sorted(each.due_at for each in steps)


@given(campaigns(), FAILURES, st.text(max_size=20), ZONES)
def test_attempts_keep_their_order_and_their_share_of_the_pauses_beside_them(
    campaign: Campaign, failed_at: datetime, seed: str, zone: str
) -> None:
    here = ZoneInfo(zone)
    attempts = of(plan(campaign, failed_at, seed, zone=here), Kind.ATTEMPT)
    meant = [days_after(failed_at, each, here) for each in campaign.attempt_days]

    assert len(attempts) == len(meant)
    assert all(failed_at < each for each in attempts)
    beside = [failed_at, *meant, days_after(failed_at, campaign.lasts_days, here)]
    share = campaign.jitter_percent / 100
    for n, (at, base) in enumerate(zip(attempts, meant, strict=True), 1):
        assert base - share * (base - beside[n - 1]) <= at <= base + share * (beside[n + 1] - base)
    assert attempts == sorted(attempts)


@given(campaigns(), FAILURES, ZONES)
def test_notices_come_one_after_the_other_and_never_less_urgent(
    campaign: Campaign, failed_at: datetime, zone: str
) -> None:
    steps = plan(campaign, failed_at, "run", zone=ZoneInfo(zone))
    tones = [each.tone for each in steps if each.tone]

    assert tones == sorted(tones, key=_rank)
    assert len(tones) == len(campaign.notices)


@given(FAILURES, st.text(max_size=20))
def test_the_same_seed_gives_the_same_plan(failed_at: datetime, seed: str) -> None:
    assert plan(USUAL, failed_at, seed, zone=BERLIN) == plan(USUAL, failed_at, seed, zone=BERLIN)


def test_other_seeds_do_not_come_back_together() -> None:
    at = datetime(2026, 1, 31, 9, tzinfo=UTC)
    firsts = {of(plan(USUAL, at, f"dun_{n}", zone=UTC_ZONE), Kind.ATTEMPT)[0] for n in range(50)}

    assert len(firsts) == 50


def test_the_usual_campaign_tries_after_3_6_12_and_at_most_14_days_and_warns_four_times() -> None:
    at = datetime(2026, 1, 31, 9, tzinfo=UTC)
    steady = plan(Campaign(jitter_percent=0), at, "", zone=UTC_ZONE)

    assert [(f"{each.due_at:%m-%d %H}", str(each.kind), each.tone) for each in steady] == [
        ("02-03 09", "attempt", None),
        ("02-06 09", "attempt", None),
        ("02-07 09", "notice", "gentle"),
        ("02-11 09", "notice", "urgent"),
        ("02-12 09", "attempt", None),
        ("02-13 09", "notice", "urgent"),
        ("02-14 03", "notice", "final"),
        ("02-14 09", "attempt", None),
        ("02-14 09", "end", None),
    ]


def test_a_decline_for_good_warns_at_once_and_lasts_a_week() -> None:
    at = datetime(2026, 1, 31, 9, tzinfo=UTC)
    steps = plan(USUAL, at, "", zone=UTC_ZONE, permanent=True)

    notices = [(each.due_at - at).total_seconds() / 3600 for each in steps if each.tone]
    assert notices == [0, 96, 144, 162]
    assert of(steps, Kind.END) == [at + timedelta(days=7)]


@pytest.mark.parametrize(("day", "hour"), [("2026-03-27", 8), ("2026-10-23", 7)])
def test_days_are_counted_by_clocks_that_change_in_between(day: str, hour: int) -> None:
    """Nine in the morning in Berlin stays nine, in the nights of March and of October."""
    at = datetime.fromisoformat(f"{day}T{hour:02d}:00:00+00:00")
    steady = plan(Campaign(jitter_percent=0), at, "", zone=BERLIN)

    shown = {f"{each.due_at.astimezone(BERLIN):%H:%M}" for each in steady if each.tone != "final"}
    assert shown == {"09:00"}


# -- What is due -----------------------------------------------------------------------------------

AT = datetime(2026, 2, 1, 9, tzinfo=UTC)


def step(number: int, kind: Kind, hours: float, tone: Tone | None = None) -> Step:
    return Step(number=number, kind=kind, due_at=AT + timedelta(hours=hours), tone=tone)


ATTEMPTS = (step(1, Kind.ATTEMPT, 1), step(2, Kind.ATTEMPT, 2))
NOTICES = (step(3, Kind.NOTICE, 3, Tone.URGENT), step(4, Kind.NOTICE, 4, Tone.FINAL))
END = step(5, Kind.END, 10)


def test_what_is_not_due_or_done_is_left_alone() -> None:
    assert due_now((*ATTEMPTS, *NOTICES, END), AT) == Now()


def test_after_a_downtime_the_latest_of_each_kind_is_done_and_the_end_waits() -> None:
    now = AT + timedelta(hours=11)

    found = due_now((*ATTEMPTS, *NOTICES, END), now)

    assert found.do == (ATTEMPTS[1], NOTICES[1])
    assert found.overtaken == (ATTEMPTS[0], NOTICES[0])
    assert found.ends_at == now + GRACE


def test_an_end_comes_when_nothing_else_is_due_and_nothing_is_under_way() -> None:
    now = AT + timedelta(hours=11)

    assert due_now((END,), now) == Now(do=(END,))
    assert due_now((END,), now, asked_at=now) == Now(ends_at=now + timedelta(hours=1))
    assert due_now((END,), now, asked_at=now - ANSWER_DAYS) == Now(do=(END,))


def test_a_banner_is_as_urgent_as_the_last_notice_that_was_due() -> None:
    gentle = step(1, Kind.NOTICE, 1, Tone.GENTLE)
    shown = [
        banner_of((gentle, *NOTICES), AT + timedelta(hours=hours), suspended=False)
        for hours in (0, 1, 3, 4)
    ]

    assert shown == [Banner.NOTICE, Banner.NOTICE, Banner.WARNING, Banner.FINAL]
    assert banner_of((gentle,), AT, suspended=True) is Banner.SUSPENDED
    assert worst([]) is Banner.NONE
    assert worst([Banner.FINAL, Banner.NOTICE]) is Banner.FINAL
