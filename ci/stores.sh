#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# The tests of stores/, on all databases: starts a PostgreSQL server of its own, and mounts small and read-only disks
# (as root, in memory). All of it is taken down at the end.
set -euo pipefail
cd "$(dirname "$0")/../stores"

binaries=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | tail -1)
if ! [ -x "$binaries/initdb" ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql >/dev/null
  binaries=$(echo /usr/lib/postgresql/*/bin | tr ' ' '\n' | tail -1)
fi

place=$(mktemp -d /tmp/subrosa-stores.XXXXXX)
chmod 755 "$place"
down() {
  (cd / && runuser -u postgres -- "$binaries/pg_ctl" -D "$place/server/data" -m immediate stop >/dev/null 2>&1) || true
  for disk in small read-only server/space; do
    mountpoint -q "$place/$disk" && umount "$place/$disk"
  done
  rm -rf "$place"
}
trap down EXIT

mkdir "$place/small" "$place/source" "$place/read-only" "$place/server" "$place/server/space"
mount -t tmpfs -o size=4m tmpfs "$place/small"
mount -t tmpfs -o size=8m tmpfs "$place/server/space"
mount --bind "$place/source" "$place/read-only"
mount -o remount,bind,ro "$place/read-only"
chown -R postgres "$place/server"

(cd / && runuser -u postgres -- "$binaries/initdb" -D "$place/server/data" -A trust >/dev/null)
(cd / && runuser -u postgres -- "$binaries/pg_ctl" -D "$place/server/data" -w -l "$place/server/log" \
  -o "-c listen_addresses='' -c unix_socket_directories=$place/server" start >/dev/null)
export SUBROSA_POSTGRES="host=$place/server user=postgres dbname=postgres"
export SUBROSA_SMALL_DISK=$place/small SUBROSA_READ_ONLY_SOURCE=$place/source SUBROSA_READ_ONLY_DISK=$place/read-only
(cd / && runuser -u postgres -- "$binaries/psql" -q -h "$place/server" -c "CREATE TABLESPACE small LOCATION '$place/server/space'")

cargo test --all-features
# One after the other: some change the server for all.
cargo test --all-features --test conformance -- --ignored --test-threads=1
