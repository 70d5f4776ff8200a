#!/usr/bin/env bash
# Builds the release: the server, and the site it serves. Does nothing when no source changed since the last time.
# `build.sh` builds the server; `build.sh publisher` the publisher too.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

flags="--release --precompress $SITE_FLAGS"
stamp=target/.make/release

# Whether anything a build reads is newer than the stamp. Folders count too: their times tell of deleted files.
# A build that somebody started differently does not count.
is_current() {
  [ -x "target/release/$1" ] && [ -f "$2" ] && [ "$(cat "$2")" = "$flags" ] &&
    [ -z "$(find app frontend server style public migrations .cargo .make/wasm-opt \
      Cargo.toml Cargo.lock rust-toolchain.toml package-lock.json -newer "$2" -print | head -n 1)" ]
}

# `build <program> <command…>`: runs the command unless the program is current.
# The time that counts is that of the start: what changes during a build must be built again.
build() {
  local program=$1
  shift
  if is_current "$program" "$stamp-$program"; then return; fi
  mkdir -p target/.make
  printf '%s' "$flags" >"$stamp-$program.new"
  step "building $program (some minutes when dependencies are new)"
  "$@" || fail "The build failed; see the lines above."
  mv "$stamp-$program.new" "$stamp-$program"
  step "built target/release/$program"
}

site() {
  # cargo-leptos takes what it finds there.
  ln -sf ../../.make/wasm-opt node_modules/.bin/wasm-opt
  # The words of $flags are separate options.
  # shellcheck disable=SC2086
  cargo-leptos build $flags && node .make/size.mjs
}

build learnify site
if [ "${1:-}" = publisher ]; then build publisher cargo build --release -p publisher; fi
