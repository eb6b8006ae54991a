# SPDX-License-Identifier: Apache-2.0
# The demo's bench: files, server, devices. Uses $work, $devices, $check; sourced by deploy/demo.
bin="$build_dir/bin"
server_pid='' sim_pid=''

stop_bench() {
  local pid
  trap - EXIT
  # The bench first, so that no agent talks to a dead server for nothing.
  for pid in $sim_pid $server_pid; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $sim_pid $server_pid; do wait "$pid" 2>/dev/null || true; done
  if $keep; then say "kept: $work"; else rm -rf "$work"; fi
}

# make_bench: devices, profile with its files, configuration, authorities, two people.
make_bench() {
  bench_faults=(--untrusted-ek "$untrusted_slot" --fail-once "$failing_slot")
  bench_faults+=(--lack-reader "${asking_slot:-0}" --ask-person "${asking_slot:-0}" --lose-power "${cut_slot:-0}")
  state="$work/state"
  mkdir -p "$work/profiles" "$work/home"
  chmod 700 "$work"
  "$bin/preseal-sim" manufacture --bench "$work/bench" --devices "$devices" \
    "${bench_faults[@]}"
  make_profile
  write_config 0 0 0 0
  admin_user=admin
  admin_password=$("$bin/preseal-server" init --config "$work/preseal.yaml" --user admin 2>/dev/null | password_of) ||
    die "the server could not be set up"
  setup_password=$("$bin/preseal-server" user-add --config "$work/preseal.yaml" --role admin setup 2>/dev/null | password_of)
  "$bin/preseal-server" station --config "$work/preseal.yaml" bench-1 --out "$work/station" >/dev/null
}

password_of() { sed -n 's/^one-time password: //p' | grep .; }

# A real package from Debian, a real archive, a certificate; the profile names them.
make_profile() {
  local profiles="$work/profiles" deb
  say "fetching a package for the devices"
  (cd "$profiles" && apt-get download -qq media-types >/dev/null 2>&1) ||
    { apt-get update -qq && (cd "$profiles" && apt-get download -qq media-types >/dev/null); } ||
    die "cannot fetch the package media-types with apt-get download"
  deb=$(cd "$profiles" && ls media-types_*.deb)
  mkdir -p "$work/tools/bin" "$work/late"
  printf '#!/bin/sh\necho "company tools 1.0"\n' >"$work/tools/bin/company-tool"
  chmod 755 "$work/tools/bin/company-tool"
  tar -C "$work/tools" --owner=0 --group=0 -c bin | zstd -q -o "$profiles/company-tools.tar.zst"
  tar -C "$work/tools" --owner=0 --group=0 -c bin | zstd -q -o "$work/late/company-mail.tar.zst"
  cp "$root/deploy/demo-profile/late.yaml" "$work/late/"
  cp "$root/deploy/demo-profile/sales.yaml" "$profiles/"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null \
    -out "$profiles/company-root.crt" -days 365 -subj "/CN=Example Factory Root" 2>/dev/null
  local pace=0.5
  $check && pace=0.2
  sed -e "s|@PACE@|$pace|g" -e "s|@DEB_ID@|media-types|" -e "s|@DEB_FILE@|$deb|" \
    -e "s|@DEB_NAME@|$(dpkg-deb -f "$profiles/$deb" Package)|" \
    -e "s|@DEB_VERSION@|$(dpkg-deb -f "$profiles/$deb" Version)|" \
    "$root/deploy/demo-profile/office-laptop.yaml" >"$profiles/office-laptop.yaml"
}

# write_config DEVICE ENROLLMENT API WEB: ports, 0 for free ones.
write_config() {
  cat >"$work/preseal.yaml" <<YAML
organisation: Example Factory
state_dir: state
public_names: [localhost, 127.0.0.1]
device_port: {address: 127.0.0.1, port: $1}
enrollment_port: {address: 127.0.0.1, port: $2}
api_port: {address: 127.0.0.1, port: $3}
web_port: {address: 127.0.0.1, port: $4}
trust:
  # Software TPMs are refused unless this names their root; all they prove is marked "lab".
  lab_root: bench/ek-root.pem
technician_flow:
  profiles: profiles
  default_profile: office-laptop
  start: $($check && echo manual || echo automatic)
tokens: {download: 4}
YAML
}

port() { jq -r ".$1" "$state/ports.json"; }
web_url() { jq -r .web_url "$state/ports.json"; }

# start_server: returns when its ports are open.
start_server() {
  rm -f "$state/ports.json"
  "$bin/preseal-server" run --config "$work/preseal.yaml" >>"$work/server.log" 2>&1 &
  server_pid=$!
  until_true 30 "the server to open its ports" server_ready
  # A restart must come back where the agents and the browser look for it.
  write_config "$(port device)" "$(port enrollment)" "$(port api)" "$(port web)"
}

server_ready() {
  kill -0 "$server_pid" 2>/dev/null || die "the server ended: $(tail -n 3 "$work/server.log")"
  [ -s "$state/ports.json" ]
}

# until_true SECONDS WHAT COMMAND...: polls COMMAND; dies when the time is over.
until_true() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || die "waited too long for $what"
    sleep 0.2
  done
}

# preseal ARGS...: the command line, logged in as the demo's set-up account.
preseal() {
  XDG_CONFIG_HOME="$work/home" "$bin/preseal" --server "localhost:$(port api)" --ca "$state/ca/server-ca.pem" "$@"
}

register_bench() {
  setup_new_password=$(openssl rand -base64 18)
  printf '%s\n%s\n' "$setup_password" "$setup_new_password" |
    preseal login --user setup --password-stdin --new-password-stdin >/dev/null || die "cannot log in"
  preseal import "$work/bench/devices.csv" --batch PO-7 >/dev/null || die "cannot import the bench"
}

power_on() {
  "$bin/preseal-sim" run --bench "$work/bench" --devices "$devices" --station "$work/station" \
    "${bench_faults[@]}" --stay --agent "$bin/preseal-agent" \
    --enrollment-endpoint "localhost:$(port enrollment)" --device-endpoint "localhost:$(port device)" \
    >>"$work/sim.log" 2>&1 &
  sim_pid=$!
}
