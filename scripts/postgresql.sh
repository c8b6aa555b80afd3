#!/usr/bin/env bash
# See to it that PostgreSQL's programs are there (Debian, root). No server is started and none is left running.
set -euo pipefail

if ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || command -v postgres >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "PostgreSQL is not installed; on Debian: sudo apt-get install postgresql" >&2
    exit 1
fi
echo "installing PostgreSQL ..."
mkdir -p /etc/postgresql-common
[ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql >/tmp/greenloop-postgresql.log 2>&1 || {
    tail -n 5 /tmp/greenloop-postgresql.log >&2
    exit 1
}
