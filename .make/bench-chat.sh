#!/usr/bin/env bash
# Measures the chat. `bench-chat.sh` sends fifty messages a second to a room of a thousand members and says how long they
# took; `bench-chat.sh browser` lets one browser read twenty a second and says how long its frames took.
# Each ends with one line of JSON, which is kept in target/bench.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p target/bench

# Keeps the line that is the report: `keep <report> <command…>`. It is there even when the command fails.
keep() {
  local report=target/bench/$1 status=0
  shift
  "$@" 2>&1 | tee "$report.log" || status=$?
  sed -n '/^{.*}$/p' "$report.log" >"$report"
  rm "$report.log"
  [ -s "$report" ] || fail "There is no report: the measurement did not come to its end."
  step "kept in $report"
  return "$status"
}

room() {
  cargo test --release --locked -p app -p domain -p backend -p media -p publisher -p server --features app/ssr \
    --test it a_thousand_people -- --ignored --nocapture
}

browser() { (cd end2end && node_modules/.bin/playwright test --config bench.config.ts); }

case ${1:-room} in
  room)
    .make/tools.sh run
    PG_BIN=$(postgres_bin)
    export PG_BIN
    keep chat.json room
    ;;
  browser)
    .make/tools.sh test
    .make/build.sh
    PG_BIN=$(postgres_bin)
    CHROMIUM=$(chromium_path)
    export PG_BIN CHROMIUM
    keep chat-browser.json browser
    ;;
  *) fail "The chat is measured in a room or in a browser; there is no $1." ;;
esac
