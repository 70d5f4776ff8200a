#!/usr/bin/env bash
# Measures the home page of the real server, for visitors and for a member who follows a hundred channels, while streams start
# and stop all the time. The server has the first core for itself; the load, PostgreSQL and whoever starts and stops the
# streams have the others.
#
# Environment: LEARNIFY_FULL_SIZE=1 for a million members instead of a twentieth of that, STREAMS_PER_SECOND=50 that start
# and as many that stop, SECONDS_EACH=20, REPEAT=3 servers that are warmed up and measured, STARTS=20 cold ones for each kind
# of visit, REDIS_URL to have events go by Redis instead of PostgreSQL, BUILD=release or debug.
# The report is kept in target/bench/pages.json.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

build=${BUILD:-release}
programs=${CARGO_TARGET_DIR:-target}/$build

have taskset || fail "taskset is missing: it pins the server to one core and the load to others (Debian: util-linux)."
[ "$(nproc)" -ge 2 ] || fail "Two cores are needed, one for the server and one for the load."

.make/tools.sh run
profile=''
if [ "$build" = release ]; then
  .make/build.sh
  profile=--release
fi
# The words of $profile are separate options.
# shellcheck disable=SC2086
cargo build $profile --locked -p load --bin pages
# shellcheck disable=SC2086
cargo build $profile --locked -p backend --example busy_site
PG_BIN=$(postgres_bin)
export PG_BIN
mkdir -p target/bench/pages
exec node .make/bench-pages.mjs "$programs"
