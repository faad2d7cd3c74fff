"""Which tables are protected against change, as the database itself says it now.

A table that is kept in parts is protected when it and every part of it are: what is sent to a part
passes by the guards of the whole.
"""

from sqlalchemy import text

from core.db.work import Work

_POSTGRES = """
select c.relname || ':' || case when (t.tgtype & 32) <> 0 then 'truncate' else 'change' end
from pg_trigger t
join pg_class c on c.oid = t.tgrelid
join pg_proc p on p.oid = t.tgfoid
where not t.tgisinternal and t.tgenabled in ('O', 'A') and t.tgqual is null
  and (t.tgtype & 2) <> 0 and (t.tgtype & 32 <> 0 or t.tgtype & 24 = 24 and t.tgtype & 1 <> 0)
  and p.proname like 'refuse_change%' and p.prosrc ilike '%raise exception%append-only%'
  and c.relnamespace = 'public'::regnamespace
"""
_PARTS = """
select p.relname as whole, c.relname as part from pg_inherits i
join pg_class c on c.oid = i.inhrelid
join pg_class p on p.oid = i.inhparent
where p.relkind = 'p' and p.relnamespace = 'public'::regnamespace
order by c.relname
"""
_SQLITE = """
select tbl_name || ':' || substr(name, length(tbl_name) + 5) from sqlite_master
where type = 'trigger' and sql like '%select raise(abort,%append-only%'
"""


async def missing_guards(work: Work, protected: tuple[str, ...]) -> list[str]:
    """List the guards that should refuse changes to these tables and are not in place."""
    on_postgres = work.connection.dialect.name == "postgresql"
    kinds = ("change", "truncate") if on_postgres else ("update", "delete")
    rows = await work.execute(text(_POSTGRES if on_postgres else _SQLITE))
    present = {row[0] for row in rows}
    parts = (await work.execute(text(_PARTS))).all() if on_postgres else []
    guarded = [*protected, *(each.part for each in parts if each.whole in protected)]
    wanted = [f"{table}:{kind}" for table in guarded for kind in kinds]
    return [guard for guard in wanted if guard not in present]


async def owned_by_runtime(work: Work, tables: tuple[str, ...]) -> list[str]:
    """List those tables that the connected role owns, and whose guards it could remove."""
    if work.connection.dialect.name != "postgresql":
        return []
    query = text(
        "select tablename from pg_tables where schemaname = 'public' "
        "and tableowner = current_user and tablename = any(:tables)"
    )
    return sorted(row[0] for row in await work.execute(query, {"tables": list(tables)}))
