#!/usr/bin/env bash
# Measures the event streams: our server, and beside it on the same work a loop that only writes (the floor), axum's own
# `Sse`, and nginx with nchan. The server has one core and the load another; one server after the other.
#
# Environment: CONNECTIONS="1000 10000 20000", SECONDS_EACH=20, REPEAT=3, TARGETS="floor axum nchan learnify", SOAK_SECONDS=0,
# BUILD=release or debug, NCHAN_MODULE where it is not where Debian puts it. Each run is a line in target/bench/events.jsonl;
# a table of medians follows.
# shellcheck source=.make/lib.sh
. "$(dirname "$0")/lib.sh"

connections=${CONNECTIONS:-1000 10000 20000}
seconds=${SECONDS_EACH:-20}
repeat=${REPEAT:-3}
targets=${TARGETS:-floor axum nchan learnify}
build=${BUILD:-release}
programs=${CARGO_TARGET_DIR:-target}/$build
results=target/bench/events.jsonl
work=target/bench/events
# One topic that nobody else speaks on, and its events: as many bytes as the others send.
channel=00000000-0000-4000-8000-000000000001
event='{"topics":["channel:'$channel'"],"event":{"channel_updated":{"channel":"'$channel'","display_name":"Ana","title":"{marker}","category":"coding"}}}'
token=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
server='' pids=''

have taskset || fail "taskset is missing: it pins the server to one core and the load to another (Debian: util-linux)."
[ "$(nproc)" -ge 2 ] || fail "Two cores are needed, one for the server and one for the load."
# Every connection is a file at both ends; whoever may not raise the limit measures fewer.
ulimit -n 65536 2>/dev/null || ulimit -n "$(ulimit -H -n)"
files=$(ulimit -n)

# The whole server, with its limits out of the way.
start_learnify() {
  LEARNIFY_ADDRESS=127.0.0.1:4000 MEDIA_PORT=4000 DATA_DIR=$work/data PUBLISH_TOKEN=$token METRICS_TOKEN=$token RATE_LIMIT_FACTOR=1000 \
    EVENT_CONNECTIONS=65000 EVENT_CONNECTIONS_PER_ADDRESS=65000 RUST_LOG=error \
    taskset -c 0 "$programs/learnify" >"$work/learnify.log" 2>&1 &
  server=$! port=4000
}

start_axum() {
  taskset -c 0 "$programs/examples/axum_sse" 127.0.0.1:4001 >"$work/axum.log" 2>&1 &
  server=$! port=4001
}

start_floor() {
  taskset -c 0 "$programs/examples/floor" 127.0.0.1:4002 >"$work/floor.log" 2>&1 &
  server=$! port=4002
}

nchan_module=${NCHAN_MODULE:-/usr/lib/nginx/modules/ngx_nchan_module.so}

# nginx closes connections that have not asked yet as soon as fewer than a sixteenth of those it may have are free, so it may
# have twice as many as there will be.
start_nchan() {
  cat >"$work/nginx.conf" <<CONF
load_module $nchan_module;
daemon off;
worker_processes 1;
worker_rlimit_nofile $files;
pid $root/$work/nginx.pid;
error_log $root/$work/nginx.log warn;
events { worker_connections $((files * 2)); }
http {
  access_log off;
  client_body_temp_path $root/$work/nginx-body;
  proxy_temp_path $root/$work/nginx-proxy;
  fastcgi_temp_path $root/$work/nginx-fastcgi;
  uwsgi_temp_path $root/$work/nginx-uwsgi;
  scgi_temp_path $root/$work/nginx-scgi;
  keepalive_requests 1000000;
  nchan_shared_memory_size 256M;
  server {
    listen 127.0.0.1:4003 backlog=4096;
    location = /events {
      nchan_subscriber eventsource;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
    }
    location = /publish {
      nchan_publisher http;
      nchan_channel_id bench;
      nchan_message_buffer_length 1000;
      nchan_message_timeout 5m;
    }
  }
}
CONF
  taskset -c 0 nginx -p "$work" -c "$root/$work/nginx.conf" >"$work/nginx.out" 2>&1 &
  server=$! port=4003
}

