#!/usr/bin/env bash
# Breaks things, and shows what was seen: servers, Redis and PostgreSQL are killed, stopped and started while people use
# them. The quick ones are part of `make test` too; here there are thousands of connections and dozens of restarts.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

.make/tools.sh test
PG_BIN=$(postgres_bin)
export PG_BIN LEARNIFY_FULL_SIZE=1
# One after the other, so that each has the machine for itself.
exec cargo test --locked --no-fail-fast -p app -p domain -p backend -p media -p publisher -p server --features app/ssr \
  --test it -- --include-ignored --nocapture --test-threads 1 bus:: outbox:: faults:: f41 f42 tried_again
