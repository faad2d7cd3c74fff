"""Decide a batch: what is posted and held, and what each account is afterwards. Pure.

Greedy in arrival order: a refused one changes nothing, and never blocks a smaller one behind it.
What has expired is taken out of a wallet before anything else happens to it. The same code decides
for both databases, and can be tested without either.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from core.kernel.errors import EngineError
from core.kernel.money import LARGEST, Money
from core.ledger.books import Book, Purse, Want, Wanting, next_due, split
from core.ledger.errors import (
    AccountNotFound,
    AssetMismatch,
    BalanceTooLarge,
    CaptureTooLarge,
    HoldNotFound,
    HoldNotOpen,
    ReferenceReused,
)
from core.ledger.grants import Grant, Part, Terms, lot_id
from core.ledger.holds import Expire, Held, Hold, HoldState, Looked, Reserve, Settle
from core.ledger.model import (
    Accepted,
    Account,
    AccountKey,
    Duplicate,
    Known,
    PostedEntry,
    Refused,
    Transaction,
    credit,
    debit,
)

Proposal = Transaction | Reserve | Settle | Expire
Outcome = Accepted | Duplicate | Refused | Held | Looked
References = Mapping[tuple[str, str], Known]
NewId = Callable[[str], str]

BREAKAGE = "breakage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Everything that was read, under lock, before the batch is decided."""

    accounts: Mapping[AccountKey, Account]
    known: References = field(default_factory=dict)
    purses: Mapping[AccountKey, Purse] = field(default_factory=dict)
    breakage: Mapping[AccountKey, str] = field(default_factory=dict)
    """For wallets with something due: the account that what expires is posted to."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One outcome for each proposal, in their order, and what else came of it."""

    outcomes: list[Outcome]
    expired: list[Accepted]
    """What was posted because it was due, before what was asked for."""
    books: Mapping[AccountKey, Book]
    holds: Mapping[str, Hold]
    """Every hold that was opened or closed, as it is now."""
    opened: frozenset[str]
    """Those of them that are new."""

    @property
    def accepted(self) -> list[Accepted]:
        """Everything that is posted."""
        return [*self.expired, *(each for each in self.outcomes if isinstance(each, Accepted))]

    @property
    def closing(self) -> dict[AccountKey, Account]:
        return {key: book.closed() for key, book in self.books.items()}


def decide(
    opening: Opening, proposals: Iterable[Proposal], now: datetime, new_id: NewId
) -> Decision | dict[AccountKey, list[Want]]:
    """Decide each proposal on what the ones accepted before it left behind.

    Or say what more has to be read first, of which accounts; then nothing is decided.
    """
    return _Deciding(opening, now, new_id).all(list(proposals))


