# SPDX-License-Identifier: Apache-2.0
# A bench of already built binaries for a test written in node; sourced by tests/e2e/run and
# tests/clients/run. A caller sets $devices, $untrusted_slot and $failing_slot (0: no such slot).
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib/common.sh"
source "$root/deploy/lib/bench.sh"
check=false keep=false
test_pid=''

# need_programs PROGRAM...: what the bench and this test run, named all at once.
need_programs() {
  local program missing=()
  for program in preseal-server preseal-agent preseal preseal-sim; do
    [ -x "$bin/$program" ] || missing+=("$bin/$program")
  done
  for program in node npm swtpm jq zstd openssl "$@"; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  [ "${#missing[@]}" = 0 ] || die "missing: ${missing[*]}"
}

# open_bench: a server that knows its devices; their power is still off. All of it ends with the
# script, however that ends.
open_bench() {
  # Short: a socket's whole name must fit into 107 bytes.
  work=$(mktemp -d /tmp/preseal-e2e-XXXXXX)
  trap close_bench EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  make_bench
  start_server
  register_bench
}

close_bench() {
  local status=$?
  if [ "$status" != 0 ]; then
    say "the server's last lines:"
    tail -n 15 "$work/server.log" >&2 || true
    tail -n 5 "$work/sim.log" >&2 || true
  fi
  if [ -n "$test_pid" ]; then
    kill -TERM "$test_pid" 2>/dev/null || true
    wait "$test_pid" 2>/dev/null || true
  fi
  stop_bench
  exit "$status"
}

# npm_packages FOLDER: exactly those of the lock file; nothing is fetched if they are there.
npm_packages() {
  [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ] && return
  say "installing the npm packages of ${1#"$root"/}"
  (cd "$1" && npm ci --ignore-scripts --no-fund --no-audit >&2) || die "npm ci failed"
}
