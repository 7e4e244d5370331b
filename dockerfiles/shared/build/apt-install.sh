#!/usr/bin/env bash
# Installs Ubuntu packages as they were on one day.
#
#   UBUNTU_SNAPSHOT=20261101T000000Z apt-install.sh PACKAGE…
#
# A version of every package pinned by hand stops working as soon as the archive drops it, so the day is pinned instead:
# Ubuntu's snapshot service serves the whole archive, security updates included, as it stood then, signed as ever.
# Raising the date is the deliberate way to take updates. The vendor's own CUDA repository is left out: what the base
# image brings from it is pinned by the base image's digest.
set -euo pipefail

if [[ $# -eq 0 || ! "${UBUNTU_SNAPSHOT:-}" =~ ^[0-9]{8}T[0-9]{6}Z$ ]]; then
  echo "usage: UBUNTU_SNAPSHOT=YYYYMMDDTHHMMSSZ apt-install.sh PACKAGE…" >&2
  exit 64
fi
# ROOT is / but for the tests.
root="${ROOT:-}"
sources="$root/etc/apt/strata-snapshot.list"
# shellcheck source=/dev/null
codename=$(. "$root/etc/os-release" && echo "$VERSION_CODENAME")
for suite in "$codename" "$codename-updates" "$codename-security"; do
  echo "deb http://snapshot.ubuntu.com/ubuntu/$UBUNTU_SNAPSHOT $suite main universe"
done >"$sources"

apt=(apt-get --quiet --option "Dir::Etc::SourceList=$sources" --option Dir::Etc::SourceParts=/dev/null
  --option Acquire::Retries=3)
export DEBIAN_FRONTEND=noninteractive
"${apt[@]}" update
"${apt[@]}" install --yes --no-install-recommends "$@"
rm --recursive --force "$sources" "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/archives/*.deb \
  "$root"/var/log/apt "$root"/var/log/dpkg.log "$root"/var/cache/ldconfig/aux-cache
