#!/usr/bin/env bash
# Run once, by PostgreSQL's image, on an empty volume: a role and a database for each service, closed to the other.
set -euo pipefail

for service in registry audit; do
    psql --username postgres --no-psqlrc --quiet --set ON_ERROR_STOP=1 --set service="$service" \
        --set password="$(cat "/run/secrets/${service}_database_password")" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service" TEMPLATE template0;
REVOKE ALL ON DATABASE :"service" FROM PUBLIC;
SQL
done
