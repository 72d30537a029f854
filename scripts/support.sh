# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the scripts share: where things are, how to say something, how to get private namespaces.
# Sourced, never run.

# The sourcing script's directory, so that every script works from anywhere.
# shellcheck disable=SC2034  # for the sourcing script
repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' blue=$'\e[34m' plain=$'\e[0m'
else
  bold='' dim='' red='' green='' blue='' plain=''
fi
# Each script uses some of them.
: "$bold" "$dim" "$red" "$green" "$blue" "$plain"

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "${0##*/}: $*"
  exit 1
}
usage_error() {
  say "${0##*/}: $*"
  say "Try '${0##*/} --help'."
  exit 2
}

# Runs this script again with network, mount and process namespaces of its own and empty /run and
# /run/netns, so that nothing reaches the machine's and everything in them ends with the script.
# Call with "$@"; returns at once in the new namespaces.
enter_private_namespaces() {
  if [[ ${EGRESS_PRIVATE:-} != yes ]]; then
    local as_root=()
    if ((EUID != 0)); then as_root=(--user --map-root-user); fi
    EGRESS_PRIVATE=yes exec unshare "${as_root[@]}" --mount --net --pid --fork --kill-child \
      --mount-proc -- "$0" "$@"
  fi
  mount -t tmpfs -o mode=0755 tmpfs /run
  mkdir -p /run/netns
  # Sees the new network namespace's interfaces only when mounted inside it; some containers
  # forbid that, and nothing here depends on it.
  mount -t sysfs sysfs /sys 2>/dev/null || true
  ip link set lo up
}
