#!/usr/bin/env bash
# Brings what is missing, builds when something changed, and becomes the server: Ctrl-C reaches it directly.
# `run.sh` starts Learnify; `run.sh --demo` with invented teachers of whom some are live.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

.make/tools.sh run
if [ "${1:-}" = --demo ]; then .make/build.sh publisher; else .make/build.sh; fi
PG_BIN=$(postgres_bin)
export PG_BIN
step "starting Learnify"
exec target/release/learnify "$@"
