"""Metering: meters, the usage recorded on them, and which usage was charged.

Usage and charges may be inserted and never changed. An event's id alone is a key, in a table of its
own: that is what makes a second delivery of it a duplicate, whatever else it says. On Postgres the
events themselves are partitioned by the month in which they occurred; two functions that run as
the owner of the tables make a month and forget ids, and can do nothing else.
"""

import sqlalchemy as sa
from alembic import op

from migrations import append_only
from migrations.types import instant, json, key

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "metering_meters",
        sa.Column("id", key(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("aggregation", sa.String(8), nullable=False),
        sa.Column("unit", sa.String(40), nullable=False),
        sa.Column("property", sa.String(64)),
        sa.Column("price", sa.String(40), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("archived_at", instant()),
        sa.PrimaryKeyConstraint("id", name="pk_metering_meters"),
        sa.CheckConstraint(
            "aggregation in ('count', 'sum', 'max', 'unique', 'last')",
            name="ck_metering_meters_aggregation_is_known",
        ),
    )
    op.create_index("ix_metering_meters_key", "metering_meters", ["key"], unique=True)
    _create_event_ids()
    _create_events()
    _create_charges()
    _create_rollups()
    if op.get_bind().dialect.name == "postgresql":
        _install_months()
        append_only.protect("metering_event_ids", by="refuse_change_of_event_id")
    else:
        append_only.protect("metering_event_ids")


def _create_event_ids() -> None:
    op.create_table(
        "metering_event_ids",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("content", sa.LargeBinary(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "event_id", name="pk_metering_event_ids"),
    )
    op.create_index(
        "ix_metering_event_ids_received_at",
        "metering_event_ids",
        ["received_at"],
        postgresql_using="brin",
    )


def _create_events() -> None:
    op.create_table(
        "metering_events",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("meter_id", key(), nullable=False),
        sa.Column("occurred_at", instant(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("properties", json(), nullable=False),
        sa.Column("content", sa.LargeBinary(16), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id",
            "received_at",
            "position",
            "event_id",
            "occurred_at",
            name="pk_metering_events",
        ),
        sa.CheckConstraint("quantity >= 0", name="ck_metering_events_quantity_is_never_negative"),
        postgresql_partition_by="RANGE (occurred_at)",
    )
    op.create_index(
        "ix_metering_events_project_id_meter_id_bucket",
        "metering_events",
        ["project_id", "meter_id", "bucket"],
    )
    append_only.protect("metering_events")


def _create_charges() -> None:
    op.create_table(
        "metering_charges",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("event_id", sa.String(128), nullable=False),
        sa.Column("transaction_id", key()),
        sa.Column("wallet_id", key(), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("charged_at", instant(), nullable=False),
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "event_id", name="pk_metering_charges"),
        sa.CheckConstraint(
            "(amount = 0) = (transaction_id is null)",
            name="ck_metering_charges_only_what_costs_nothing_has_no_transaction",
        ),
    )
    append_only.protect("metering_charges")


def _create_rollups() -> None:
    op.create_table(
        "metering_rollups",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("meter_id", key(), nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("event_count", sa.BigInteger, nullable=False),
        sa.Column("quantity_high", sa.BigInteger, nullable=False),
        sa.Column("quantity_low", sa.BigInteger, nullable=False),
        sa.Column("max_quantity", sa.BigInteger, nullable=False),
        sa.Column("last_quantity", sa.BigInteger, nullable=False),
        sa.Column("last_occurred_at", instant(), nullable=False),
        sa.Column("last_received_at", instant(), nullable=False),
        sa.Column("last_position", sa.Integer, nullable=False),
        sa.Column("last_event_id", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "meter_id", "bucket", name="pk_metering_rollups"),
    )
    op.create_table(
        "metering_spend",
        sa.Column("project_id", key(), nullable=False),
        sa.Column("wallet_id", key(), nullable=False),
        sa.Column("asset", sa.String(20), nullable=False),
        sa.Column("bucket", sa.Integer, nullable=False),
        sa.Column("charge_count", sa.BigInteger, nullable=False),
        sa.Column("amount_high", sa.BigInteger, nullable=False),
        sa.Column("amount_low", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "wallet_id", "asset", "bucket", name="pk_metering_spend"
        ),
    )
    op.create_index(
        "ix_metering_spend_project_id_bucket", "metering_spend", ["project_id", "bucket"]
    )


# A month is attached and not created as a part: creating one would wait for every reader and
# writer of the whole table, and make all that come after wait, too. Its own triggers are beside
# the one that it gets from the whole, because that one goes when the month is detached.
MAKE_MONTH = """
create function metering_events_make_month(month date) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    part text := 'metering_events_' || to_char(month::timestamp, 'YYYY_MM');
begin
    if month is null or extract(day from month) <> 1
        or month < '2000-01-01' or month >= '2201-01-01'
    then
        raise exception 'a month begins on its first day, and in the years 2000 to 2200';
    end if;
    if public.metering_events_has_month(month) then
        return;
    end if;
    perform pg_advisory_xact_lock(7297834652);
    if public.metering_events_has_month(month) then
        return;
    end if;
    execute format(
        'create table public.%I (like public.metering_events'
        ' including defaults including constraints including indexes)', part);
    execute format(
        'create trigger %I before update or delete on public.%I'
        ' for each row execute function public.refuse_change()', part || '_append_only', part);
    execute format(
        'create trigger %I before truncate on public.%I'
        ' for each statement execute function public.refuse_change()',
        part || '_no_truncate', part);
    execute format(
        'alter table public.metering_events attach partition public.%I'
        ' for values from (%L) to (%L)', part,
        month::timestamp at time zone 'UTC',
        (month + interval '1 month') at time zone 'UTC');
end $$
"""
# By the names in the catalogue: a look-up by name would believe what the session remembers, and
# that may be from before the lock for which it has just waited.
HAS_MONTH = """
create function metering_events_has_month(month date) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$
    select exists (
        select from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'public.metering_events'::regclass
          and c.relname = 'metering_events_' || to_char(month::timestamp, 'YYYY_MM'))
$$
"""
# An id may be forgotten when it is too old to be sent again by mistake, the month of its event was
# taken away, and no charge stands on it.
REFUSE_CHANGE_OF_ID = """
create function refuse_change_of_event_id() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if tg_op = 'DELETE' and tg_level = 'ROW' then
        if old.received_at < now() - interval '100 days'
            and old.occurred_at < now() - interval '100 days'
            and not public.metering_events_has_month(
                date_trunc('month', old.occurred_at at time zone 'UTC')::date)
            and not exists (
                select from public.metering_charges c
                where c.project_id = old.project_id and c.event_id = old.event_id)
        then
            return old;
        end if;
    end if;
    raise exception '% is append-only', tg_table_name;
end $$
"""
FORGET_IDS = """
create function metering_event_ids_forget(most integer) returns integer
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    forgotten integer;
begin
    delete from public.metering_event_ids where (project_id, event_id) in (
        select i.project_id, i.event_id from public.metering_event_ids i
        where i.received_at < now() - interval '100 days'
          and i.occurred_at < now() - interval '100 days'
          and not public.metering_events_has_month(
              date_trunc('month', i.occurred_at at time zone 'UTC')::date)
          and not exists (
              select from public.metering_charges c
              where c.project_id = i.project_id and c.event_id = i.event_id)
        limit least(most, 10000));
    get diagnostics forgotten = row_count;
    return forgotten;
end $$
"""
# Both are granted to the role that serves, and to no other, when it is granted the tables.
FUNCTIONS = ("metering_events_make_month(date)", "metering_event_ids_forget(integer)")


def _install_months() -> None:
    for function in (HAS_MONTH, MAKE_MONTH, REFUSE_CHANGE_OF_ID, FORGET_IDS):
        op.execute(function)
    for signature in FUNCTIONS:
        op.execute(f"revoke all on function {signature} from public")
    # The months that usage may fall into now, and three more.
    op.execute(
        "select metering_events_make_month((date_trunc('month', now() at time zone 'UTC')"
        " + make_interval(months => n))::date) from generate_series(-2, 3) n"
    )


def downgrade() -> None:
    raise NotImplementedError("usage is what charges stand on; restore a backup instead")
