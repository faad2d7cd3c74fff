"""Idempotency keys, as Stripe keeps them.

The answer to the first request with a key is the answer to all of them, a failure of the server
included. A request that was refused before it did anything leaves its key unused. Other parameters
with a used key are refused, and so is a request whose twin is still being answered.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from mcp_server.sandbox.errors import Refused
from mcp_server.sandbox.work import Json, Work

KEPT_SECONDS = 86_400
CUT_SHORT_SECONDS = 180
"""After this long nobody is answering any more; and nothing was done, see `door.py`."""
KEY_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer as it was, and is again."""

    status: int
    body: Json
    request_id: str


def fingerprint(method: str, path: str, values: dict[str, Any]) -> str:
    said = json.dumps([method, path, values], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def claim(work: Work, key: str, asked: str) -> Answer | None:
    """Take the key for this request, or return the answer that it has already."""
    if len(key) > KEY_MAX:
        raise Refused(
            f"Idempotency keys may be up to {KEY_MAX} characters.", type="idempotency_error"
        )
    work.db.execute(
        "delete from keys where created < ? or (status is null and created < ?)",
        (work.now - KEPT_SECONDS, work.now - CUT_SHORT_SECONDS),
    )
    row = work.db.execute("select * from keys where key = ?", (key,)).fetchone()
    if row is None:
        work.db.execute(
            "insert into keys (key, asked, request_id, created) values (?, ?, ?, ?)",
            (key, asked, work.request_id, work.now),
        )
        return None
    if row["asked"] != asked:
        raise Refused(
            "Keys for idempotent requests can only be used with the same parameters they were "
            f"first used with. Try using a key other than '{key}' if you meant to execute a "
            "different request.",
            type="idempotency_error",
        )
    if row["status"] is None:
        raise Refused(
            "There is currently another in-progress request using this Idempotent Key (that "
            "probably means you submitted twice, and the other request is still going through): "
            f"{key}. If you're seeing this error a lot, consider using exponential backoff.",
            type="idempotency_error",
            code="idempotency_key_in_use",
            status=409,
        )
    return Answer(status=row["status"], body=json.loads(row["body"]), request_id=row["request_id"])


def keep(work: Work, key: str, answer: Answer) -> None:
    work.db.execute(
        "update keys set status = ?, body = ? where key = ?",
        (answer.status, json.dumps(answer.body), key),
    )


def release(work: Work, key: str) -> None:
    """Leave the key unused."""
    work.db.execute("delete from keys where key = ?", (key,))
