#!/usr/bin/env bash
# Takes a picture of every page of the demonstration at three widths, dark and light.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

.make/tools.sh test
.make/build.sh publisher
PG_BIN=$(postgres_bin)
CHROMIUM=$(chromium_path)
export PG_BIN CHROMIUM
cd end2end
exec node_modules/.bin/playwright test --config screenshots.config.ts
