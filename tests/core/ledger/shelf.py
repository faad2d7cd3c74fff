"""A ledger in memory: it keeps rows as the tables do, and answers what a decision wants to read.

So `decide` can be asked thousands of times a second. What is stored is what `writing` would store,
and what is answered is what `purses` would read, each in its plainest form.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from core.kernel.ids import compose
from core.kernel.money import Asset
from core.ledger import batching
from core.ledger.batching import Decision, Opening, Outcome, Proposal
from core.ledger.books import Purse, Want
from core.ledger.chart import AccountRole, operator_account
from core.ledger.grants import Grant
from core.ledger.holds import Hold, HoldState
from core.ledger.model import Account, AccountKey, Known
from tests.world import PROJECT

ROUNDS_MAX = 30
BREAKAGE = operator_account(PROJECT, AccountRole.BREAKAGE, Asset("USD", 2))


@dataclass
class Shelf:
    accounts: dict[AccountKey, Account]
    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    remaining: dict[str, int] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)
    rounds: int = 0
    """How often more had to be read for the last batch."""

    def propose(self, proposals: Sequence[Proposal], now: datetime) -> list[Outcome]:
        """Decide the batch, reading as often as something is wanted, and store what came of it."""
        wants: dict[AccountKey, list[Want]] = {}
        purses: dict[AccountKey, Purse] = {}
        for self.rounds in range(ROUNDS_MAX):
            opening = Opening(
                accounts=self.accounts,
                known=self.known,
                purses=purses,
                breakage={key: BREAKAGE for key, purse in purses.items() if purse.knows_due},
            )
            decided = batching.decide(opening, proposals, now, self._new_id)
            if isinstance(decided, Decision):
                self._store(decided, now)
                return decided.outcomes
            for key, wanted in decided.items():
                wants.setdefault(key, []).extend(wanted)
            purses = {key: self._read(key, each, now) for key, each in wants.items()}
        raise AssertionError("a decision wants to read for ever")

    def left(self, account: Account) -> dict[str, int]:
        """What is left of each grant of an account of which something is left."""
        ours = {each.id for each in self.grants.values() if each.account_id == account.id}
        left = {each: self.remaining[each] for each in ours}
        if account.burning:
            left[account.burning] = account.burning_left
        return {name: amount for name, amount in left.items() if amount}

    def _new_id(self, prefix: str) -> str:
        return compose(prefix, (1 << 100) + next(self.numbers))

    # -- As `purses` reads -------------------------------------------------------------------------

    def _read(self, key: AccountKey, wants: Sequence[Want], now: datetime) -> Purse:
        purse, account = Purse(), self.accounts[key]
        ours = [each for each in self.grants.values() if each.account_id == key[1]]
        full = sorted((g for g in ours if self.remaining[g.id]), key=lambda each: each.key)
        ask = max(each.grants for each in wants)
        if ask:
            purse.is_complete = len(full) < ask
            purse.horizon = full[:ask][-1].key if full else None
        shown = {each.id for each in full[:ask]}
        for want in wants:
            shown |= want.grant_ids
            purse.transactions |= want.of_transactions
            purse.sought |= want.hold_ids
            purse.knows_due |= want.due
        shown |= {each.id for each in ours if each.transaction_id in purse.transactions}
        holds = [each for each in self.holds.values() if each.account_id == key[1]]
        open_ones = [each for each in holds if each.state is HoldState.OPEN]
        seen = [each for each in holds if each.id in purse.sought]
        if purse.knows_due:
            seen += [each for each in open_ones if each.expires_at <= now]
            shown |= {each.id for each in full if each.terms.expires_at <= now}
            instants = [each.expires_at for each in open_ones]
            instants += [each.terms.expires_at for each in full]
            purse.next_due_at = min((each for each in instants if each > now), default=None)
        for hold in seen:
            purse.holds[hold.id] = hold
            shown |= {grant_id for grant_id, _ in hold.parts}
        for grant in ours:
            if grant.id in shown:
                purse.grants[grant.id] = grant
                if grant.id != account.burning:
                    purse.remaining[grant.id] = self.remaining[grant.id]
        return purse

    # -- As `writing` writes -----------------------------------------------------------------------

    def _store(self, decision: Decision, now: datetime) -> None:
        for accepted in decision.accepted:
            made = accepted.transaction
            assert (made.project_id, made.reference) not in self.known
            known = Known(made.id, made.content, now)
            self.known[made.project_id, made.reference] = known
        for key, book in decision.books.items():
            for grant in book.made:
                assert grant.id not in self.grants
                self.grants[grant.id] = grant
                self.remaining[grant.id] = book.left_of(grant.id)
            for grant_id in book.flushed:
                self.remaining[grant_id] = book.left_of(grant_id)
            if book.differs_from(self.accounts[key]):
                self.accounts[key] = book.closed()
        self.holds.update(decision.holds)
