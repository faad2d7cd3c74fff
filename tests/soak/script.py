"""What the clients of a soak ask for: the same for the same number, whoever asks and how often.

A thousand operations are a round: two calls of `record_usage` with 440 events each, and 120 calls
that move credits. Every event of a batch counts as an operation, and so does every other call.
What settles a hold is asked for as soon as it is known which hold it is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any

from tests.soak.ground import METER, PRICE, Ground

ROUND = 1_000
BATCHES, EVENTS, AGAIN = 2, 440, 22
"""Batches of a round, new events of each, and events of the batch before that it says again."""
GRANTS, TRANSFERS, CHARGES, HOLDS = 6, 8, 100, 3
"""A hold is two calls, as it is settled too."""
CALLS = BATCHES + GRANTS + TRANSFERS + CHARGES + 2 * HOLDS
CHARGES_OF_RECORDED = 10
"""Charges of a round whose event is in a batch too."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Op:
    """One call, and what it must do. It is repeated as it is until it is acknowledged."""

    name: str
    make: Callable[[], dict[str, Any]]
    """Makes the arguments: nobody keeps those of a million operations."""
    key: str | None = None
    moves: Mapping[str, int] = field(default_factory=dict)
    """By how much each wallet changes, in millionths of a credit."""
    by_operator: bool = False
    worth: int = 1
    then: Callable[[Mapping[str, Any]], "Op"] | None = None
    """Makes of the answer what is to be asked next."""


def script(ground: Ground, operations: int, seed: int = 1) -> Iterator[Op]:
    """Tell so many operations, in an order that only the seed decides."""
    assert operations % ROUND == 0, f"count in rounds of {ROUND}"
    random = Random(seed)  # noqa: S311 - a seed that can be told
    for each in range(operations // ROUND):
        asked = list(_round(ground, each))
        random.shuffle(asked)
        yield from asked


def _round(ground: Ground, number: int) -> Iterator[Op]:
    for batch in range(number * BATCHES, (number + 1) * BATCHES):
        yield batch_of(ground, batch)
    for n in range(number * CHARGES, (number + 1) * CHARGES):
        yield charge(ground, n)
    for n in range(number * GRANTS, (number + 1) * GRANTS):
        yield grant(ground, n)
    for n in range(number * TRANSFERS, (number + 1) * TRANSFERS):
        yield transfer(ground, n)
    for n in range(number * HOLDS, (number + 1) * HOLDS):
        yield hold(ground, n)


def batch_of(ground: Ground, batch: int) -> Op:
    def make() -> dict[str, Any]:
        said_before = range(AGAIN) if batch else ()
        return {
            "project_id": ground.project,
            "events": [event(batch, n) for n in range(EVENTS)]
            + [event(batch - 1, n) for n in said_before],
        }

    return Op(name="record_usage", make=make, worth=EVENTS)


def event(batch: int, n: int) -> dict[str, Any]:
    return {
        "event_id": f"event-{batch:06}-{n:03}",
        "meter_key": METER,
        "properties": {"model": "large", "tokens": tokens(batch * EVENTS + n)},
    }


def tokens(n: int) -> int:
    """Hardly two neighbours cost the same, so that a charge cannot pass for another."""
    return n * 7919 % 4999 + 1


def charge(ground: Ground, n: int) -> Op:
    """Charge a new event, or one that a batch of the same round records before or after."""
    round_of, place = divmod(n, CHARGES)
    used = event(round_of * BATCHES, place * 10)
    if place >= CHARGES_OF_RECORDED:
        used |= {"event_id": f"charge-{n:08}"}
    wallet = ground.wallets[n % len(ground.wallets)]
    return Op(
        name="charge_usage",
        make=lambda: {"project_id": ground.project, "wallet_id": wallet, **used},
        key=f"charge-{n}" if n % 2 else None,
        moves={wallet: -PRICE * int(used["properties"]["tokens"])},
    )


def grant(ground: Ground, n: int) -> Op:
    wallet, amount = ground.wallets[n % len(ground.wallets)], tokens(n) * 10
    return Op(
        name="grant_credits",
        make=lambda: {
            "project_id": ground.project,
            "wallet_id": wallet,
            "amount": credits_of(amount),
        },
        key=f"grant-{n}",
        moves={wallet: amount},
        by_operator=True,
    )


def transfer(ground: Ground, n: int) -> Op:
    """Move credits between neighbours, there and back again."""
    ends = [ground.wallets[(n // 2 + end) % len(ground.wallets)] for end in (0, 1)]
    source, target = ends if n % 2 else reversed(ends)
    return move(ground, source, target, tokens(n), key=f"transfer-{n}")


def move(ground: Ground, source: str, target: str, amount: int, *, key: str) -> Op:
    """Move credits from one wallet to another."""
    return Op(
        name="transfer_credits",
        make=lambda: {
            "project_id": ground.project,
            "from_wallet_id": source,
            "to_wallet_id": target,
            "amount": credits_of(amount),
        },
        key=key,
        moves={source: -amount, target: amount},
        by_operator=True,
    )


def hold(ground: Ground, n: int) -> Op:
    """Hold credits, and capture a part, all or more of it, or release it."""
    wallet, amount = ground.wallets[n % len(ground.wallets)], 2 * tokens(n)
    captured = (amount // 2, amount, amount * 5 // 4, 0)[n % 4]

    def settle(held: Mapping[str, Any]) -> Op:
        named = {"project_id": ground.project, "hold_id": held["hold_id"]}
        if not captured:
            return Op(name="release_hold", make=lambda: named, key=f"release-{n}")
        return Op(
            name="capture_hold",
            make=lambda: {**named, "amount": credits_of(captured)},
            key=f"capture-{n}",
            moves={wallet: -captured},
        )

    return Op(
        name="hold_credits",
        make=lambda: {
            "project_id": ground.project,
            "wallet_id": wallet,
            "amount": credits_of(amount),
            "capture_max": credits_of(2 * amount),
            # Longer than any soak: none is to expire.
            "expires_in_seconds": 86_400,
        },
        key=f"hold-{n}",
        then=settle,
    )


def credits_of(millionths: int) -> str:
    return str(Decimal(millionths).scaleb(-6))


def millionths_of(amount: str) -> int:
    return int(Decimal(amount).scaleb(6))
