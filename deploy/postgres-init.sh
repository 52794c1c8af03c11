#!/bin/sh
# Makes the two roles and the database on the first start of the container in compose.postgres.yml.
set -eu
psql --set ON_ERROR_STOP=1 --username postgres \
	--set owner="$OWNER_PASSWORD" --set serves="$SERVE_PASSWORD" <<'SQL'
create role frontdesk_owner login password :'owner';
create role frontdesk login password :'serves';
create database frontdesk owner frontdesk_owner;
SQL
