"""The proof finds what was done to grants and holds, even by somebody who can sign for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, literal, null, select, text, update

from core import ledger
from core.db.proving import digest_of
from core.kernel.ids import compose, renamed
from core.kernel.proving import Proof
from core.ledger import tables
from core.ledger.holds import Expire
from core.ledger_proof import burned as burned_proof
from tests.core.ledger.books import ADA, BOB, USD, balances, charge, proof, unit, usd
from tests.core.ledger.test_proof import guards
from tests.world import OPERATOR, PROJECT, START, World

pytestmark = pytest.mark.anyio

G, H, A, T, E = (
    each.c
    for each in (tables.grants, tables.holds, tables.accounts, tables.transactions, tables.entries)
)
GUARDED = (tables.grants, tables.holds, tables.transactions, tables.entries)
ACCOUNT = ledger.wallet_account(ADA)
HOUR = timedelta(hours=1)
Change = Callable[[dict[str, str]], Any]


class Books:
    """A wallet with a little of everything in it, and what its grants and holds are called."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ids: dict[str, str] = {}

    async def write(self) -> dict[str, str]:
        async with unit(self.world) as work:
            for wallet in (ADA, BOB):
                await ledger.open_wallet_account(work, wallet, USD, -500)
        await self.grant("early", "5", hours=2)
        await self.grant("plain", "20")
        await self.charge("spent", "2")
        await self.hold("captured", "4", hours=3)
        await self.hold("open", "1", hours=90)
        await self.hold("released", "2", hours=90)
        await self.settle("released")
        await self.hold("expired", "2", hours=1)
        self.world.clock.advance(hours=2.5)
        await self.look()
        await self.settle("captured", "3.50")
        await self.grant("broken", "1", hours=1, priority=1)
        self.world.clock.advance(hours=2)
        await self.look()
        await self.owe()
        self.world.clock.advance(hours=2)
        await self.grant("spare", "1", priority=200)
        await self.charge("late", "1")
        return self.ids

    async def owe(self) -> None:
        """Let a hold give back what a debt absorbs at once, and a transfer pay the debt."""
        await self.grant("owed", "2", wallet=BOB)
        await self.hold("absorbed", "2", hours=90, wallet=BOB)
        await self.charge("debt", "3", wallet=BOB)
        await self.settle("absorbed", wallet=BOB)
        async with unit(self.world) as work:
            transfer = ledger.flows.TRANSFER.draw(
                work, usd("4"), reference="transfer", source=ADA, target=BOB
            )
            await ledger.post(work, transfer)

    async def grant(
        self, name: str, amount: str, *, hours: float = 0, priority: int = 100, wallet: str = ADA
    ) -> None:
        async with unit(self.world) as work:
            until = work.now + hours * HOUR if hours else ledger.NEVER
            terms = ledger.Terms("promo", priority, until)
            made = ledger.flows.GRANT.draw(
                work, usd(amount), reference=name, target=wallet, terms=terms
            )
            await ledger.post(work, made)
        self.ids[name] = renamed(made.id, "grt")

    async def charge(self, name: str, amount: str, *, wallet: str = ADA) -> None:
        async with unit(self.world) as work:
            made = charge(work, amount, name, source=wallet)
            await ledger.post(work, made)
        self.ids[name] = made.id

    async def hold(self, name: str, amount: str, *, hours: float, wallet: str = ADA) -> None:
        async with unit(self.world) as work:
            hold = ledger.Hold(
                project_id=PROJECT,
                account_id=ledger.wallet_account(wallet),
                id=work.ids.new("hld"),
                amount=usd(amount).amount,
                capture_max=usd(amount).amount,
                expires_at=work.now + hours * HOUR,
                memo="",
                invocation_id=None,
                held_at=work.now,
            )
            await ledger.propose(work, ledger.Reserve(hold))
        self.ids[name] = hold.id

    async def settle(self, name: str, amount: str | None = None, *, wallet: str = ADA) -> None:
        async with unit(self.world) as work:
            capture = charge(work, amount, f"capture {name}", source=wallet) if amount else None
            settle = ledger.Settle(
                project_id=PROJECT,
                account_id=ledger.wallet_account(wallet),
                hold_id=self.ids[name],
                capture=capture,
            )
            await ledger.propose(work, settle)
        if capture:
            self.ids["capture"] = capture.id

    async def look(self) -> None:
        async with unit(self.world) as work:
            await ledger.post_each(work, [Expire(PROJECT, ACCOUNT)])


async def change(world: World, statement: Any, *, sign: bool = True) -> Proof:
    """Change the books as their owner can, sign everything anew where told, and prove them."""
    async with world.owner() as connection:
        for table in GUARDED:
            for guard in await guards(world, table.name):
                await connection.execute(text(guard))
        done = await connection.execute(statement)
        assert done.rowcount >= 1, "nothing was changed"
    if sign:
        await sign_all(world)
    return await proof(world)


