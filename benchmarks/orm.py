"""A plain ORM charge, as a team writes it first: the baseline of a charge.

One transaction each: read the wallet FOR UPDATE, take the price off, add a row that says so. No
second entry, no running balance, no digest. This is the one place that uses `sqlalchemy.orm`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import count, cycle

from sqlalchemy import BigInteger, ForeignKey, String, func
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column  # noqa: TID251 - see above

from benchmarks.sample import Measure, Sample

CONNECTIONS = 8
PLENTY, PRICE = 10**15, 1_000


class Base(DeclarativeBase):
    pass


class Wallet(Base):
    __tablename__ = "orm_wallets"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    balance: Mapped[int] = mapped_column(BigInteger)


class Charge(Base):
    __tablename__ = "orm_charges"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    wallet_id: Mapped[int] = mapped_column(ForeignKey("orm_wallets.id"), index=True)
    reference: Mapped[str] = mapped_column(String(200), unique=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    balance: Mapped[int] = mapped_column(BigInteger)
    charged_at: Mapped[datetime] = mapped_column(server_default=func.now())


@asynccontextmanager
async def orm_charges(url: str, wallets: int) -> AsyncIterator[Measure]:
    """Make the tables and the wallets, and lend what charges them in turn."""
    engine = create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions.begin() as session:
        session.add_all([Wallet(id=n, balance=PLENTY) for n in range(wallets)])
    turns, numbers = cycle(range(wallets)), count(1)

    async def measure(seconds: float) -> Sample:
        sample, start = Sample(), time.perf_counter()

        async def work() -> None:
            while (began := time.perf_counter()) < start + seconds:
                await _charge(sessions, next(turns), f"usage:orm-{next(numbers):012}")
                sample.latencies.append(time.perf_counter() - began)
                sample.count += 1

        async with asyncio.TaskGroup() as tasks:
            for _ in range(CONNECTIONS):
                tasks.create_task(work())
        sample.seconds = time.perf_counter() - start
        return sample

    yield measure
    await engine.dispose()


async def _charge(
    sessions: async_sessionmaker[AsyncSession], wallet_id: int, reference: str
) -> None:
    async with sessions.begin() as session:
        wallet = await session.get_one(Wallet, wallet_id, with_for_update=True)
        if wallet.balance < PRICE:
            raise ValueError("the wallet is empty")
        wallet.balance -= PRICE
        session.add(
            Charge(wallet_id=wallet.id, reference=reference, amount=PRICE, balance=wallet.balance)
        )
