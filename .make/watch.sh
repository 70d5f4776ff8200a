#!/usr/bin/env bash
# Rebuilds and restarts on every change, unoptimised, and reloads the pages that are open.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

.make/tools.sh run
PG_BIN=$(postgres_bin)
export PG_BIN
# Names that change with the content are for caches; here they would outrun the server that is told them once.
export LEPTOS_HASH_FILES=false
# What is changed in the database by hand shows at once.
for name in CACHE_STREAMS_MILLIS CACHE_CHANNEL_MILLIS CACHE_RECOMMENDED_MILLIS PAGE_LIFETIME_MILLIS; do
  export "$name=${!name:-0}"
done
# The words of SITE_FLAGS are separate options.
# shellcheck disable=SC2086
exec cargo-leptos watch $SITE_FLAGS
