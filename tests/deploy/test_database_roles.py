"""What the compose file's PostgreSQL is set up with carries a migration, and guards the books."""

import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from mcp_server.migrating import migrate_database, pending_migrations
from mcp_server.settings import load_settings
from tests import servers
from tests.deploy.files import ROOT
from tests.processes import Child

pytestmark = pytest.mark.anyio


def make_roles(server: Child) -> URL:
    """Do what the PostgreSQL image does with our script; return the superuser's URL."""
    url = make_url(server.url)
    programs = Path(server.command[0]).parent
    subprocess.run(
        ["sh", ROOT / "deploy" / "postgres" / "10-roles.sh"],
        check=True,
        stdout=subprocess.DEVNULL,
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGHOST": str(url.query["host"]),
            "BURSAR_OWNER_PASSWORD": "o'wner",
            "BURSAR_APP_PASSWORD": "app",
        },
    )
    return url


async def test_the_owner_migrates_and_the_role_that_serves_cannot_undo_a_guard() -> None:
    with servers.own_postgres() as server:
        app = make_roles(server).set(username="bursar_app", password="app", database="bursar")
        owner = app.set(username="bursar_owner", password="o'wner")
        settings = load_settings(
            _env_file=None,
            database_url=app.render_as_string(hide_password=False),
            database_direct_url=owner.render_as_string(hide_password=False),
        )

        assert await pending_migrations(settings) != []
        await migrate_database(settings)
        assert await pending_migrations(settings) == []

        engine = create_async_engine(app, poolclass=NullPool)
        async with engine.connect() as connection:
            count = await connection.execute(text("select count(*) from audit_events"))
            assert count.scalar_one() == 0
            with pytest.raises(ProgrammingError, match="must be owner"):
                await connection.execute(text("alter table audit_events disable trigger all"))
        await engine.dispose()
