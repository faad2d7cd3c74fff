"""Seals number the trail's rows, chain their digests, and miss no row that was committed late."""

import asyncio
import hashlib
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from core import audit
from core.audit import TRAILS, sealing, tables
from core.audit.recording import event_row
from core.kernel.caller import SYSTEM
from core.kernel.ids import compose, number_of
from tests.world import DIGEST_KEY, OPERATOR, World

pytestmark = pytest.mark.anyio

TRAIL = "audit_events"


async def note(world: World, *, times: int = 1, made_ago: timedelta = timedelta()) -> list[str]:
    """Commit events now whose ids were made some time ago."""
    async with world.database.begin(OPERATOR) as work:
        rows = [event_row(work, OPERATOR, "key.revoked", "key_1", {}) for _ in range(times)]
        milliseconds = int(made_ago.total_seconds() * 1000)
        for row in rows:
            row["id"] = compose("aud", number_of(row["id"]) - (milliseconds << 80))
        await work.execute(insert(tables.events), rows)
    return [row["id"] for row in rows]


async def seal(world: World, **options: Any) -> int:
    async with world.database.begin(SYSTEM) as work:
        count, _ = await audit.seal_next(work, await audit.look_back(work, TRAIL, **options))
        return count


async def seals(world: World) -> list[Any]:
    async with world.database.read(SYSTEM) as work:
        query = select(tables.seals).where(tables.seals.c.trail == TRAIL)
        return list(await work.execute(query.order_by(tables.seals.c.number)))


def ids_in(row: Any) -> list[str]:
    packed = bytes(row.row_ids)
    numbers = [int.from_bytes(packed[at : at + 16], "big") for at in range(0, len(packed), 16)]
    return [compose("aud", number) for number in numbers]


async def test_a_seal_names_every_settled_row_and_covers_it_byte_for_byte(world: World) -> None:
    ids = await note(world, times=3)
    assert await seal(world) == 0
    world.clock.advance(seconds=3)
    await note(world)

    assert [await seal(world), await seal(world)] == [3, 0]

    [row] = await seals(world)
    assert (row.number, row.row_count, ids_in(row), row.previous) == (1, 3, ids, bytes(16))
    async with world.database.read(SYSTEM) as work:
        query = select(tables.events.c.digest).order_by(tables.events.c.id).limit(3)
        digests = [bytes(digest) for (digest,) in await work.execute(query)]
    told = [TRAIL, 1, "2026-11-20T09:00:03.000000+00:00", bytes(16).hex()]
    told += [bytes(row.row_ids).hex(), b"".join(digests).hex()]
    packed = json.dumps(told, separators=(",", ":")).encode()
    assert row.digest == hashlib.blake2b(packed, digest_size=16, key=DIGEST_KEY).digest()


async def test_every_seal_names_the_digest_of_the_one_before(world: World) -> None:
    for _ in range(3):
        await note(world)
        world.clock.advance(minutes=5)
        await seal(world)

    first, second, third = await seals(world)
    assert (first.previous, second.previous, third.previous) == (
        bytes(16), first.digest, second.digest,
    )  # fmt: skip


async def test_many_rows_are_sealed_in_segments_none_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "ROWS_MAX", 10)
    monkeypatch.setattr(sealing, "_SEALS_READ", 2)
    ids = await note(world, times=95)
    world.clock.advance(seconds=3)

    counts = [await seal(world) for _ in range(11)]

    assert counts == [10] * 9 + [5, 0]
    assert [each for row in await seals(world) for each in ids_in(row)] == ids


async def test_whoever_goes_on_from_where_a_seal_ended_seals_the_rest_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "ROWS_MAX", 10)
    ids = await note(world, times=25)
    world.clock.advance(seconds=3)

    counts = []
    async with world.database.begin(SYSTEM) as work:
        place = await audit.look_back(work, TRAIL)
    for _ in range(4):
        async with world.database.begin(SYSTEM) as work:
            count, place = await audit.seal_next(work, place)
            counts.append(count)

    assert counts == [10, 10, 5, 0]
    found = await seals(world)
    assert [each for row in found for each in ids_in(row)] == ids
    assert [row.previous for row in found] == [bytes(16), *(row.digest for row in found[:-1])]


async def test_rows_are_read_again_only_when_one_of_them_was_committed_late(world: World) -> None:
    ids = await note(world, times=20)
    world.clock.advance(seconds=3)
    await seal(world)
    async with world.database.read(SYSTEM) as work:
        assert await audit.look_back(work, TRAIL) == audit.Place(
            TRAIL, 1, (await seals(world))[0].digest, number_of(ids[-1])
        )

    await note(world, made_ago=timedelta(seconds=30))

    async with world.database.read(SYSTEM) as work:
        place = await audit.look_back(work, TRAIL)
    assert place.after < number_of(ids[0])
    assert place.sealed == {number_of(each).to_bytes(16, "big") for each in ids}
    assert await seal(world) == 1


async def test_a_row_committed_after_younger_ones_were_sealed_is_in_the_next_seal(
    world: World,
) -> None:
    world.clock.advance(minutes=10)
    early = await note(world)
    world.clock.advance(seconds=3)
    await seal(world)
    late = await note(world, made_ago=timedelta(seconds=90))

    assert await seal(world) == 1

    assert [ids_in(row) for row in await seals(world)] == [early, late]


async def test_a_sweep_finds_what_usual_seals_no_longer_look_for_and_takes_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "_SEALS_READ", 2)
    world.clock.advance(hours=12)
    for _ in range(8):
        await note(world, times=2)
        world.clock.advance(minutes=11)
        await seal(world)
    late = await note(world, made_ago=timedelta(minutes=41))
    later = await note(world, made_ago=timedelta(minutes=50))

    assert await seal(world) == 0
    assert await seal(world, overlap=sealing.OVERLAP_MAX) == 2
    # That seal holds only late rows, and must not hide the ones before it from the next sweep.
    world.clock.advance(seconds=3)
    assert await seal(world, overlap=sealing.OVERLAP_MAX) == 0

    assert Counter(ids_in((await seals(world))[-1])) == Counter(late + later)
    sealed = Counter(each for row in await seals(world) for each in ids_in(row))
    assert set(sealed.values()) == {1}
    assert sealed.total() == 18


async def test_of_ten_who_seal_at_once_none_seals_a_row_again(world: World) -> None:
    ids = await note(world, times=5)
    world.clock.advance(seconds=3)

    outcomes = await asyncio.gather(*(seal(world) for _ in range(10)), return_exceptions=True)

    assert [each for row in await seals(world) for each in ids_in(row)] == ids
    assert {type(each) for each in outcomes} <= {int, IntegrityError}
    assert Counter(each for each in outcomes if isinstance(each, int))[5] == 1


async def test_a_seal_cannot_be_changed_even_with_sql(world: World) -> None:
    await note(world)
    world.clock.advance(seconds=3)
    await seal(world)

    for change in ("update audit_seals set row_count = 2", "delete from audit_seals"):
        with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
            await execute(world, change)


async def execute(world: World, statement: str) -> None:
    async with world.database.begin(SYSTEM) as work:
        await work.connection.exec_driver_sql(statement)


@pytest.mark.parametrize("trail", TRAILS)
async def test_every_trail_that_is_sealed_has_its_own_chain(world: World, trail: str) -> None:
    async with world.database.begin(SYSTEM) as work:
        place = await audit.look_back(work, trail)
        assert await audit.seal_next(work, place) == (0, place)
