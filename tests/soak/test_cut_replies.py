"""A COMMIT whose answer never arrives: nobody knows whether it happened, and it counts once."""

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import make_url

from tests import servers
from tests.processes import Child
from tests.soak.books import Journal
from tests.soak.ground import DATABASE, RUNTIME, on_postgres
from tests.soak.load import Load
from tests.soak.proxy import Proxy
from tests.soak.script import ROUND, script
from tests.soak.sizes import CUTS, SECONDS

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(SECONDS)]

EVERY = 3
"""One of so many commits is cut."""
CLIENTS = 8
TABLE = "create table ledger_lines (n int primary key)"


@pytest.fixture
def postgres() -> Iterator[Child]:
    with servers.own_postgres(servers.DURABLE) as server:
        yield server


def socket_of(server: Child) -> Path:
    return Path(str(make_url(server.url).query["host"])) / ".s.PGSQL.5432"


async def test_a_commit_whose_answer_is_cut_off_counts_exactly_once(
    postgres: Child, tmp_path: Path
) -> None:
    ground = await on_postgres(postgres, tmp_path)
    proxy = Proxy(socket_of(postgres), lambda n: n % EVERY == 0 and proxy.cuts < CUTS)
    async with proxy.listening():
        cut_off = ground.through(
            f"postgresql+asyncpg://{RUNTIME}@127.0.0.1:{proxy.port}/{DATABASE}"
        )
        async with cut_off.serving() as server:
            journal = Journal(ground)
            await journal.begin(server.url)
            asked = takewhile(lambda _: proxy.cuts < CUTS, script(ground, CUTS * ROUND))
            load = Load(ground, server.url, asked, journal)
            await load.run(CLIENTS)

            assert proxy.cuts == CUTS
            assert load.gone.count == 0, "whoever asks is answered: it was done, or Busy"
            await journal.compare(server.url)


@pytest.mark.parametrize("simple", [True, False])
async def test_what_is_cut_off_was_committed(postgres: Child, *, simple: bool) -> None:
    url = make_url(postgres.url)
    proxy = Proxy(socket_of(postgres), lambda n: n == 2)
    async with proxy.listening():
        admin = await asyncpg.connect(host=str(url.query["host"]), user=url.username)
        await admin.execute(TABLE)
        for n, is_cut in ((1, False), (2, True), (3, False)):
            client = await asyncpg.connect(
                host="127.0.0.1", port=proxy.port, user=url.username, database="postgres"
            )
            await client.execute("begin")
            await client.execute("insert into ledger_lines values ($1)", n)
            commit = client.execute("commit") if simple else client.fetch("commit")
            if is_cut:
                with pytest.raises((asyncpg.ConnectionDoesNotExistError, ConnectionResetError)):
                    await commit
            else:
                await commit
                # Neither what changes nothing of the kind, nor what is rolled back, is a commit.
                await client.fetch("select n from ledger_lines")
                await client.execute("begin; insert into ledger_lines values (9); rollback")
                await client.close()

        assert [row["n"] for row in await admin.fetch("select n from ledger_lines")] == [1, 2, 3]
        assert (proxy.commits, proxy.cuts) == (3, 1)
        await admin.close()
