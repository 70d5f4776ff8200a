#!/usr/bin/env bash
# Runs the tests, the quick ones first, and ends with one line that counts them all.
# `test.sh` runs everything; `test.sh checks`, `rust`, `wasm` or `browser` one part.
# ONLY limits the browser's part to files whose name contains it.
# A failure does not stop the parts after it, so that one run tells everything that is wrong.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

parts=${*:-checks rust wasm browser}
logs=target/.make/logs
passed=0 failed=0 skipped=0 failures=''

add() {
  passed=$((passed + $1))
  failed=$((failed + $2))
  skipped=$((skipped + $3))
}

# Runs a command whose output is shown and kept: `logged <name> <command…>`.
logged() {
  local name=$1
  shift
  step "$name"
  "$@" 2>&1 | tee "$logs/$name.log"
}

# A command that either holds or does not counts as one test.
check() {
  if logged "$@"; then
    add 1 0 0
  else
    add 0 1 0
    failures="$failures $1"
  fi
}

# A command that prints `test result:` lines, as Cargo's and wasm-bindgen's runners do, counts as many tests as they say.
suite() {
  local name=$1 status=0 counts
  logged "$@" || status=$?
  counts=$(awk '/^test result:/ { p += $4; f += $6; s += $8 } END { print p + 0, f + 0, s + 0 }' "$logs/$name.log")
  # The words are the three numbers.
  # shellcheck disable=SC2086
  add $counts
  if [ "$status" != 0 ]; then
    failures="$failures $name"
    # It failed before or between tests, as when something does not compile.
    case $counts in *' 0 '*) add 0 1 0 ;; esac
  fi
}

# The lines of a log that say why: what compilers, test runners, a full disk and the servers of tests print.
reasons() {
  [ -f "$1" ] || return 0
  sed "s/$(printf '\033')\[[0-9;]*m//g" "$1" |
    grep -nE '^ *(error|Error|fatal)|panicked at|\.\.\. FAILED|No space left|signal: |[Kk]illed|^ +[0-9]+\) |^Diff in|^The |^    [-+] |^    (Expected|Received|Locator)|Z +(WARN|ERROR) ' |
    cut -c -300 | head -n 60 || true
}

host() { printf '%s ' -p app -p domain -p backend -p load -p media -p publisher -p server --features app/ssr; }
browser_side() { printf '%s ' -p app -p frontend --features app/hydrate --target wasm32-unknown-unknown; }

sources() { git ls-files --cached --others --exclude-standard -- "$@"; }

lock_file_is_current() { cargo metadata --locked --format-version 1 >/dev/null; }

# Work that is not done belongs into an issue, not into a comment.
no_unfinished_work() {
  local word='TO''DO|FIX''ME'
  ! sources '*.rs' '*.ts' '*.css' '*.sql' '*.sh' '*.mjs' '*.md' '*.toml' | xargs grep -nE "\\b($word)\\b"
}

# One TLS implementation and one database driver: nothing may bring a second one along.
no_banned_crates() {
  ! grep -nE '^name = "(openssl|openssl-sys|native-tls|sqlx|sqlx-core)"$' Cargo.lock
}

# The part that runs in the browser must not carry any of the server.
no_server_in_browser() {
  local tree
  tree=$(cargo tree --locked -p frontend --target wasm32-unknown-unknown -e normal --prefix none) || return 1
  ! printf '%s\n' "$tree" | grep -E '^(backend|tokio-postgres|diesel|diesel-async|fred|hyper|axum|mio|str0m) '
}

scripts_are_sound() {
  local script
  if have shellcheck; then
    shellcheck -x .make/*.sh .ci/run
  else
    for script in .make/*.sh .ci/run; do bash -n "$script" || return 1; done
  fi
}

end2end_types() { (cd end2end && node_modules/.bin/tsc); }

# shellcheck disable=SC2046 # the words are separate options
checks() {
  check lock-file-is-current lock_file_is_current
  check format cargo fmt --all --check
  check no-unfinished-work no_unfinished_work
  check no-banned-crates no_banned_crates
  check scripts-are-sound scripts_are_sound
  check end2end-types end2end_types
  check no-server-in-browser no_server_in_browser
  check lints-host cargo clippy --locked --all-targets $(host) --features server/s3 -- -D warnings
  check lints-browser cargo clippy --locked --all-targets $(browser_side) -- -D warnings
  check documentation env RUSTDOCFLAGS=-Dwarnings cargo doc --locked --no-deps $(host) --features server/s3
}

# shellcheck disable=SC2046
rust() { suite rust cargo test --locked --no-fail-fast $(host); }

wasm() {
  suite wasm env CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner \
    cargo test --locked --no-fail-fast -p app --features hydrate --target wasm32-unknown-unknown --lib --tests
}

browser() {
  local report=$root/$logs/browser.json status=0 counts='0 0 0'
  check release-build .make/build.sh publisher
  check size node .make/size.mjs
  if [ ! -x target/release/learnify ] || [ ! -x target/release/publisher ]; then return; fi
  step "browser"
  rm -f "$report"
  # shellcheck disable=SC2086 # the words of ONLY are separate filters
  (cd end2end && PLAYWRIGHT_JSON_OUTPUT_FILE=$report node_modules/.bin/playwright test --reporter=list,json ${ONLY:-}) 2>&1 |
    tee "$logs/browser.log" || status=$?
  if [ -f "$report" ]; then
    counts=$(node -p "const { stats: s } = JSON.parse(require('fs').readFileSync('$report')); [s.expected, s.unexpected + s.flaky, s.skipped].join(' ')")
  fi
  # shellcheck disable=SC2086
  add $counts
  if [ "$status" != 0 ]; then
    failures="$failures browser"
    case $counts in *' 0 '*) add 0 1 0 ;; esac
  fi
}

if [ "$parts" = checks ]; then .make/tools.sh check; else .make/tools.sh test; fi
PG_BIN=$(postgres_bin)
CHROMIUM=$(chromium_path)
export PG_BIN CHROMIUM
mkdir -p "$logs"
for part in $parts; do
  case $part in
    checks | rust | wasm | browser) "$part" ;;
    *) fail "There is no part of the tests named $part; there are: checks rust wasm browser." ;;
  esac
done

step "done"
for failure in $failures; do
  printf '\n%s failed; the whole of it is in %s\n' "$failure" "$logs/$failure.log"
  reasons "$logs/$failure.log"
done
if [ "$failed" != 0 ]; then printf "\n%s\n" "Left on the disk: $(df -h . | awk 'NR == 2 { print $4 }')"; fi
printf '%s passed, %s failed' "$passed" "$failed"
if [ "$skipped" != 0 ]; then printf ', %s skipped' "$skipped"; fi
printf '\n'
[ "$failed" = 0 ] && [ -z "$failures" ] && [ "$passed" -gt 0 ]
