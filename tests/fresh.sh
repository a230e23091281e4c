#!/usr/bin/env bash
# What somebody meets who has just cloned this: the two ways of installing the pins, with the oldest pip that is supported,
# and the first words to the bot. Usage: tests/fresh.sh PYTHON OLDEST_PIP
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 pip=$2
empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT

git ls-files -z | tar --null --files-from=- --create | tar --extract --directory "$empty"
cd "$empty"
unset MAKEFLAGS MAKELEVEL

# A newer Python cannot run a pip that old: it comes with one that is as old as can be had.
with_old_pip() {
  "$python" -m venv "$1"
  "$1/bin/python" -c 'import sys; sys.exit(sys.version_info >= (3, 12))' || return 0
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check "pip==$pip"
}

with_old_pip .venv
with_old_pip plain
echo "Python $(.venv/bin/python -c 'import platform; print(platform.python_version())') with $(.venv/bin/python -m pip --version | cut -d' ' -f1-2)"

# As Heroku does it.
plain/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
plain/bin/python -m pip check

said=$(printf 'deploy topic to production\nstatus\n' | make --no-print-directory talk)
grep -q 'web → production.*is live' <<<"$said" || { echo "$said"; exit 1; }
grep -q '^ *production  topic@' <<<"$said" || { echo "$said"; exit 1; }
echo "The bot deploys, from an empty folder."
