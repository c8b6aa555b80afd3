#!/usr/bin/env bash
# What tests need besides Docker: an sshd and Podman, and a browser. Installed from Debian's packages, never started here.
set -euo pipefail

browser() {
    command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || command -v google-chrome >/dev/null
}
engines() {
    [ -x /usr/sbin/sshd ] && command -v openssl podman catatonit >/dev/null
}

engines && browser && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    engines || echo "no sshd or no Podman here: tests of engines over ssh and of Podman's socket are left out" >&2
    browser || echo "no Chromium here: tests of pages in a browser are left out" >&2
    exit 0
fi
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
apt-get update -qq
if ! browser; then # not every distribution has it as a package
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell fonts-dejavu-core \
        >/tmp/greenloop-apt.log 2>&1 || echo "no Chromium can be installed: tests of pages in a browser are left out" >&2
fi
engines && exit 0
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssh-server openssl podman catatonit >/tmp/greenloop-apt.log 2>&1 || {
    tail -n 5 /tmp/greenloop-apt.log >&2
    exit 1
}
