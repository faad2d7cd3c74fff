#!/bin/sh
# Run once by the PostgreSQL image, on an empty volume: two roles and a database. The one owns the
# tables and migrates them; the other uses them, and cannot drop the triggers that keep the books.
set -eu

psql --username "${POSTGRES_USER:-postgres}" --set ON_ERROR_STOP=1 \
    --set owner_password="$BURSAR_OWNER_PASSWORD" --set app_password="$BURSAR_APP_PASSWORD" <<'SQL'
create role bursar_owner login password :'owner_password';
create role bursar_app login password :'app_password';
create database bursar owner bursar_owner;
revoke connect, temporary on database bursar from public;
grant connect on database bursar to bursar_app;
SQL
