"""The sandbox itself: its file, its clock, its switches, and units of work on them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from mcp_server.sandbox import due
from mcp_server.sandbox.resources import endpoints
from mcp_server.sandbox.store import Store
from mcp_server.sandbox.switches import Switches
from mcp_server.sandbox.work import Work

DUE_AT_ONCE = 100
AHEAD, SWITCHES = "clock_ahead", "switches"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An endpoint of the installation's own: where, and the secrets it verifies with."""

    url: str
    secrets: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """One stand-in for Stripe. All state is in its store, so that a restart changes nothing."""

    store: Store
    now_outside: Callable[[], float]
    """Everybody's clock, in seconds since 1970."""
    url: str
    """Where the sandbox is reached, without a last slash."""
    secret_key: str
    woken: Callable[[], None] = field(default=lambda: None)
    """Called when there may be something to deliver."""

    @contextmanager
    def unit(self, **request: Any) -> Iterator[Work]:
        """Do something to the state, wholly or not at all."""
        with self.store.unit() as db:
            ahead = float(_setting(db, AHEAD) or 0)
            outside = self.now_outside()
            kept = _setting(db, SWITCHES)
            work = Work(
                db=db,
                now=int(outside + ahead),
                outside_now=outside,
                url=self.url,
                switches=Switches(**json.loads(kept)) if kept else Switches(),
                **request,
            )
            yield work
        if work.has_told:
            self.woken()

    def provide(self, snapshots: Webhook | None, thin: Webhook | None) -> None:
        """Have the installation's own endpoints."""
        with self.unit() as work:
            for kind, webhook in (("snapshot", snapshots), ("thin", thin)):
                if webhook:
                    endpoints.provide(work, kind, webhook.url, list(webhook.secrets))

    # -- The switches ---------------------------------------------------------------------------

    @property
    def switches(self) -> Switches:
        with self.unit() as work:
            return work.switches

    def switch(self, **changed: Any) -> Switches:
        """Turn some switches, and return how all of them stand."""
        with self.unit() as work:
            switches = replace(work.switches, **changed)
            _keep(work, SWITCHES, json.dumps(asdict(switches)))
        return switches

    # -- The clock ------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        with self.unit() as work:
            return work.now

    def advance(self, seconds: int) -> None:
        """Move the clock ahead, and do everything that became due on the way."""
        if seconds < 0:
            raise ValueError("the clock goes forward only")
        with self.unit() as work:
            _keep(work, AHEAD, str(float(_setting(work.db, AHEAD) or 0) + seconds))
        self.do_due()

    def do_due(self) -> int:
        """Do what is due by the sandbox's clock. Returns how many things were done."""
        done = 0
        while True:
            with self.unit() as work:
                some = due.do_due(work, DUE_AT_ONCE)
            done += some
            if not some:
                return done

    def close(self) -> None:
        self.store.close()


def open_sandbox(
    *, path: Path | None, now: Callable[[], float], url: str, secret_key: str
) -> Sandbox:
    """Open the sandbox of a file, or without a path one that is forgotten afterwards."""
    if not secret_key.startswith("sk_test_"):
        raise ValueError("the sandbox has a test key, and no other")
    return Sandbox(store=Store(path), now_outside=now, url=url.rstrip("/"), secret_key=secret_key)


def _setting(db: Any, name: str) -> str | None:
    row = db.execute("select value from settings where name = ?", (name,)).fetchone()
    return row["value"] if row else None


def _keep(work: Work, name: str, value: str) -> None:
    work.db.execute(
        "insert into settings (name, value) values (?, ?) "
        "on conflict (name) do update set value = excluded.value",
        (name, value),
    )
