#!/usr/bin/env bash
# The main job on a real request, with no API key: an empty folder becomes a tested service, then gets a second feature.
set -euo pipefail
cd "$(dirname "$0")/.."
greenloop="$PWD/.venv/bin/greenloop"
shop="${1:-$(mktemp -d /tmp/greenloop-demo.XXXXXX)/bookshop}"

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"; }

first='Add books with title (str, 1-200 chars), author (str), year (int, optional, >= 1450) and isbn (str, unique).
Add reviews of books with rating 1-5 and text. List books by author, newest first, paginated.
Require login to create or delete books.'
second='Add tags to books and filter by tag.'

say "greenloop feature \"$first\" --repo $shop"
"$greenloop" feature "$first" --repo "$shop" --engine offline
say "greenloop merge last"
"$greenloop" merge last
say "greenloop feature \"$second\" --repo $shop"
"$greenloop" feature "$second" --repo "$shop" --engine offline
say "greenloop merge last"
"$greenloop" merge last
say "git -C $shop log --oneline"
git -C "$shop" log --oneline
printf '\nThe service is in %s: read its README.md to run it.\n' "$shop"
