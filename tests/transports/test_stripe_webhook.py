"""What Stripe tells is taken in once; whoever else speaks is refused, and nothing is kept."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import func, select

from core.audit import Trail, reading
from core.db.engine import open_engines
from core.db.work import Database
from core.inbox import Endpoint, Intake, tables
from core.jobs import tables as job_tables
from core.kernel.caller import SYSTEM
from mcp_server.adapters.stripe import Signatures
from mcp_server.app import Parts, build_app
from mcp_server.http import stripe_webhook
from mcp_server.http.metrics import Metrics
from mcp_server.http.origins import Origins
from mcp_server.http.stripe_webhook import BODY_MAX, PATHS, StripeDoor
from tests.stripe_events import paid, signature, thin
from tests.world import START, World

pytestmark = pytest.mark.anyio

URL = "http://127.0.0.1:8000"
OLD, NEW, THIN = "whsec_of_last_year", "whsec_of_this_year", "whsec_of_the_thin_one"
SNAPSHOT_PATH, THIN_PATH = PATHS[Endpoint.SNAPSHOT], PATHS[Endpoint.THIN]


class Entrance:
    """The door to the street: what is posted to it, and what is behind it afterwards."""

    def __init__(self, world: World, http: httpx2.AsyncClient, door: StripeDoor) -> None:
        self.world, self.http, self.door = world, http, door

    async def post(
        self, body: Any, header: str | None, path: str = SNAPSHOT_PATH, **more: str
    ) -> httpx2.Response:
        named = more | ({"Stripe-Signature": header} if header is not None else {})
        headers = {name.encode(): value.encode("latin-1") for name, value in named.items()}
        return await self.http.post(path, content=body, headers=headers)

    async def deliver(self, payload: dict[str, Any], secret: str = NEW) -> httpx2.Response:
        body = orjson.dumps(payload)
        return await self.post(body, signature(body, secret))

    async def kept(self) -> tuple[int, int]:
        """Count the events that are kept, and the jobs that will handle them."""
        async with self.world.database.read(SYSTEM) as work:
            counts = [
                (await work.execute(select(func.count()).select_from(each))).scalar_one()
                for each in (tables.events, job_tables.jobs)
            ]
        return counts[0], counts[1]

    def counted(self) -> dict[tuple[str, str], float]:
        """Return what the metrics say: how often what came of a delivery to which endpoint."""
        return {
            (sample.labels["endpoint"], sample.labels["outcome"]): sample.value
            for metric in self.door.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == "bursar_stripe_deliveries_total"
        }


@asynccontextmanager
async def opened(world: World, database: Database | None = None) -> AsyncIterator[Entrance]:
    door = StripeDoor(
        intake=Intake(database or world.database),
        verifiers={
            Endpoint.SNAPSHOT: Signatures([OLD, NEW], world.clock),
            Endpoint.THIN: Signatures([THIN], world.clock),
        },
        metrics=Metrics(),
        trail=Trail(world.database),
    )
    app = build_app(
        Parts(origins=Origins(URL, ()), metrics=door.metrics, routes=stripe_webhook.routes(door))
    )
    transport = httpx2.ASGITransport(app, client=("203.0.113.7", 5000))
    async with httpx2.AsyncClient(transport=transport, base_url=URL) as http:
        yield Entrance(world, http, door)


@pytest.fixture
async def entrance(world: World) -> AsyncIterator[Entrance]:
    async with opened(world) as entrance:
        yield entrance


async def test_what_stripe_tells_is_kept_and_answered_and_again_only_answered(
    entrance: Entrance,
) -> None:
    answers = [await entrance.deliver(paid("evt_1")) for _ in range(3)]

    assert [each.status_code for each in answers] == [200] * 3
    assert [each.json()["outcome"] for each in answers] == ["stored", "duplicate", "duplicate"]
    assert await entrance.kept() == (1, 1)
    assert entrance.counted() == {("snapshot", "stored"): 1, ("snapshot", "duplicate"): 2}


async def test_while_a_secret_is_rotated_both_are_good(entrance: Entrance) -> None:
    for n, secret in enumerate((OLD, NEW)):
        assert (await entrance.deliver(paid(f"evt_{n}"), secret)).status_code == 200

    assert await entrance.kept() == (2, 2)


async def test_a_thin_event_has_an_endpoint_and_a_secret_of_its_own(entrance: Entrance) -> None:
    body = orjson.dumps(thin("evt_1"))

    assert (await entrance.post(body, signature(body, THIN), THIN_PATH)).status_code == 200
    assert await entrance.kept() == (1, 1)
    assert entrance.counted() == {("thin", "stored"): 1}


GOOD = orjson.dumps(paid("evt_1"))


def flipped(body: bytes) -> bytes:
    return bytes([*body[:40], body[40] ^ 1, *body[41:]])


def later(seconds: int) -> str:
    return signature(GOOD, NEW, START + timedelta(seconds=seconds))


def signed(body: bytes) -> tuple[bytes, str]:
    return body, signature(body, NEW)


REFUSED: list[tuple[bytes, str | None, str]] = [
    (GOOD, None, "unsigned"),
    (GOOD, "", "unsigned"),
    (b"\xff" * 100, None, "unsigned"),
    (GOOD, "nonsense", "forged"),
    (GOOD, "t=,v1=", "forged"),
    (GOOD, "t=x,v1=é", "forged"),
    (GOOD, signature(GOOD, "whsec_of_somebody_else"), "forged"),
    (GOOD, signature(GOOD, ""), "forged"),
    (GOOD, signature(GOOD, THIN), "forged"),  # meant for the other endpoint
    (GOOD, signature(GOOD, NEW).replace("v1=", "v0="), "forged"),
    (flipped(GOOD), signature(GOOD, NEW), "forged"),
    (GOOD + b" ", signature(GOOD, NEW), "forged"),
    (b"\xff\xfe" + GOOD, signature(GOOD, NEW), "forged"),
    (GOOD, later(-301), "stale"),
    (GOOD, later(-(10**9)), "stale"),
    (GOOD, later(301), "ahead"),
    (*signed(b"\xff\xfe{}"), "forged"),  # they sign text, and this is none
    (*signed(b""), "not_json"),
    (*signed(b"not json"), "not_json"),
    (*signed(b"[]"), "not_an_event"),
    (*signed(orjson.dumps({"object": "event"})), "not_an_event"),
    (*signed(orjson.dumps(paid("evt_1") | {"id": None})), "not_an_event"),
    (*signed(orjson.dumps(paid("evt_1") | {"type": 7})), "not_an_event"),
    (*signed(orjson.dumps(thin("evt_1"))), "not_an_event"),
]


async def test_whatever_is_not_stripes_is_refused_by_one_word_counted_and_not_kept(
    entrance: Entrance,
) -> None:
    counted: Counter[tuple[str, str]] = Counter()
    for body, header, reason in REFUSED:
        answer = await entrance.post(body, header)

        told = answer.json()
        assert (answer.status_code, told["code"], told["reason"]) == (
            400,
            "delivery_refused",
            reason,
        ), (body, header)
        counted["snapshot", reason] += 1

    assert await entrance.kept() == (0, 0)
    assert entrance.counted() == counted


async def test_what_was_recorded_is_of_no_use_after_five_minutes_nor_elsewhere(
    entrance: Entrance,
) -> None:
    recorded = signature(GOOD, NEW)
    assert (await entrance.post(GOOD, recorded, THIN_PATH)).json()["reason"] == "forged"
    entrance.world.clock.advance(seconds=301)
    assert (await entrance.post(GOOD, recorded)).json()["reason"] == "stale"
    assert await entrance.kept() == (0, 0)

    # Up to the very limit it is good, on either side of our clock.
    for n, seconds in enumerate((1, 601)):
        body = orjson.dumps(paid(f"evt_{n}"))
        header = signature(body, NEW, START + timedelta(seconds=seconds))
        assert (await entrance.post(body, header)).status_code == 200


async def test_floods_are_counted_in_the_trail_without_their_words(entrance: Entrance) -> None:
    for _ in range(20):
        await entrance.post(GOOD, None)
    await entrance.door.trail.write_floods()

    async with entrance.world.database.read(SYSTEM) as work:
        [flood] = await reading.events(work, reading.Filter(), None, 10)
    assert (flood["action"], flood["details"]["times"]) == ("flood.unsigned", 20)
    assert "evt_1" not in str(flood)


async def test_ten_megabytes_are_refused_unread(entrance: Entrance) -> None:
    body = b"x" * (10 * BODY_MAX)
    answer = await entrance.post(body, signature(body, NEW))

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert answer.headers["connection"] == "close"
    assert await entrance.kept() == (0, 0)
    assert entrance.counted() == {("snapshot", "body_too_large"): 1}


async def test_of_ten_megabytes_that_come_without_saying_so_one_is_read(
    entrance: Entrance,
) -> None:
    chunk, taken = b"x" * 65_536, Counter[str]()

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(10 * BODY_MAX // len(chunk)):
            taken["chunks"] += 1
            yield chunk

    answer = await entrance.post(endless(), signature(b"", NEW))

    assert answer.status_code == 413
    assert taken["chunks"] <= BODY_MAX // len(chunk) + 2
    assert await entrance.kept() == (0, 0)
    assert entrance.counted() == {("snapshot", "body_too_large"): 1}


async def test_an_event_of_nearly_a_megabyte_is_taken(entrance: Entrance) -> None:
    big = paid("evt_1", description="d" * (BODY_MAX - 2_000))

    assert (await entrance.deliver(big)).status_code == 200
    assert await entrance.kept() == (1, 1)


async def test_ten_deliveries_of_one_event_at_once_are_all_answered_and_one_is_kept(
    entrance: Entrance,
) -> None:
    answers = await asyncio.gather(*(entrance.deliver(paid("evt_1")) for _ in range(10)))

    assert Counter(each.json()["outcome"] for each in answers) == {"stored": 1, "duplicate": 9}
    assert await entrance.kept() == (1, 1)


async def test_while_the_database_is_away_stripe_is_asked_to_come_again(world: World) -> None:
    away = open_engines("postgresql+asyncpg://nobody@/nothing?host=/nonexistent")
    database = Database(away, world.clock, world.database.ids, world.database.digest_key)
    async with opened(world, database) as entrance:
        answer = await entrance.deliver(paid("evt_1"))

        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["retry-after"] == "1"
        assert entrance.counted() == {("snapshot", "busy"): 1}
    async with opened(world) as entrance:
        assert (await entrance.deliver(paid("evt_1"))).json()["outcome"] == "stored"
    await away.dispose()


async def test_no_cookie_and_no_origin_matters_and_nothing_else_answers(
    entrance: Entrance,
) -> None:
    header = signature(GOOD, NEW)
    answer = await entrance.post(GOOD, header, Origin="https://evil.example", Cookie="s=1")
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers

    assert (await entrance.http.get(SNAPSHOT_PATH)).status_code == 405
    assert (await entrance.http.post(f"{SNAPSHOT_PATH}/", content=GOOD)).status_code == 404


async def test_an_endpoint_without_a_secret_is_not_there(world: World) -> None:
    door = StripeDoor(
        intake=Intake(world.database),
        verifiers={Endpoint.SNAPSHOT: Signatures([NEW], world.clock)},
        metrics=Metrics(),
        trail=world.trail,
    )

    assert [each.path for each in stripe_webhook.routes(door)] == [SNAPSHOT_PATH]
    with pytest.raises(ValueError, match="secret"):
        Signatures([" "], world.clock)
