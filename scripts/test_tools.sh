#!/usr/bin/env bash
# What the tests of engines need besides Docker: an sshd and Podman. Installed from Debian's packages, never started here.
set -euo pipefail

[ -x /usr/sbin/sshd ] && command -v openssl podman catatonit >/dev/null && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "no sshd or no Podman here: tests of engines over ssh and of Podman's socket are left out" >&2
    exit 0
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssh-server openssl podman catatonit >/tmp/greenloop-apt.log 2>&1 || {
    tail -n 5 /tmp/greenloop-apt.log >&2
    exit 1
}