class _Deciding:
    def __init__(self, opening: Opening, now: datetime, new_id: NewId) -> None:
        self.opening, self.now, self.new_id = opening, now, new_id
        self.books: dict[AccountKey, Book] = {}
        self.booked: dict[tuple[str, str], Transaction] = {}
        self.expired: list[Accepted] = []
        self.holds: dict[str, Hold] = {}
        self.opened: set[str] = set()

    def all(self, proposals: Sequence[Proposal]) -> Decision | dict[AccountKey, list[Want]]:
        outcomes: list[Outcome] = []
        wanted: dict[AccountKey, list[Want]] = {}
        # Whatever follows on a wallet that was left half-way cannot be decided either.
        unread: set[AccountKey] = set()
        for proposal in proposals:
            if unread and not unread.isdisjoint(self._wallets_of(proposal)):
                continue
            try:
                outcomes.append(self._one(proposal))
            except EngineError as error:
                outcomes.append(Refused(error))
            except Wanting as wanting:
                wanted.setdefault(wanting.key, []).append(wanting.want)
                unread.update(self._wallets_of(proposal))
        return wanted or Decision(
            outcomes, self.expired, self.books, self.holds, frozenset(self.opened)
        )

    def _wallets_of(self, proposal: Proposal) -> list[AccountKey]:
        if not isinstance(proposal, Transaction):
            return [proposal.key]
        keys = ((proposal.project_id, each.account_id) for each in proposal.entries)
        found = map(self.opening.accounts.get, keys)
        return [each.key for each in found if each and each.is_wallet]

    def _one(self, proposal: Proposal) -> Outcome:
        if isinstance(proposal, Transaction):
            return self._post_once(proposal)
        if isinstance(proposal, Reserve):
            return self._reserve(proposal.hold)
        if isinstance(proposal, Settle):
            return self._settle(proposal)
        self._book_of(proposal.key)
        return Looked()

    # -- Transactions ------------------------------------------------------------------------------

    def _post_once(self, proposal: Transaction) -> Outcome:
        reference = proposal.project_id, proposal.reference
        if first := self.opening.known.get(reference) or self.booked.get(reference):
            if proposal.content == first.content:
                return Duplicate(first.id)
            return Refused(ReferenceReused(proposal.reference, first.id))
        accepted = self._post(proposal)
        self.booked[reference] = proposal
        return accepted

    def _post(self, proposal: Transaction) -> Accepted:
        changes = self._changes(proposal)
        for book, change in changes:
            if book.is_wallet:
                book.check(-change)
        burned: list[Part] = []
        free = [book.free for book, _ in changes]
        entries = self._book(proposal)
        for (book, change), before in zip(changes, free, strict=True):
            if book.is_wallet and change > 0:
                self._spend(book, before, proposal, burned)
        moved = tuple(burned) if proposal.carries_terms else ()
        for (book, change), before in zip(changes, free, strict=True):
            if book.is_wallet and change < 0:
                self._receive(book, before, proposal, -change, moved=moved, burned=burned)
        return Accepted(proposal, entries, tuple(burned), self._left(changes))

    def _left(self, changes: Sequence[tuple[Book, int]]) -> int:
        for book, _ in changes:
            if book.is_wallet:
                return book.available
        return 0

    def _changes(self, proposal: Transaction) -> list[tuple[Book, int]]:
        """Return what the transaction does to each account it names, after a look at all of them.

        A floor is checked when the transaction is complete: entries within one have no order that
        matters, so an account may pass below its floor and come back before the transaction ends.
        """
        changes: dict[str, tuple[Book, int]] = {}
        for entry in proposal.entries:
            book = self._book_of((proposal.project_id, entry.account_id))
            before = changes.get(entry.account_id)
            amount = entry.money.amount + (before[1] if before else 0)
            if entry.money.asset != book.account.asset:
                holds, given = str(book.account.asset), str(entry.money.asset)
                raise AssetMismatch(entry.account_id, holds, given)
            if abs(book.posted + amount) > LARGEST:
                raise BalanceTooLarge(entry.account_id)
            changes[entry.account_id] = book, amount
        return list(changes.values())

    def _book_of(self, key: AccountKey) -> Book:
        book = self.books.get(key)
        if book is None:
            account = self.opening.accounts.get(key)
            if account is None:
                raise AccountNotFound(key[1])
            book = self.books[key] = Book.of(account, self.opening.purses.get(key))
        if book.is_due(self.now):
            self._expire(book)
        return book

    def _book(self, proposal: Transaction) -> tuple[PostedEntry, ...]:
        entries = []
        for entry in proposal.entries:
            book = self.books[proposal.project_id, entry.account_id]
            amount = entry.money.amount
            book.posted += amount
            book.sequence += 1
            entries.append(
                PostedEntry(
                    proposal.project_id,
                    entry.account_id,
                    book.sequence,
                    proposal.id,
                    amount,
                    book.posted,
                )
            )
        return tuple(entries)

    def _spend(self, book: Book, before: int, proposal: Transaction, burned: list[Part]) -> None:
        """Burn what the balance lost, as far as there are grants: beyond them, credit is given."""
        amount = before - book.free
        if proposal.takes_back is not None:
            amount = book.burn_first(proposal.takes_back, amount, burned)
        if proposal.carries_terms and amount:
            # The terms of whatever burns are to be handed on, so they must be known.
            book.know(frozenset([book.burning] if book.burning else []))
        book.burn(amount, burned)

    def _receive(
        self,
        book: Book,
        before: int,
        proposal: Transaction,
        amount: int,
        *,
        moved: tuple[Part, ...],
        burned: list[Part],
    ) -> None:
        """Turn what a wallet is credited with into grants, less what a debt takes at once."""
        owed = amount - (book.free - before)
        lots = self._lots(proposal, amount, moved)
        for n, (terms, size) in enumerate(lots):
            grant = Grant(
                project_id=proposal.project_id,
                account_id=book.account.id,
                id=lot_id(proposal.id, n),
                transaction_id=proposal.id,
                terms=terms,
                amount=size,
                granted_at=self.now,
            )
            taken = min(size, owed)
            owed -= taken
            if taken:
                burned.append((grant.id, taken))
            book.receive(grant, size - taken, before)
            before += size - taken

    def _lots(
        self, proposal: Transaction, amount: int, carried: tuple[Part, ...]
    ) -> list[tuple[Terms, int]]:
        lots = []
        for grant_id, part in carried:
            terms = self._terms(grant_id, proposal)
            lots.append((replace(terms, source=proposal.kind), part))
            amount -= part
        # What no grant stands for was given on credit, and comes on no terms of its own.
        return [*lots, (proposal.terms, amount)] if amount else lots

    def _terms(self, grant_id: str, proposal: Transaction) -> Terms:
        books = (self.books[proposal.project_id, each.account_id] for each in proposal.entries)
        purses = (book.purse for book in books if book.purse)
        return next(each.grants[grant_id].terms for each in purses if grant_id in each.grants)

    # -- Holds -------------------------------------------------------------------------------------

    def _reserve(self, hold: Hold) -> Held:
        book = self._book_of(hold.key)
        if book.held + hold.amount > LARGEST:
            raise BalanceTooLarge(hold.account_id)
        book.check(-hold.amount)
        parts: list[Part] = []
        book.burn(min(hold.amount, book.free), parts)
        opened = replace(hold, parts=tuple(parts))
        book.held += hold.amount
        book.pinned += opened.pinned
        book.expect(hold.expires_at)
        self._keep(book, opened)
        self.opened.add(opened.id)
        return Held(opened, book.available)

    def _settle(self, proposal: Settle) -> Outcome:
        book = self._book_of(proposal.key)
        hold = self._open_hold(book, proposal.hold_id)
        captured = None
        if proposal.capture is None:
            hold = self._release(book, hold, HoldState.RELEASED)
        else:
            captured = self._capture(book, hold, proposal.capture)
        if book.is_due(self.now):
            # What came back may have outlived its grant.
            self._expire(book)
        if captured is None:
            return Held(hold, book.available)
        captured.available = book.available
        return captured

    def _open_hold(self, book: Book, hold_id: str) -> Hold:
        hold = book.purse.holds.get(hold_id) if book.purse else None
        if hold is None and book.purse and hold_id in book.purse.sought:
            raise HoldNotFound(hold_id)
        if hold is None:
            raise book.want(Want(hold_ids=frozenset([hold_id])))
        if hold.state is not HoldState.OPEN:
            raise HoldNotOpen(hold_id, str(hold.state), hold.transaction_id)
        return hold

    def _capture(self, book: Book, hold: Hold, transaction: Transaction) -> Accepted:
        [wallet] = [e for e in transaction.entries if e.account_id == hold.account_id]
        amount = wallet.money.amount
        if amount > hold.capture_max:
            raise CaptureTooLarge(hold.id, Money(hold.capture_max, book.account.asset))
        self._changes(transaction)
        book.know(frozenset(grant_id for grant_id, _ in hold.parts))
        if amount > hold.amount:
            book.check(hold.amount - amount)
        before = book.free
        book.held -= hold.amount
        book.pinned -= hold.pinned
        entries = self._book(transaction)
        burned, unused = split(hold.parts, amount)
        gained = book.free - before
        absorbed = book.give_back(unused, max(0, gained))
        book.burn(max(0, -gained), burned)
        closed = replace(
            hold,
            state=HoldState.CAPTURED,
            captured=amount,
            transaction_id=transaction.id,
            closed_at=self.now,
            absorbed=absorbed,
        )
        self._keep(book, closed)
        return Accepted(transaction, entries, tuple(burned), book.available)

    def _release(self, book: Book, hold: Hold, state: HoldState) -> Hold:
        book.know(frozenset(grant_id for grant_id, _ in hold.parts))
        before = book.free
        book.held -= hold.amount
        book.pinned -= hold.pinned
        absorbed = book.give_back(hold.parts, book.free - before)
        closed = replace(hold, state=state, closed_at=self.now, absorbed=absorbed)
        self._keep(book, closed)
        return closed

    def _keep(self, book: Book, hold: Hold) -> None:
        self.holds[hold.id] = hold
        if book.purse is None:
            book.purse = Purse()
        book.purse.holds[hold.id] = hold

    # -- Expiry ------------------------------------------------------------------------------------

    def _expire(self, book: Book) -> None:
        """Release the holds that are due, then post what is left of the grants that are."""
        purse, key = book.purse, book.account.key
        to = self.opening.breakage.get(key)
        if purse is None or not purse.knows_due or to is None:
            raise book.want(Want(due=True))
        book.due_at = None
        for hold in sorted(purse.holds.values(), key=lambda each: (each.expires_at, each.id)):
            if hold.state is HoldState.OPEN and hold.expires_at <= self.now:
                self._release(book, hold, HoldState.EXPIRED)
        for grant in sorted(purse.grants.values(), key=lambda each: each.key):
            if grant.terms.expires_at <= self.now:
                self._break(book, grant, to)
        book.due_at = next_due(book, purse, self.now)

    def _break(self, book: Book, grant: Grant, to: str) -> None:
        assert book.purse is not None
        left = book.left if book.burning == grant.id else book.purse.remaining.get(grant.id, 0)
        if not left:
            return
        book.put_out()
        book.purse.remaining[grant.id] = 0
        book.flushed.add(grant.id)
        money = Money(left, book.account.asset)
        transaction = Transaction(
            project_id=grant.project_id,
            id=self.new_id("txn"),
            kind=BREAKAGE,
            reference=f"{BREAKAGE}:{grant.id}:{left}:{book.sequence}",
            entries=(debit(book.account.id, money), credit(to, money)),
            memo=f"expired {grant.terms.expires_at:%Y-%m-%d %H:%M} UTC",
        )
        self._book_of((grant.project_id, to))
        entries = self._book(transaction)
        parts = ((grant.id, left),)
        self.expired.append(Accepted(transaction, entries, parts, book.available))
