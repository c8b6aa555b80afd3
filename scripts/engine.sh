#!/usr/bin/env bash
# See to it that a Docker engine answers: use the one that runs, else install and start one (Debian, root).
set -euo pipefail

answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }
need() { command -v "$1" >/dev/null 2>&1; }

if need docker && answers; then
    # Without a registry the base image is made with debootstrap.
    if ! need debootstrap && [ "$(id -u)" = 0 ] && need apt-get && ! docker image inspect python:3.12-slim >/dev/null 2>&1; then
        { apt-get update -qq && apt-get install -y -qq debootstrap; } >/dev/null 2>&1 || true
    fi
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "no Docker engine answers; start it (for example: sudo systemctl start docker) and try again" >&2
    exit 1
fi
if ! need dockerd || ! need debootstrap; then
    echo "installing the Docker engine ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq docker.io debootstrap >/tmp/greenloop-apt.log 2>&1 || {
        tail -n 5 /tmp/greenloop-apt.log >&2
        exit 1
    }
fi
if [ -d /run/systemd/system ]; then
    systemctl start docker || true
else
    setsid dockerd >/var/log/greenloop-dockerd.log 2>&1 </dev/null &
fi
for _ in $(seq 60); do
    answers && exit 0
    sleep 0.5
done
echo "the Docker engine does not start; see /var/log/greenloop-dockerd.log" >&2
exit 1