async def sign_all(world: World) -> None:
    """Give every row the digest that it would have had."""
    async with world.database.read(OPERATOR) as work:
        signed: list[tuple[Table, str, bytes]] = []
        for table in (tables.grants, tables.holds):
            fixed = list(table.columns.keys()).index("digest")
            rows = await work.execute(select(table))
            signed += [(table, row.id, digest_of(work, list(row[:fixed]))) for row in rows]
        for row in await work.execute(select(tables.transactions)):
            values: list[Any] = list(row[:-1])
            entries = await work.execute(
                select(E.account_id, E.sequence, E.amount, E.balance)
                .where(E.transaction_id == row.id)
                .order_by(E.account_id, E.sequence)
            )
            for entry in entries:
                values += entry
            signed.append((tables.transactions, row.id, digest_of(work, values)))
    async with world.owner() as connection:
        for table, row_id, digest in signed:
            await connection.execute(
                update(table).where(table.c.id == row_id).values(digest=digest)
            )


def grant(name: str, **values: Any) -> Change:
    return lambda ids: update(tables.grants).where(G.id == ids[name]).values(**values)


def hold(name: str, **values: Any) -> Change:
    return lambda ids: update(tables.holds).where(H.id == ids[name]).values(**values)


def account(**values: Any) -> Change:
    return lambda _: update(tables.accounts).where(A.id == ACCOUNT).values(**values)


def burned(name: str, *parts: tuple[str, int]) -> Change:
    """Say that a transaction burned something else."""
    return lambda ids: (
        update(tables.transactions)
        .where(T.id == ids[name])
        .values(burned=[[ids.get(part, part), amount] for part, amount in parts])
    )


def copied(table: Any, name: str, **values: Any) -> Change:
    """Smuggle in another row like this one, under an id that is nobody's."""
    return lambda ids: insert(table).from_select(
        list(table.columns.keys()),
        select(
            *[
                literal(values[each.name], each.type) if each.name in values else each
                for each in table.columns
            ]
        ).where(table.c.id == ids[name]),
    )


NOBODYS = {"grt": compose("grt", 7), "hld": compose("hld", 7), "acc": compose("acc", 7)}

