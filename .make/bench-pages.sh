#!/usr/bin/env bash
# Measures how many home pages a server gives out, with pages kept, with what visitors read kept, and with neither, for visitors and for members.
# It ends with one line of JSON, which is kept in target/bench/pages.json.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

.make/tools.sh run
PG_BIN=$(postgres_bin)
export PG_BIN
mkdir -p target/bench
report=target/bench/pages.json
cargo run --release --locked -p server --example bench_pages | tee "$report.log"
sed -n '/^{.*}$/p' "$report.log" >"$report"
rm "$report.log"
[ -s "$report" ] || fail "There is no report: the measurement did not come to its end."
step "kept in $report"
