"""Whatever happens to wallets, the ledger leaves them as the plainest arithmetic does."""

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core import ledger
from core.ledger import books, tables
from core.ledger.batching import Proposal
from core.ledger.model import Account
from tests.core.ledger.books import proof, unit
from tests.core.ledger.history import (
    ACCOUNTS,
    FLOORS,
    KINDS,
    LIVES,
    PRIORITIES,
    REVENUE,
    USD,
    WALLETS,
    Act,
    History,
    Step,
    operator,
    random_steps,
    said,
)
from tests.core.ledger.shelf import Shelf
from tests.world import OPERATOR, PROJECT, START, World

acts = st.builds(
    Act,
    kind=st.sampled_from(KINDS),
    wallet=st.integers(0, 2),
    other=st.integers(0, 2),
    amount=st.integers(1, 60),
    hours=st.sampled_from(LIVES),
    priority=st.sampled_from(PRIORITIES),
    pick=st.integers(0, 40),
)
histories = st.lists(
    st.tuples(st.sampled_from([0, 0.4, 1, 3]), st.lists(acts, min_size=1, max_size=12)), max_size=25
)


def shelf() -> Shelf:
    opened = [
        Account(PROJECT, account, USD, ledger.Side.CREDIT, floor=floor, is_wallet=True)
        for account, floor in zip(ACCOUNTS, FLOORS, strict=True)
    ]
    opened += [
        Account(PROJECT, operator(role), USD, ledger.Side.CREDIT, floor=None)
        for role in ledger.AccountRole
        if role is not ledger.AccountRole.WALLET
    ]
    return Shelf({each.key: each for each in opened})


Told = dict[str, tuple[dict[str, int], tuple[int, int, int], dict[str, str]]]
"""Of each wallet: what its grants have left; balance, held and pinned; its holds."""


def must_be(history: History) -> Told:
    return {
        account: (
            {lot.id: lot.left for lot in wallet.lots if lot.left},
            (wallet.balance, wallet.held, wallet.pinned),
            {hold.id: hold.state for hold in wallet.holds.values()},
        )
        for account, wallet in history.wallets.items()
    }


def told_by(shelf: Shelf) -> Told:
    told = {}
    for name in ACCOUNTS:
        account = shelf.accounts[PROJECT, name]
        holds = {e.id: str(e.state) for e in shelf.holds.values() if e.account_id == name}
        sums = account.balance, account.held, account.pinned
        told[name] = shelf.left(account), sums, holds
    return told


def play(steps: list[Step]) -> Shelf:
    """Play a history to a ledger in memory; after every step it is as it must be."""
    here, history, now = shelf(), History(), START
    for hours, asked in steps:
        now += timedelta(hours=hours)
        proposals = [history.proposal(act, now) for act in asked]
        expected = [history.verdict(each, now) for each in proposals]

        assert [said(each) for each in here.propose(proposals, now)] == expected
        assert told_by(here) == must_be(history)
    return here


@settings(max_examples=150, deadline=None)
@given(histories)
def test_every_grant_has_left_what_plain_arithmetic_leaves(steps: list[Step]) -> None:
    play(steps)


@pytest.mark.parametrize("seed", range(16))
def test_so_it_has_after_a_long_history(seed: int) -> None:
    play(random_steps(seed, 60))


def test_so_it_has_when_few_grants_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "GRANTS_AT_ONCE", 1)
    for seed in range(20):
        play(random_steps(seed, 40))


@settings(max_examples=100, deadline=None)
@given(histories)
def test_a_batch_comes_out_as_one_by_one_whatever_is_in_it(steps: list[Step]) -> None:
    together, alone = shelf(), shelf()
    one, other, now = History(), History(), START
    for hours, asked in steps:
        now += timedelta(hours=hours)
        batch = [one.proposal(act, now) for act in asked]
        sent = [other.proposal(act, now) for act in asked]

        outcomes = [said(each) for each in together.propose(batch, now)]

        assert outcomes == [said(each) for p in sent for each in alone.propose([p], now)]
        assert told_by(together) == told_by(alone)
        assert together.accounts[PROJECT, REVENUE] == alone.accounts[PROJECT, REVENUE]


@settings(max_examples=100, deadline=None)
@given(histories)
def test_nothing_is_made_or_lost_and_an_account_knows_when_to_look_again(
    steps: list[Step],
) -> None:
    here = play(steps)

    assert sum(each.posted for each in here.accounts.values()) == 0
    for account in here.accounts.values():
        left = here.left(account)
        instants = [here.grants[each].terms.expires_at for each in left]
        instants += [
            each.expires_at
            for each in here.holds.values()
            if each.account_id == account.id and each.state == "open"
        ]
        never = ledger.NEVER
        assert (account.due_at or never) <= min(instants, default=never)


# -- On the databases ------------------------------------------------------------------------------


@dataclass
class Real:
    """A ledger in a real database, and the history it is played."""

    world: World
    history: History = field(default_factory=History)

    async def open(self) -> None:
        async with unit(self.world) as work:
            for wallet, floor in zip(WALLETS, FLOORS, strict=True):
                await ledger.open_wallet_account(work, wallet, USD, floor)

    async def play(self, steps: list[Step]) -> None:
        for hours, asked in steps:
            self.world.clock.advance(hours=hours)
            now = self.world.clock.now()
            proposals = [self.history.proposal(act, now) for act in asked]
            expected = [self.history.verdict(each, now) for each in proposals]

            assert await self.propose(proposals) == expected
            assert await self.told() == must_be(self.history)

    async def propose(self, proposals: list[Proposal]) -> list[str]:
        async with unit(self.world) as work:
            return [said(each) for each in await ledger.post_each(work, proposals)]

    async def told(self) -> Told:
        told: Told = {}
        async with self.world.database.read(OPERATOR) as work:
            a, g, h = (each.c for each in (tables.accounts, tables.grants, tables.holds))
            for row in await work.execute(select(tables.accounts).where(a.id.in_(ACCOUNTS))):
                left = {
                    grant.id: row.burning_left if grant.id == row.burning else grant.remaining
                    for grant in await work.execute(
                        select(tables.grants).where(g.account_id == row.id)
                    )
                }
                holds = await work.execute(select(h.id, h.state).where(h.account_id == row.id))
                told[row.id] = (
                    {name: amount for name, amount in left.items() if amount},
                    (row.posted * row.side, row.held, row.pinned),
                    {hold.id: hold.state for hold in holds},
                )
        return told


@pytest.mark.anyio
@pytest.mark.parametrize("seed", [101, 102])
async def test_both_databases_are_left_as_plain_arithmetic_leaves_them(
    world: World, seed: int
) -> None:
    real = Real(world)
    await real.open()
    steps = random_steps(seed, 120)

    for start, end in pairwise(range(0, len(steps) + 1, 30)):
        await real.play(steps[start:end])
        found = await proof(world)
        assert found.differences == []

        assert found.looked_at["transactions"] > len(real.history.booked)
