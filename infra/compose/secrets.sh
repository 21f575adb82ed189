#!/usr/bin/env bash
# Makes the secrets that compose.yaml mounts, in var/secrets. What exists is left alone, so it can be run again.
set -euo pipefail

umask 077
cd "$(dirname "$0")/../.."
mkdir -p var/secrets
cd var/secrets

# A container reads these files as another user than the one who made them: the folder, not the file, keeps others out.
secret() { # name, content
    [ -s "$1" ] && return
    printf '%s' "$2" >"$1"
    chmod 0444 "$1"
}

random() {
    head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

secret postgres_password "$(random)"
secret audit_token "$(random)"
for service in registry audit; do
    secret "${service}_database_password" "$(random)"
    secret "${service}_database_url" \
        "postgresql+asyncpg://$service:$(cat "${service}_database_password")@postgres/$service"
done
secret log_store_secret_key "$(random)"
secret log_store_identities "$(printf '{"identities": [{"name": "audit", "actions": ["%s", "%s", "%s"],
  "credentials": [{"accessKey": "audit", "secretKey": "%s"}]}]}' \
    Read:goodstanding-log Write:goodstanding-log List:goodstanding-log "$(cat log_store_secret_key)")"
