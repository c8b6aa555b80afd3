#!/usr/bin/env bash
# Make .venv and install greenloop and its tools, every package pinned by hash.
set -euo pipefail
cd "$(dirname "$0")/.."
python="${1:-python3}"

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "greenloop needs Python 3.11 or newer; $python is $("$python" --version 2>&1)" >&2
    exit 1
}
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
fi
[ -x .venv/bin/pip ] || "$python" -m venv .venv
if [ ! -x .venv/bin/uv ]; then
    .venv/bin/pip install -q --disable-pip-version-check uv
fi
export UV_LINK_MODE=copy
.venv/bin/uv pip install -q --python .venv/bin/python --require-hashes -r requirements.lock
.venv/bin/uv pip install -q --python .venv/bin/python --no-deps -e .
echo "ready: .venv/bin/greenloop ($(.venv/bin/greenloop --version))"