# Waits until the port of the server answers.
await_port() {
  local n
  for n in $(seq 600); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then return; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  fail "$1 does not answer (looked $n times); see the logs in $work."
}

start() {
  "start_$1"
  await_port "$1"
  # nginx works in a child.
  pids=$server
  if [ "$1" = nchan ]; then pids="$server $(pgrep -P "$server" | tr '\n' ' ')"; fi
}

stop() {
  if [ -z "$server" ]; then return; fi
  kill "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=''
}
trap stop EXIT

# Puts load on the server that runs: `load <target> <mode> <connections> <options…>`.
load() {
  local target=$1 mode=$2 n=$3 pid report options
  shift 3
  options=$*
  set -- "$mode" --connections "$n" --seconds "$seconds" "$@"
  for pid in $pids; do set -- "$@" --pid "$pid"; done
  if [ "$target" = learnify ]; then
    set -- "$@" --url "http://127.0.0.1:$port/api/stream-updates?topics=channel:$channel" \
      --publish-url "http://127.0.0.1:$port/api/stream-updates" --publish-type application/json --publish-body "$event"
  else
    set -- "$@" --url "http://127.0.0.1:$port/events" --publish-url "http://127.0.0.1:$port/publish"
  fi
  report=$(LOAD_PUBLISH_TOKEN=$token taskset -c 1 "$programs/load" "$@") || fail "The load on $target failed."
  printf '{"target":"%s","options":"%s","report":%s}\n' "$target" "$options" "$report" >>"$results"
}

# A server of its own for each run, so that none inherits the memory of another.
measure() {
  step "$2 $3 connections at $1 ${*:4}"
  start "$1"
  # What a server takes once, for whoever comes first, is not counted per connection.
  seconds=1 results=/dev/null load "$1" storm 500
  load "$@"
  stop
}

# Streams go live, by a publisher, while so many connections wait for it.
go_live() {
  local report
  step "learnify $1 connections at which streams go live"
  start learnify
  report=$(METRICS_TOKEN=$token node .make/bench-golive.mjs "$programs" "http://127.0.0.1:$port" "$server" "$1" 5) ||
    fail "No stream went live; see the lines above."
  printf '{"target":"learnify","options":"","report":%s}\n' "$report" >>"$results"
  stop
}

build_all() {
  if [ "$build" = release ]; then
    .make/tools.sh run
    .make/build.sh publisher
    cargo build --release --locked -p load --bins --examples
  else
    cargo build --locked -p publisher
    cargo build --locked -p load --bins --examples
  fi
}

# The servers that are here.
known=''
for target in $targets; do
  case $target in
    floor | axum | learnify) known="$known $target" ;;
    nchan)
      if have nginx && [ -f "$nchan_module" ]; then
        known="$known nchan"
      else
        step "nginx with nchan is left out. To compare with it: apt-get install nginx libnginx-mod-nchan"
      fi
      ;;
    *) fail "There is no target named $target; there are: floor axum nchan learnify." ;;
  esac
done

build_all
PG_BIN=$(postgres_bin)
export PG_BIN
mkdir -p "$work"
: >"$results"
for n in $connections; do
  if [ "$((n + 400))" -gt "$files" ]; then
    step "$((files - 400)) connections instead of $n: $files files may be open here (ulimit -n)"
    n=$((files - 400))
  fi
  # Interleaved, so that a slow minute of the machine meets all of them.
  for _ in $(seq "$repeat"); do
    for target in $known; do measure "$target" deliver "$n"; done
  done
  case $known in
    *learnify*)
      measure learnify deliver "$n" --drop 20
      measure learnify storm "$n"
      go_live "$n"
      # Often enough that what a dead reader does not take fills its socket, and few enough that the core has time left.
      if [ "$n" -le 1000 ]; then
        measure learnify deliver "$n" --interval-ms 25 --seconds 40
        measure learnify dead "$n" --interval-ms 25 --seconds 40
      fi
      ;;
  esac
done
if [ "${SOAK_SECONDS:-0}" -gt 0 ]; then
  seconds=$SOAK_SECONDS
  measure learnify soak "${n:-1000}"
fi
node .make/bench-events.mjs "$results"
