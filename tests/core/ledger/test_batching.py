"""A batch is decided in arrival order, greedily, and exactly as if each came alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.kernel.ids import compose
from core.kernel.money import Asset, Money
from core.ledger import (
    Accepted,
    Account,
    Duplicate,
    InsufficientFunds,
    Outcome,
    ReferenceReused,
    Refused,
    Side,
    Transaction,
    batching,
    credit,
    debit,
)
from core.ledger.batching import Decision, Opening, Proposal, References
from core.ledger.books import Purse
from core.ledger.grants import BurnKey, Grant, Terms
from core.ledger.model import Known

USD, PROJECT = Asset("USD", 2), compose("prj", 1)
WALLETS = [f"acc_{n}" for n in range(3)]
REVENUE = "acc_revenue"
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def accounts(*balances: int, held: int = 0) -> dict[tuple[str, str], Account]:
    opened = [
        Account(
            PROJECT,
            name,
            USD,
            Side.CREDIT,
            -balance,
            held,
            is_wallet=True,
            pinned=held,
            burning=f"grt_{name}",
            burning_left=balance - held,
        )
        for name, balance in zip(WALLETS, balances, strict=False)
    ]
    revenue = Account(PROJECT, REVENUE, USD, Side.CREDIT, floor=None)
    return {each.key: each for each in (*opened, revenue)}


def move(amount: int, reference: str, source: str = "acc_0", target: str = REVENUE) -> Transaction:
    money = Money(amount, USD)
    return Transaction(
        project_id=PROJECT,
        id=f"txn_{reference}_{amount}",
        kind="charge",
        reference=reference,
        entries=(debit(source, money), credit(target, money)),
    )


def decide(
    opened: Mapping[tuple[str, str], Account], known: References, proposals: Sequence[Proposal]
) -> Decision:
    opening = Opening(accounts=opened, known=known)
    decision = batching.decide(opening, proposals, NOW, lambda prefix: compose(prefix, 1))
    assert isinstance(decision, Decision)
    return decision


def verdicts(decision: Decision) -> list[str]:
    return [type(each).__name__ for each in decision.outcomes]


def test_a_refused_charge_does_not_block_a_smaller_one_behind_it() -> None:
    decision = decide(accounts(10), {}, [move(20, "a"), move(10, "b"), move(1, "c")])

    assert verdicts(decision) == ["Refused", "Accepted", "Refused"]


def test_each_of_many_grants_that_a_charge_uses_up_is_looked_at_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count, looks = 300, Counter[str]()
    made = [
        Grant(
            project_id=PROJECT,
            account_id=WALLETS[0],
            id=compose("grt", n),
            transaction_id=compose("txn", n),
            terms=Terms("gift", n % 7),
            amount=1,
            granted_at=NOW,
        )
        for n in range(count)
    ]
    purse = Purse({each.id: each for each in made}, {each.id: 1 for each in made}, is_complete=True)
    opened = accounts(count)
    wallet = (PROJECT, WALLETS[0])
    opened[wallet] = opened[wallet]._replace(burning=None, burning_left=0)

    def look(grant: Grant) -> BurnKey:
        looks[grant.id] += 1
        return BurnKey(grant.terms.priority, grant.terms.expires_at, grant.id)

    monkeypatch.setattr(Grant, "key", property(look))
    opening = Opening(accounts=opened, purses={wallet: purse})
    decision = batching.decide(opening, [move(count, "all")], NOW, lambda prefix: prefix)

    assert isinstance(decision, Decision)
    monkeypatch.undo()
    in_order = [each.id for each in sorted(made, key=lambda each: each.key)]
    assert [grant_id for grant_id, _ in decision.accepted[0].burned] == in_order
    assert max(looks.values()) < 5


def test_what_is_held_cannot_be_spent() -> None:
    [outcome] = decide(accounts(10, held=4), {}, [move(7, "a")]).outcomes

    assert isinstance(outcome, Refused)
    assert isinstance(outcome.error, InsufficientFunds)
    assert (outcome.error.available.amount, outcome.error.shortfall.amount) == (6, 1)


def test_the_same_reference_twice_in_a_batch_is_one_transaction() -> None:
    decision = decide(accounts(10), {}, [move(3, "a"), move(3, "a")])

    assert decision.outcomes[1] == Duplicate("txn_a_3")
    assert decision.closing[PROJECT, "acc_0"].balance == 7


def test_a_refused_reference_may_come_again_in_the_same_batch() -> None:
    topped_up = move(5, "t", source=REVENUE, target="acc_0")
    decision = decide(accounts(0), {}, [move(3, "a"), topped_up, move(3, "a")])

    assert verdicts(decision) == ["Refused", "Accepted", "Accepted"]


def test_the_same_reference_for_something_else_is_refused() -> None:
    known = Known("txn_first", move(3, "a").content, datetime(2026, 11, 20, tzinfo=UTC))
    decision = decide(accounts(10), {(PROJECT, "a"): known}, [move(3, "a"), move(4, "a")])

    assert decision.outcomes[0] == Duplicate("txn_first")
    refused = decision.outcomes[1]
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, ReferenceReused)


def test_an_account_may_dip_below_its_floor_inside_one_transaction() -> None:
    money = Money(5, USD)
    there_and_back = Transaction(
        project_id=PROJECT,
        id="txn_1",
        kind="test",
        reference="r",
        entries=(debit("acc_0", money), credit("acc_0", money)),
    )

    [outcome] = decide(accounts(0), {}, [there_and_back]).outcomes

    assert isinstance(outcome, Accepted)
    assert [each.balance for each in outcome.entries] == [5, 0]


def test_a_transaction_may_have_more_than_two_sides_when_it_balances() -> None:
    def split(*amounts: int) -> Transaction:
        names = ("acc_0", "acc_1", REVENUE)
        return Transaction(
            project_id=PROJECT,
            id="txn_1",
            kind="test",
            reference="r",
            entries=tuple(
                debit(name, Money(amount, USD)) for name, amount in zip(names, amounts, strict=True)
            ),
        )

    decision = decide(accounts(5, 5), {}, [split(3, 2, -5)])

    assert {key[1]: each.balance for key, each in decision.closing.items()} == {
        "acc_0": 2,
        "acc_1": 3,
        REVENUE: 5,
    }
    with pytest.raises(AssertionError, match="does not balance"):
        split(3, 2, -4)


def test_of_a_transaction_without_a_wallet_nothing_is_left_to_tell() -> None:
    opened = accounts(1)
    other = Account(PROJECT, "acc_other", USD, Side.CREDIT, floor=None)
    opened[other.key] = other

    [outcome] = decide(opened, {}, [move(3, "a", source="acc_other")]).outcomes

    assert isinstance(outcome, Accepted)
    assert outcome.available == 0


def described(outcome: Outcome) -> object:
    """Make outcomes comparable: errors are compared by what they say."""
    return str(outcome.error) if isinstance(outcome, Refused) else outcome


charges = st.lists(
    st.tuples(st.integers(1, 50), st.sampled_from("abcdefgh"), st.sampled_from(WALLETS)),
    max_size=30,
)


@given(charges, st.tuples(*[st.integers(0, 100)] * 3))
def test_a_batch_comes_out_as_one_by_one(
    sent: list[tuple[int, str, str]], opening: tuple[int, int, int]
) -> None:
    proposals = [move(amount, reference, source) for amount, reference, source in sent]
    together = decide(accounts(*opening), {}, proposals)

    current, alone = accounts(*opening), []
    known: dict[tuple[str, str], Known] = {}
    for proposal in proposals:
        decision = decide(current, known, [proposal])
        alone += decision.outcomes
        current |= decision.closing
        if isinstance(decision.outcomes[0], Accepted):
            at = datetime(2026, 11, 20, tzinfo=UTC)
            known[PROJECT, proposal.reference] = Known(proposal.id, proposal.content, at)

    assert [described(each) for each in together.outcomes] == [described(each) for each in alone]
    assert accounts(*opening) | together.closing == current


@given(charges, st.tuples(*[st.integers(0, 100)] * 3))
def test_no_batch_makes_or_loses_money_or_passes_a_floor(
    sent: list[tuple[int, str, str]], opening: tuple[int, int, int]
) -> None:
    before = accounts(*opening)
    decision = decide(before, {}, [move(*each[:2], source=each[2]) for each in sent])
    after = before | decision.closing

    assert sum(each.posted for each in after.values()) == sum(
        each.posted for each in before.values()
    )
    assert all(each.available >= 0 for each in after.values() if each.floor is not None)
    assert after.keys() == before.keys()
