"""Histories of three wallets, played twice: to the ledger, and to wallets as anybody would write.

An `Act` is what somebody asks for. A `History` makes the proposal that the ledger is given of it,
and says what must come of it; afterwards the wallets must be the same, lot by lot.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from core import ledger
from core.kernel.ids import compose
from core.kernel.money import Asset, Money
from core.ledger.batching import Outcome, Proposal
from core.ledger.grants import NEVER, Terms, lot_id
from core.ledger.holds import Expire, Hold, Reserve, Settle
from core.ledger.model import Entry, Transaction
from tests.core.ledger.naive import Lot, NaiveWallet, Promise
from tests.world import PROJECT

USD, EUR = Asset("USD", 2), Asset("EUR", 2)
WALLETS = [compose("wal", n) for n in (201, 202, 203)]
FLOORS = (0, -50, None)
ACCOUNTS = [ledger.wallet_account(each) for each in WALLETS]
KINDS = (
    "grant", "grant", "grant", "charge", "charge", "charge", "charge", "transfer", "transfer",
    "hold", "hold", "capture", "capture", "release", "reverse", "again", "other", "look", "euro",
)  # fmt: skip
LIVES = (None, None, 1, 2, 5, 30)
PRIORITIES = (1, 100, 100)


def operator(role: ledger.AccountRole) -> str:
    return ledger.operator_account(PROJECT, role, USD)


REVENUE = operator(ledger.AccountRole.REVENUE)
PROMOTIONS = operator(ledger.AccountRole.PROMOTIONS)


@dataclass(frozen=True, slots=True)
class Act:
    kind: str
    wallet: int = 0
    other: int = 1
    amount: int = 10
    hours: int | None = None
    """How long a grant or a hold lives."""
    priority: int = 100
    pick: int = 0
    """Which of the earlier holds or transactions is meant."""


Step = tuple[float, list[Act]]
"""So many hours later, these together."""


def random_steps(seed: int, steps: int) -> list[Step]:
    random = Random(seed)  # noqa: S311 - a seed that can be told
    return [
        (random.choice((0, 0, 0.4, 1, 3)), [_random_act(random) for _ in range(_size(random))])
        for _ in range(steps)
    ]


def _size(random: Random) -> int:
    return random.choice((1, 1, 2, 5, 12))


def _random_act(random: Random) -> Act:
    return Act(
        random.choice(KINDS),
        random.randrange(3),
        random.randrange(3),
        random.randrange(1, 60),
        random.choice(LIVES),
        random.choice(PRIORITIES),
        random.randrange(40),
    )


@dataclass
class History:
    """What was asked for so far, and the wallets as they must be."""

    wallets: dict[str, NaiveWallet] = field(
        default_factory=lambda: {
            account: NaiveWallet(floor) for account, floor in zip(ACCOUNTS, FLOORS, strict=True)
        }
    )
    transactions: list[Transaction] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    booked: dict[str, Transaction] = field(default_factory=dict)
    count: int = 0

    # -- What is proposed --------------------------------------------------------------------------

    def proposal(self, act: Act, now: datetime) -> Proposal:  # noqa: PLR0911 - one for each kind
        """Make what the ledger is given."""
        self.count += 1
        account, pick = ACCOUNTS[act.wallet], act.pick
        match act.kind:
            case "hold":
                return self._hold(act, now)
            case "release" | "capture" if self.holds:
                hold = self.holds[pick % len(self.holds)]
                capture = self._capture(act, hold, now) if act.kind == "capture" else None
                return Settle(
                    project_id=PROJECT,
                    account_id=hold.account_id,
                    hold_id=hold.id,
                    capture=capture,
                )
            case "look":
                return Expire(PROJECT, account)
            case "reverse" | "again" | "other" if self.transactions:
                return self._repeated(act, self.transactions[pick % len(self.transactions)], now)
            case "transfer":
                return self._move(act, now, account, ACCOUNTS[act.other])
            case "charge" | "euro":
                return self._move(act, now, account, REVENUE)
            case _:
                return self._move(act, now, PROMOTIONS, account)

    def _id(self, prefix: str, now: datetime) -> str:
        return compose(prefix, int(now.timestamp() * 1000) << 80 | self.count)

    def _move(self, act: Act, now: datetime, source: str, target: str) -> Transaction:
        money = Money(act.amount, EUR if act.kind == "euro" else USD)
        kind = "charge" if target == REVENUE else "grant" if source == PROMOTIONS else "transfer"
        transaction = Transaction(
            project_id=PROJECT,
            id=self._id("txn", now),
            kind=kind,
            reference=f"r:{self.count}",
            entries=(ledger.debit(source, money), ledger.credit(target, money)),
            terms=Terms(kind, act.priority, _until(act, now)) if kind == "grant" else Terms(kind),
            carries_terms=kind == "transfer",
        )
        if act.kind != "euro":
            self.transactions.append(transaction)
        return transaction

    def _repeated(self, act: Act, first: Transaction, now: datetime) -> Transaction:
        entries = first.entries
        if act.kind == "reverse":
            entries = tuple(Entry(each.account_id, -each.money) for each in entries)
        elif act.kind == "other":
            entries = tuple(
                Entry(each.account_id, Money(2 * each.money.amount, USD)) for each in entries
            )
        return Transaction(
            project_id=PROJECT,
            id=self._id("txn", now),
            kind="reversal" if act.kind == "reverse" else first.kind,
            reference=f"reverse:{first.id}" if act.kind == "reverse" else first.reference,
            entries=entries,
            reverses=first.id if act.kind == "reverse" else None,
            takes_back=first.id if act.kind == "reverse" else None,
        )

    def _hold(self, act: Act, now: datetime) -> Reserve:
        hold = Hold(
            project_id=PROJECT,
            account_id=ACCOUNTS[act.wallet],
            id=self._id("hld", now),
            amount=act.amount,
            capture_max=act.amount + act.pick % 9,
            expires_at=now + timedelta(hours=act.hours or 4),
            memo="",
            invocation_id=None,
            held_at=now,
        )
        self.holds.append(hold)
        return Reserve(hold)

    def _capture(self, act: Act, hold: Hold, now: datetime) -> Transaction:
        money = Money(1 + act.amount % (hold.amount + 8), USD)
        return Transaction(
            project_id=PROJECT,
            id=self._id("txn", now),
            kind="charge",
            reference=f"capture:{self.count}",
            entries=(ledger.debit(hold.account_id, money), ledger.credit(REVENUE, money)),
        )

    # -- What must come of it ----------------------------------------------------------------------

    def verdict(self, proposal: Proposal, now: datetime) -> str:
        """Do it to the wallets, and say what the ledger must answer."""
        if isinstance(proposal, Transaction):
            return self._post(proposal, now)
        account_id = (
            proposal.hold.account_id if isinstance(proposal, Reserve) else (proposal.account_id)
        )
        wallet = self.wallets[account_id]
        wallet.expire(now)
        if isinstance(proposal, Reserve):
            return self._reserve(proposal.hold, wallet)
        if isinstance(proposal, Expire):
            return "Looked"
        told = self._settle(proposal, wallet)
        wallet.expire(now)
        return told

    def _post(self, made: Transaction, now: datetime) -> str:
        if first := self.booked.get(made.reference):
            return "Duplicate" if first.content == made.content else "reference_reused"
        changes: dict[str, int] = {}
        for entry in made.entries:
            self._look(entry.account_id, now)
            if entry.money.asset != USD:
                return "asset_mismatch"
            changes[entry.account_id] = changes.get(entry.account_id, 0) + entry.money.amount
        ours = {self.wallets[name]: n for name, n in changes.items() if name in self.wallets}
        if not all(wallet.may_lose(change) for wallet, change in ours.items()):
            return "insufficient_funds"
        taken = [
            each
            for wallet, change in ours.items()
            for each in wallet.take(max(0, change), made.takes_back)
        ]
        for wallet, change in ours.items():
            for lot, amount in self._lots(made, max(0, -change), taken):
                wallet.put(lot, amount)
        self.booked[made.reference] = made
        return "Accepted"

    def _look(self, account_id: str, now: datetime) -> None:
        if account_id in self.wallets:
            self.wallets[account_id].expire(now)

    def _lots(
        self, made: Transaction, amount: int, taken: list[tuple[Lot, int]]
    ) -> list[tuple[Lot, int]]:
        """Say in which lots a wallet gets it: a transfer's have the terms of what was taken."""
        if not amount:
            return []
        kinds = [(lot.priority, lot.expires_at, part) for lot, part in taken if made.carries_terms]
        rest = amount - sum(part for *_, part in kinds)
        if rest:
            kinds.append((made.terms.priority, made.terms.expires_at, rest))
        return [
            (Lot(lot_id(made.id, n), made.id, priority, expires_at, 0), part)
            for n, (priority, expires_at, part) in enumerate(kinds)
        ]

    def _reserve(self, hold: Hold, wallet: NaiveWallet) -> str:
        if not wallet.may_lose(hold.amount):
            return "insufficient_funds"
        most = hold.capture_max
        wallet.hold(Promise(hold.id, hold.amount, most, hold.expires_at, []))
        return "Held"

    def _settle(self, proposal: Settle, wallet: NaiveWallet) -> str:
        hold = wallet.holds.get(proposal.hold_id)
        if hold is None:
            return "hold_not_found"
        if hold.state != "open":
            return "hold_not_open"
        if proposal.capture is None:
            wallet.close(hold.id, "released")
            return "Held"
        amount = proposal.capture.entries[0].money.amount
        if amount > hold.most:
            return "capture_too_large"
        if amount > hold.amount and not wallet.may_lose(amount - hold.amount):
            return "insufficient_funds"
        wallet.close(hold.id, "captured", amount)
        self.booked[proposal.capture.reference] = proposal.capture
        return "Accepted"


def said(outcome: Outcome) -> str:
    """Name an outcome as a history does."""
    if isinstance(outcome, ledger.Refused):
        return outcome.error.code
    return type(outcome).__name__


def _until(act: Act, now: datetime) -> datetime:
    return now + timedelta(hours=act.hours) if act.hours else NEVER
