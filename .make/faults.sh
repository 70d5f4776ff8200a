#!/usr/bin/env bash
# Breaks things, and shows what was seen: servers, Redis and PostgreSQL are killed, stopped and started while people use
# them, and browsers lose their tabs, their network and their sleep. The quick ones are part of `make test` too; here there
# are thousands of connections and dozens of restarts, and a database of full size.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

.make/tools.sh test
# Clocks are set wrong by a library that Debian has. Without it those tests say that they are left out.
if have apt-get && ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then
  (system_package "libfaketime" faketime "") || true
fi
PG_BIN=$(postgres_bin)
export PG_BIN LEARNIFY_FULL_SIZE=1
status=0
# One after the other, so that each has the machine for itself.
cargo test --locked --no-fail-fast -p app -p domain -p backend -p media -p publisher -p server --features app/ssr \
  --lib --test it -- --include-ignored --nocapture --test-threads 1 \
  bus:: cache:: census:: faults:: hub:: migrations:: outbox:: plans:: presence::f4 f41 notifications:: window_stays_shut kept_page_does garbage slow_reader busy_stream another_build tried_again || status=$?
ONLY='chunks sleep tabs' .make/test.sh wasm browser || status=$?
exit "$status"
