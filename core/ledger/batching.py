"""Decide a batch: which transactions are posted, and what each account holds afterwards. Pure.

Greedy in arrival order: a refused one changes nothing, and never blocks a smaller one behind it.
The same code decides for both databases, and can be tested without either.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.kernel.errors import EngineError
from core.ledger.errors import AccountNotFound, ReferenceReused
from core.ledger.model import (
    Accepted,
    Account,
    AccountKey,
    Duplicate,
    Known,
    Outcome,
    PostedEntry,
    Refused,
    Transaction,
)

Accounts = Mapping[AccountKey, Account]
References = Mapping[tuple[str, str], Known]


@dataclass(frozen=True, slots=True)
class Decision:
    """One outcome for each proposal, in their order, and the accounts as they are afterwards."""

    outcomes: list[Outcome]
    closing: Accounts

    @property
    def accepted(self) -> list[Accepted]:
        return [each for each in self.outcomes if isinstance(each, Accepted)]


def decide(opening: Accounts, known: References, proposals: Iterable[Transaction]) -> Decision:
    """Decide each proposal on the balances that the ones accepted before it left behind."""
    accounts = dict(opening)
    booked = {reference: (each.id, each.content) for reference, each in known.items()}
    outcomes: list[Outcome] = []
    for proposal in proposals:
        reference = proposal.project_id, proposal.reference
        if reference in booked:
            outcomes.append(_same_or_reused(proposal, *booked[reference]))
            continue
        try:
            changed, entries = _apply(accounts, proposal)
        except EngineError as error:
            outcomes.append(Refused(error))
            continue
        accounts |= changed
        booked[reference] = proposal.id, proposal.content
        outcomes.append(Accepted(proposal, entries))
    return Decision(outcomes, accounts)


def _same_or_reused(
    proposal: Transaction, first_id: str, first_content: tuple[tuple[str, int], ...]
) -> Duplicate | Refused:
    if proposal.content == first_content:
        return Duplicate(first_id)
    return Refused(ReferenceReused(proposal.reference, first_id))


def _apply(
    accounts: Accounts, proposal: Transaction
) -> tuple[dict[AccountKey, Account], tuple[PostedEntry, ...]]:
    """Apply one transaction to the accounts it names.

    A floor is checked when the transaction is complete: entries within one have no order that
    matters, so an account may pass below its floor and come back before the transaction ends.
    """
    changed: dict[AccountKey, Account] = {}
    entries = []
    for entry in proposal.entries:
        key = proposal.project_id, entry.account_id
        if key not in accounts:
            raise AccountNotFound(entry.account_id)
        account = changed.get(key, accounts[key]).apply(entry)
        changed[key] = account
        entries.append(
            PostedEntry(
                proposal.project_id,
                account.id,
                account.sequence,
                proposal.id,
                entry.money.amount,
                account.posted,
            )
        )
    for key, account in changed.items():
        account.check_floor(accounts[key])
    return changed, tuple(entries)
