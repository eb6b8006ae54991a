# SPDX-License-Identifier: Apache-2.0
# Shared by deploy/demo, deploy/build and tests/run. Sourced, not run.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
preset=${PRESEAL_PRESET:-release}
# ctest names the folder it was built in, which need not be a preset's.
build_dir=${PRESEAL_BUILD_DIR:-$root/build/$preset}

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# install_packages GROUP...: installs what is missing of these groups, as root or through sudo.
install_packages() {
  local group package missing=()
  for group in "$@"; do
    while read -r package; do
      # A command from elsewhere is as good as Debian's package of it.
      [ "$package" = nodejs ] && command -v node >/dev/null && continue
      [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done < <(awk -v g="$group" '$1 == g {print $2}' "$root/deploy/packages")
  done
  if [ "${#missing[@]}" -gt 0 ]; then
    say "installing ${#missing[@]} packages: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
      command -v sudo >/dev/null || die "packages are missing and this is not root: apt-get install ${missing[*]}"
      as_root=(sudo)
    fi
    export DEBIAN_FRONTEND=noninteractive
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
}

# install_npm: npm is a part of node elsewhere; Debian packs it apart and with hundreds of others.
install_npm() {
  command -v npm >/dev/null && return
  say "installing npm"
  DEBIAN_FRONTEND=noninteractive apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >/dev/null
}

# build TARGET...: configures and builds; everything without targets.
build() {
  (cd "$root" && cmake --preset "$preset" >"$root/build/configure-$preset.log" 2>&1) ||
    { cat "$root/build/configure-$preset.log" >&2; die "cmake failed"; }
  local targets=()
  [ $# -gt 0 ] && targets=(--target "$@")
  cmake --build "$build_dir" -j "${PRESEAL_JOBS:-2}" "${targets[@]}"
}
mkdir -p "$root/build"
