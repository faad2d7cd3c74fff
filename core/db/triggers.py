"""Which tables are protected against change, as the database itself says it now.

A table that is kept in parts is protected when it and every part of it are: what is sent to a part
passes by the guards of the whole.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import text

from core.db.schema import metadata
from core.db.work import Work

_POSTGRES = """
select c.relname, t.tgtype,
  array(select a.attname::text from pg_attribute a
        where a.attrelid = c.oid and a.attnum = any(t.tgattr::int2[])) as columns
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal and t.tgenabled in ('O', 'A') and t.tgqual is null
  and p.proname like 'refuse_change%' and c.relnamespace = 'public'::regnamespace
  and p.prosrc ilike '%raise exception%append-only%'
  and (p.proname <> 'refuse_change' or btrim(regexp_replace(p.prosrc, '[[:space:]]+', ' ', 'g'))
    = 'begin raise exception ''% is append-only'', tg_table_name; end')
"""
_PARTS = """
select p.relname as whole, c.relname as part from pg_inherits i
join pg_class c on c.oid = i.inhrelid
join pg_class p on p.oid = i.inhparent
where p.relkind = 'p' and p.relnamespace = 'public'::regnamespace
order by c.relname
"""
_ROW, _BEFORE, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 8, 16, 32
_SQLITE = "select tbl_name, sql from sqlite_master where type = 'trigger'"
_REFUSAL = re.compile(
    r"create trigger \w+ before (?P<change>update|delete)(?: of (?P<columns>[\w, ]+))? on \w+ "
    r"begin select raise\(abort, '\w+ is append-only'\); end",
    re.IGNORECASE,
)
Guards = dict[str, dict[str, set[str]]]
"""For each table, what is refused: of an update, the columns; of anything else, none."""
_EVERY = "every column"
_ON_POSTGRES = {"change": ("update", "delete"), "truncate": ("truncate",)}
_ON_SQLITE = {"update": ("update",), "delete": ("delete",)}


async def missing_guards(work: Work, protected: tuple[str, ...]) -> list[str]:
    """List the guards that should refuse changes to these tables and are not in place."""
    on_postgres = work.connection.dialect.name == "postgresql"
    guards = await (_on_postgres(work) if on_postgres else _on_sqlite(work))
    parts = (await work.execute(text(_PARTS))).all() if on_postgres else []
    guarded = [(table, table) for table in protected]
    guarded += [(each.part, each.whole) for each in parts if each.whole in protected]
    return [
        f"{table}:{told}"
        for table, whole in guarded
        for told, changes in (_ON_POSTGRES if on_postgres else _ON_SQLITE).items()
        if not all(_is_refused(whole, change, guards[table]) for change in changes)
    ]


def _is_refused(whole: str, change: str, guards: dict[str, set[str]]) -> bool:
    if change != "update":
        return change in guards
    table = metadata.tables[whole]
    fixed = {each.name for each in table.columns} - table.info.get("changing", frozenset())
    refused = guards.get(change, set())
    return _EVERY in refused or fixed <= refused


async def _on_postgres(work: Work) -> Guards:
    guards: Guards = defaultdict(dict)
    for row in await work.execute(text(_POSTGRES)):
        table, kind, columns = row.relname, row.tgtype, row.columns
        if kind & _BEFORE and kind & _ROW and kind & _UPDATE:
            _add(guards, table, "update", columns)
        if kind & _BEFORE and kind & _ROW and kind & _DELETE:
            _add(guards, table, "delete", ())
        if kind & _BEFORE and kind & _TRUNCATE:
            _add(guards, table, "truncate", ())
    return guards


async def _on_sqlite(work: Work) -> Guards:
    guards: Guards = defaultdict(dict)
    for row in await work.execute(text(_SQLITE)):
        table, sql = row.tbl_name, " ".join(row.sql.split())
        if refusal := _REFUSAL.fullmatch(sql):
            columns = (refusal["columns"] or "").replace(" ", "")
            _add(guards, table, refusal["change"].lower(), columns.split(",") if columns else ())
    return guards


def _add(guards: Guards, table: str, change: str, columns: Iterable[str]) -> None:
    guards[table].setdefault(change, set()).update(columns or [_EVERY])


async def owned_by_runtime(work: Work, tables: tuple[str, ...]) -> list[str]:
    """List those tables that the connected role owns, and whose guards it could remove."""
    if work.connection.dialect.name != "postgresql":
        return []
    query = text(
        "select tablename from pg_tables where schemaname = 'public' "
        "and tableowner = current_user and tablename = any(:tables)"
    )
    return sorted(row[0] for row in await work.execute(query, {"tables": list(tables)}))
