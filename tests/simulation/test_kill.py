"""A server that is killed under load, at any moment, loses nothing that it acknowledged."""

import asyncio
import json
import os
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

import httpx2 as httpx
import pytest

from tests import servers
from tests.cli.program import Installed, installed

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

KILLS = int(os.environ.get("BURSAR_SIMULATED_KILLS", "3"))
CLIENTS = 6
PRICE = Decimal("0.01")


@dataclass
class Load:
    """Clients that charge one wallet, and remember what was acknowledged."""

    url: str
    access: dict[str, str]
    numbers: "count[int]" = field(default_factory=count)
    asked: set[str] = field(default_factory=set)
    acknowledged: dict[str, str] = field(default_factory=dict)

    async def charge(self, client: httpx.AsyncClient, event_id: str) -> None:
        self.asked.add(event_id)
        answer = await client.post(
            f"/v1/projects/{self.access['project_id']}/usage/charges",
            json={"event_id": event_id, "meter_key": "api_calls"},
        )
        assert answer.status_code in {200, 201, 503}, answer.text
        if answer.status_code != 503:
            told = answer.json()["transaction_id"]
            assert self.acknowledged.setdefault(event_id, told) == told

    async def go_on(self) -> None:
        """Charge until the server is gone."""
        try:
            async with self.client() as client:
                while True:
                    await self.charge(client, f"kill-{next(self.numbers)}")
        except httpx.TransportError:
            return

    async def until_acknowledged(self, number: int) -> None:
        async with asyncio.timeout(60):
            while len(self.acknowledged) < number:  # noqa: ASYNC110 - other tasks count upwards
                await asyncio.sleep(0.005)

    def client(self) -> httpx.AsyncClient:
        key = {"Authorization": f"Bearer {self.access['operator_api_key']}"}
        return httpx.AsyncClient(base_url=self.url, headers=key, timeout=20)

    async def balance(self) -> Decimal:
        named = "/v1/projects/{project_id}/wallets/{wallet_id}/balance".format(**self.access)
        async with self.client() as client:
            return Decimal((await client.get(named)).json()["available"])


def on(database_url: str, folder: Path) -> Installed:
    settings = {"BURSAR_DATABASE_URL": database_url}
    if database_url.startswith("postgresql"):
        settings["BURSAR_DATABASE_DIRECT_URL"] = servers.postgres_owner_url(database_url)
    return installed(folder, **settings)


async def test_what_was_acknowledged_before_a_kill_is_there_afterwards_once(
    database_url: str, tmp_path: Path
) -> None:
    here, random = on(database_url, tmp_path), Random(7)  # noqa: S311 - a seed that can be told
    load = Load(here.url, json.loads((await here.run("demo", "--json")).out))
    async with here.serving():
        before = await load.balance()

    for _ in range(KILLS):
        async with here.serving() as process:
            clients = [asyncio.create_task(load.go_on()) for _ in range(CLIENTS)]
            await load.until_acknowledged(len(load.acknowledged) + random.randrange(5, 40))
            await asyncio.sleep(random.random() / 20)
            process.kill()
            await asyncio.gather(*clients)

    acknowledged = dict(load.acknowledged)
    async with here.serving(), load.client() as client:
        for event_id in load.asked:
            await load.charge(client, event_id)
        assert len(acknowledged) >= 5 * KILLS
        assert load.acknowledged.keys() == load.asked
        assert await load.balance() == before - PRICE * len(load.asked)
    proof = await here.run("prove")
    assert (proof.code, proof.err) == (0, "")
