"""One request's unit of work on the sandbox's objects: read, write, tell, and do later."""

import copy
import json
import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mcp_server.sandbox.errors import missing
from mcp_server.sandbox.ids import new_id
from mcp_server.sandbox.switches import Switches

API_VERSION = "2026-10-28.endive"
REORDER_SECONDS = 2.0

Json = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class Work:
    """What a handler is given. Everything in it is undone when the handler raises."""

    db: sqlite3.Connection
    now: int
    """By the sandbox's clock, which may be ahead."""
    outside_now: float
    """By everybody's clock: deliveries are due and signed by it."""
    url: str
    """Where the sandbox is reached, without a last slash."""
    switches: Switches = field(default_factory=Switches)
    request_id: str | None = None
    idempotency_key: str | None = None
    version: str = ""
    """What the client says it speaks; empty if it does not say."""
    has_told: bool = False
    """Whether there is something to deliver now, or to do later."""

    # -- Objects --------------------------------------------------------------------------------

    def new(self, kind: str, prefix: str, **fields: Any) -> Json:
        """Make an object with what every object has, and keep it."""
        made = {"id": fields.pop("id", None) or new_id(prefix), "object": kind, "created": self.now}
        made |= {"livemode": False, **fields}
        self.insert(made)
        return made

    def insert(self, made: Json) -> None:
        self.db.execute(
            "insert into objects (id, kind, created, body) values (?, ?, ?, ?)",
            (made["id"], made["object"], made.get("created", self.now), json.dumps(made)),
        )

    def save(self, changed: Json) -> Json:
        self.db.execute(
            "update objects set body = ? where id = ?", (json.dumps(changed), changed["id"])
        )
        return changed

    def find(self, kind: str, id: str) -> Json | None:
        """Return an object, or None if there is none or no more."""
        query = "select body from objects where id = ? and kind = ? and deleted = 0"
        row = self.db.execute(query, (id, kind)).fetchone()
        return json.loads(row["body"]) if row else None

    def get(self, kind: str, id: str, param: str = "id") -> Json:
        if (found := self.find(kind, id)) is None:
            raise missing(kind, id, param)
        return found

    def any(self, id: str) -> Json | None:
        """Return the object of an id, whatever it is; of a deleted one what is left of it."""
        row = self.db.execute("select body, deleted from objects where id = ?", (id,)).fetchone()
        if row is None:
            return None
        found: Json = json.loads(row["body"])
        return gone(found) if row["deleted"] else found

    def every(self, kind: str, **where: str) -> Iterator[Json]:
        """Return all of a kind that have these values, oldest first."""
        clauses = "".join(f" and json_extract(body, '$.{name}') = ?" for name in where)
        query = f"select body from objects where kind = ? and deleted = 0{clauses} order by seq"  # noqa: S608 - names are ours
        for row in self.db.execute(query, (kind, *where.values())).fetchall():
            yield json.loads(row["body"])

    def delete(self, kind: str, id: str) -> Json:
        found = self.get(kind, id)
        self.db.execute("update objects set deleted = 1 where id = ?", (id,))
        self.emit(f"{kind}.deleted", found)
        return gone(found)

    def change(self, before: Json, type: str | None = None, **fields: Any) -> Json:
        """Change some fields, keep the object, and tell what they were."""
        changed = {**before, **fields}
        was = {
            name: before.get(name)
            for name in fields
            if before.get(name) != fields[name] and not name.startswith("_")
        }
        self.save(changed)
        if type and was:
            self.emit(type, changed, was)
        return changed

    # -- Telling --------------------------------------------------------------------------------

    def emit(self, type: str, about: Json, was: Json | None = None) -> Json:
        """Make an event, and a delivery for every endpoint that wants to hear of it."""
        data: Json = {"object": public(copy.deepcopy(about))}
        if was is not None:
            data["previous_attributes"] = was
        event = self.new(
            "event",
            "evt",
            api_version=API_VERSION,
            data=data,
            pending_webhooks=0,
            request={"id": self.request_id, "idempotency_key": self.idempotency_key},
            type=type,
        )
        return self._send(event, "snapshot")

    def emit_thin(self, type: str, data: Json, related: Json | None) -> Json:
        """Make an event of the second kind: a short notification, and data for who asks."""
        request = None
        if self.request_id:
            key = self.idempotency_key or ""
            request = {
                "type": "request",
                "request": {"id": self.request_id, "idempotency_key": key},
            }
        event = {
            "id": new_id("evt_test", 58),
            "object": "v2.core.event",
            "created": rfc3339(self.now),
            "livemode": False,
            "type": type,
            "context": None,
            "reason": request,
            "changes": None,
            "data": data,
        }
        if related:
            event["related_object"] = related
        self.db.execute(
            "insert into objects (id, kind, created, body) values (?, ?, ?, ?)",
            (event["id"], event["object"], self.now, json.dumps(event)),
        )
        return self._send(event, "thin")

    def _send(self, event: Json, kind: str) -> Json:
        copies = 1 + self.switches.duplicates
        wanted = [
            each["id"]
            for each in self.every("webhook_endpoint", status="enabled", _kind=kind)
            if {"*", event["type"]} & set(each["enabled_events"])
        ]
        self.has_told = self.has_told or bool(wanted)
        for endpoint in wanted:
            for _ in range(copies):
                due_at = self.outside_now + self.switches.delay_seconds
                if self.switches.reorder:
                    due_at += REORDER_SECONDS * secrets.randbelow(1000) / 1000
                self.db.execute(
                    "insert into deliveries (event, endpoint, due_at) values (?, ?, ?)",
                    (event["id"], endpoint, due_at),
                )
        if kind == "snapshot":
            event |= {"pending_webhooks": len(wanted), "_delivered": not wanted}
            self.save(event)
        return event

    # -- Later ----------------------------------------------------------------------------------

    def later(self, seconds: int, what: str, id: str) -> None:
        """Have something done when the sandbox's clock has moved on."""
        self.db.execute(
            "insert into due (at, what, id) values (?, ?, ?)", (self.now + seconds, what, id)
        )

    def never_mind(self, what: str, id: str) -> None:
        self.db.execute("delete from due where what = ? and id = ?", (what, id))


def public(kept: Json) -> Json:
    """Leave out what the sandbox remembers for itself."""
    return {name: value for name, value in kept.items() if not name.startswith("_")}


def gone(deleted: Json) -> Json:
    return {"id": deleted["id"], "object": deleted["object"], "deleted": True}


def rfc3339(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def with_metadata(kept: Json, given: dict[str, str]) -> dict[str, str]:
    """Merge metadata as Stripe does: an empty value takes the key away."""
    merged = {**(kept.get("metadata") or {}), **given}
    return {name: value for name, value in merged.items() if value != ""}
