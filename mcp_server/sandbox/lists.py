"""Lists with cursors, newest first, and the expansion of ids into what they name."""

import copy
import json
from collections.abc import Callable
from typing import Any

from mcp_server.sandbox.errors import Refused, missing
from mcp_server.sandbox.params import Params
from mcp_server.sandbox.work import Json, Work, public

LIMIT = 10
LIMIT_MAX = 100
DEPTH_MAX = 4
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page(
    work: Work,
    asked: Params,
    kind: str,
    url: str,
    where: dict[str, Any] | None = None,
    *,
    one_of: tuple[str, list[str]] | None = None,
) -> Json:
    """Answer a list request: filters by fields, `created`, and the cursors.

    `ending_before` reads towards newer objects and still answers newest first.
    """
    clauses = ["kind = ?", "deleted = 0"]
    values: list[Any] = [kind]
    for name, value in (where or {}).items():
        if value is not None:
            clauses.append(f"json_extract(body, '$.{name}') = ?")
            values.append(value)
    if one_of and one_of[1]:
        marks = ", ".join("?" for _ in one_of[1])
        clauses.append(f"json_extract(body, '$.{one_of[0]}') in ({marks})")
        values.extend(one_of[1])
    for operator, instant in _created(asked):
        clauses.append(f"created {operator} ?")
        values.append(instant)
    limit = asked.integer_or("limit", LIMIT)
    if not 1 <= limit <= LIMIT_MAX:
        raise Refused(f"Invalid limit: must be between 1 and {LIMIT_MAX}", param="limit")
    after, before = asked.text("starting_after"), asked.text("ending_before")
    if cursor := after or before:
        clauses.append(f"seq {'<' if after else '>'} ?")
        values.append(_seq(work, cursor, "starting_after" if after else "ending_before"))
    query = (
        f"select body from objects where {' and '.join(clauses)} "  # noqa: S608 - names are ours
        f"order by seq {'asc' if before and not after else 'desc'} limit ?"
    )
    rows = [json.loads(each["body"]) for each in work.db.execute(query, (*values, limit + 1))]
    found = rows[:limit]
    if before and not after:
        found.reverse()
    return listed(found, url, has_more=len(rows) > limit)


def listed(objects: list[Json], url: str, *, has_more: bool = False) -> Json:
    return {"object": "list", "data": objects, "has_more": has_more, "url": url}


def _created(asked: Params) -> list[tuple[str, int]]:
    value = asked.raw("created")
    if value in (None, ""):
        return []
    given = value if isinstance(value, dict) else {"": value}
    try:
        return [({"": "=", **COMPARISONS}[name], int(each)) for name, each in given.items()]
    except (KeyError, ValueError) as error:
        raise Refused("Invalid created", param="created") from error


def _seq(work: Work, id: str, param: str) -> int:
    row = work.db.execute("select seq from objects where id = ?", (id,)).fetchone()
    if row is None:
        raise missing("object", id, param)
    return int(row["seq"])


Computed = Callable[[Work, Json], Any]
COMPUTED: dict[tuple[str, str], Computed] = {}
"""What is only in an answer when it is asked for, and is not kept: by kind and field."""


def expanded(work: Work, answer: Json, paths: list[str]) -> Json:
    """Return what goes out: without the sandbox's own notes, and with what was asked for."""
    shown = _shown(answer)
    for path in paths:
        steps = path.split(".")
        if len(steps) > DEPTH_MAX + (steps[0] == "data"):
            raise Refused(f"You cannot expand more than {DEPTH_MAX} levels: {path}", param="expand")
        _expand(work, shown, answer, steps, path)
    return shown


def _shown(kept: Json) -> Json:
    shown = public(copy.deepcopy(kept))
    if shown.get("object") == "list":
        shown["data"] = [_shown(each) for each in shown["data"]]
    return shown


def _expand(work: Work, shown: Json, kept: Json, steps: list[str], path: str) -> None:
    step, rest = steps[0], steps[1:]
    if shown.get("object") == "list" and step == "data":
        for inner, kept_inner in zip(shown["data"], kept["data"], strict=True):
            if rest:
                _expand(work, inner, kept_inner, rest, path)
        return
    inner_kept = _inner(work, shown, kept, step, path)
    if isinstance(inner_kept, dict):
        if not isinstance(shown.get(step), dict):
            shown[step] = _shown(inner_kept)
        if rest:
            _expand(work, shown[step], inner_kept, rest, path)
    elif isinstance(inner_kept, list):
        shown[step] = [_shown(each) if isinstance(each, dict) else each for each in inner_kept]
        for inner, kept_inner in zip(shown[step], inner_kept, strict=True):
            if rest and isinstance(inner, dict):
                _expand(work, inner, kept_inner, rest, path)
    else:
        shown[step] = inner_kept


def _inner(work: Work, shown: Json, kept: Json, step: str, path: str) -> Any:
    kind = str(kept.get("object", ""))
    if computed := COMPUTED.get((kind, step)):
        return computed(work, kept)
    if f"_{step}" in kept:
        return kept[f"_{step}"]
    if step not in kept:
        raise Refused(f"This property cannot be expanded ({path}).", param="expand")
    value = kept[step]
    if isinstance(value, str):
        return work.any(value) or value
    if isinstance(value, list):
        return [(work.any(each) or each) if isinstance(each, str) else each for each in value]
    return value
