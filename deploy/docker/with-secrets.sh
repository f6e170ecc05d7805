#!/bin/sh
# Puts the secrets of the compose file into the environment of Reprise alone, then becomes Reprise.
set -eu
ADMIN_API_KEY=$(cat "${SECRETS_DIR:-/run/secrets}/admin-key")
DATABASE_URL="postgres://reprise:$(cat "${SECRETS_DIR:-/run/secrets}/postgres-password")@${POSTGRES_HOST:-postgres:5432}/reprise"
export ADMIN_API_KEY DATABASE_URL
exec node "${REPRISE_MAIN:-/reprise/server/bin/reprise.js}" "$@"