CASES: list[tuple[str, Change, str]] = [
    ("more is left of a grant", grant("early", remaining=100), "it was 500; there are"),
    ("less is left of a grant", grant("spare", remaining=0), "its grants have"),
    ("a grant is larger", grant("plain", amount=2500), "are not what it gave"),
    ("a grant is of another time", grant("plain", granted_at=START - HOUR), "it is not of when"),
    ("a grant had expired before", grant("early", expires_at=START), "which had expired"),
    ("a hold pinned what had expired", grant("early", expires_at=START), "when a hold pinned it"),
    ("breakage came too early", grant("broken", expires_at=ledger.NEVER), "which had not expired"),
    ("a grant came first", grant("plain", priority=1), "and passed over"),
    ("a grant is gone", lambda i: delete(tables.grants).where(G.id == i["early"]),
     "which is no grant of a wallet that it touches"),
    ("a grant is another wallet's", grant("early", account_id=ledger.wallet_account(BOB)),
     "no transaction of its wallet made it"),
    ("a grant is nobody's", grant("early", account_id=NOBODYS["acc"]), "its wallet is not there"),
    ("the last grant is nobody's", grant("early", account_id=compose("acc", 2**127)),
     "its wallet is not there"),
    ("a grant is smuggled in", copied(tables.grants, "plain", id=NOBODYS["grt"]),
     "are not what it gave"),
    ("a transaction burned less", burned("spent", ("early", 100)), "it was 500; there are"),
    ("a transaction burned too much", burned("spent", ("early", 300)), "more than it moved"),
    ("a transaction burned nothing", lambda i: update(tables.transactions)
     .where(T.id == i["spent"]).values(burned=null()), "it was 500; there are"),
    ("a transaction burned something else", burned("spent", ("plain", 200)), "and passed over"),
    ("it burned what is not there", burned("spent", (NOBODYS["grt"], 200)), "which is no grant"),
    ("it burned what it does not touch", burned("spent", ("owed", 200)), "which is no grant"),
    ("it burned what is no grant", burned("spent", ("a grant", 200)), "cannot be read"),
    ("it burned less than nothing", burned("spent", ("early", -200)), "cannot be read"),
    ("it burned no list", lambda i: update(tables.transactions)
     .where(T.id == i["spent"]).values(burned={"early": 200}), "cannot be read"),
    ("a capture burned elsewhere", burned("capture", ("plain", 350)), "did not burn what it pinne"),
    ("a hold is larger", hold("open", amount=200), "held; its holds come to"),
    ("a hold pins less", hold("open", parts=[]), "pinned; its holds pin"),
    ("a hold pins more than it holds", hold("open", amount=50), "pinned more than it holds"),
    ("a hold pins no list", hold("open", parts="all"), "what it pinned cannot be read"),
    ("a hold pins what is not there", hold("open", parts=[[NOBODYS["grt"], 100]]),
     "which its wallet has not"),
    ("an open hold was captured a little", hold("open", captured=1), "what it was closed with"),
    ("an open hold is released", hold("open", state="released", closed_at=START),
     "held; its holds come to"),
    ("a hold is lost", hold("released", state="lost"), "it is lost, and not closed"),
    ("a released hold never was", hold("released", closed_at=None), "released, and not closed"),
    ("a released hold is open", hold("released", state="open", closed_at=None),
     "held; its holds come to"),
    ("a released hold had expired", hold("released", expires_at=START), "it is released, closed"),
    ("a released hold was captured", hold("released", captured=5), "says what captured it"),
    ("an expired hold had not", hold("expired", expires_at=START + 80 * HOUR), "it is expired"),
    ("a captured hold took less", hold("captured", captured=300), "was captured; txn_"),
    ("a captured hold took too much", hold("captured", capture_max=300), "of at most 300"),
    ("a capture was at another time", hold("captured", closed_at=START), "was captured; txn_"),
    ("two holds were captured at once", copied(tables.holds, "captured", id=NOBODYS["hld"]),
     "two holds say that it captured them"),
    ("a debt absorbed less", hold("absorbed", absorbed=[]), "it was 200; there are"),
    ("a debt absorbed too much", lambda i: update(tables.holds).where(H.id == i["released"])
     .values(absorbed=[[i["early"], 900]]), "a debt absorbed more"),
    ("a hold is gone", lambda i: delete(tables.holds).where(H.id == i["open"]),
     "held; its holds come to"),
    ("a hold is smuggled in", copied(tables.holds, "open", id=NOBODYS["hld"]),
     "held; its holds come to"),
    ("a hold is nobody's", hold("open", account_id=NOBODYS["acc"]), "its wallet is not there"),
    ("the wallet holds less", account(held=100, pinned=0), "pinned; its holds pin"),
    ("the wallet holds more", account(held=300), "held; its holds come to"),
    ("another grant burns", account(burning=NOBODYS["grt"]), "which is no grant of it"),
    ("no grant burns", account(burning=None, burning_left=0), "its grants have"),
    ("more is left of what burns", account(burning_left=5), "its grants have"),
    ("it never looks again", account(due_at=None), "before it looks again"),
    ("it looks again too late", account(due_at=START + 99 * HOUR), "before it looks again"),
]  # fmt: skip


async def test_books_with_everything_in_them_are_clean_and_wholly_looked_at(world: World) -> None:
    await Books(world).write()

    found = await proof(world)

    assert found.differences == []
    assert (found.looked_at["grants"], found.looked_at["holds"]) == (6, 5)
    assert await balances(world) == {
        "ada": "15.50",
        "bob": "3.00",
        "breakage": "1.00",
        "promotions": "29.00",
        "revenue": "9.50",
    }


@pytest.mark.parametrize(
    ("made", "problem"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
async def test_what_is_wrong_is_found_though_it_is_signed(
    world: World, made: Change, problem: str
) -> None:
    ids = await Books(world).write()

    found = await change(world, made(ids))

    assert any(problem in str(each) for each in found.differences), found.differences


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (grant("plain", source="x"), "it is not what was granted"),
        (grant("plain", priority=101), "it is not what was granted"),
        (grant("plain", digest=b"x" * 16), "it is not what was granted"),
        (hold("open", memo="x"), "it is not the hold that was opened"),
        (hold("captured", capture_max=900), "it is not the hold that was opened"),
        (hold("open", digest=b"x" * 16), "it is not the hold that was opened"),
        (burned("spent", ("early", 200), ("early", 1)), "is not what was posted"),
    ],
)
async def test_one_changed_byte_is_found(world: World, made: Change, problem: str) -> None:
    ids = await Books(world).write()

    found = await change(world, made(ids), sign=False)

    assert any(problem in str(each) for each in found.differences), found.differences


async def test_burned_parts_are_looked_up_in_portions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await Books(world).write()
    monkeypatch.setattr(burned_proof, "PARTS_AT_ONCE", 1)
    assert (await proof(world)).differences == []

    found = await change(world, burned("spent", (NOBODYS["grt"], 200))(ids))

    assert any("which is no grant" in str(each) for each in found.differences)
