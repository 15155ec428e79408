#!/bin/sh
# The one command of a checkout; `./do help` tells what it does.
set -eu

root=$(dirname -- "$(readlink -f -- "$0" 2>/dev/null || printf '%s' "$0")")
cd -- "$root" # settings, data and reports are the checkout's, from wherever it is called
venv=.venv
python=$venv/bin/python
unfinished=$venv/unfinished # there while an environment is being made: found at a start, that start begins anew
log=
job=

usage() {
    cat <<'END'
Usage: ./do VERB [ARGUMENTS]

  up [OPTIONS]       set up and run the bot; without Slack credentials in a sandbox workspace in your browser
  manage COMMAND     run any of the bot's commands here, such as `./do manage health`
  test [ARGUMENTS]   set up and run the tests; arguments go to pytest (--cov tells what is covered)
  check              format, lint, types, import contracts
  bench [NAME]       run the benchmarks, or one of them
  lock [--upgrade]   renew the pinned versions in requirements*.lock (needs uv)
  help               this text

The first call makes .venv from the lock files. Python 3.11 or newer is needed, nothing else.
END
}

say() { printf '%s\n' "$*" >&2; }

die() {
    say "do: $*"
    exit 1
}

misused() {
    say "do: $*"
    exit 2
}

stop() {
    [ -z "$job" ] || kill "$job" 2>/dev/null || :
    [ -z "$log" ] || rm -f "$log"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# step TITLE COMMAND...: run a command quietly; show how long it takes, and what it said when it fails.
step() {
    title=$1 begun=$(date +%s)
    shift
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null &
    job=$!
    while [ -t 2 ] && kill -0 "$job" 2>/dev/null; do
        printf '\r\033[K  … %s (%d s)' "$title" $(($(date +%s) - begun)) >&2
        sleep 0.2
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
    result=0
    wait "$job" || result=$?
    job=
    if [ "$result" -eq 0 ]; then
        say "  ✓ $title ($(($(date +%s) - begun)) s)"
    else
        say "  ✗ $title ($(($(date +%s) - begun)) s)"
        cat "$log" >&2
    fi
    rm -f "$log"
    log=
    return "$result"
}

may_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

# RUNLEVEL=1 keeps Debian from starting the servers that it installs.
apt_get() {
    export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
    apt-get install -y --no-install-recommends "$@" || {
        apt-get update && apt-get install -y --no-install-recommends "$@"
    }
}

# Print the real path of the first Python that is new enough; a resolved path breaks visibly when it is upgraded.
find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        "$candidate" -c '
import os, sys
if sys.version_info < (3, 11):
    sys.exit(1)
print(os.path.realpath(sys.executable))' 2>/dev/null && return
    done
    found=$(python3 --version 2>/dev/null || echo none)
    die "Python 3.11 or newer is needed, found $found;" \
        "on Debian 12, Ubuntu 24.04 or newer: apt-get install python3; else https://www.python.org/downloads"
}

make_venv() {
    if command -v uv >/dev/null; then
        uv venv --quiet --allow-existing --python "$1" "$venv"
        return
    fi
    if ! "$1" -c 'import ensurepip, venv' 2>/dev/null; then
        package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        may_install || {
            say "The venv module of $1 is missing; on Debian or Ubuntu: sudo apt-get install $package"
            return 1
        }
        apt_get "$package"
    fi
    "$1" -m venv "$venv"
}

install_lock() {
    if command -v uv >/dev/null; then
        uv pip install --quiet --compile-bytecode --python "$python" --require-hashes -r "$1"
    else
        "$python" -m pip --version >/dev/null 2>&1 || "$2" -m venv "$venv" # made by uv, which is gone
        "$python" -m pip install --disable-pip-version-check --no-input --progress-bar off --require-hashes -r "$1"
    fi
}

installed() { [ -x "$python" ] && [ ! -e "$unfinished" ] && cmp -s "$1" "$venv/$1"; }

# ready LOCK: make sure that .venv holds what the lock file names. What else was installed there (plug-ins) stays.
ready() {
    ! installed "$1" || return 0
    base=$(find_python)
    exec 9<./do # the lock is on this very file; it ends with this process, however that ends
    "$base" -c '
import fcntl, sys
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("Waiting for another ./do to finish setting up", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)'
    if ! installed "$1"; then
        say "Setting up in $(pwd)/$venv"
        [ ! -e "$unfinished" ] || rm -rf "$venv"
        mkdir -p "$venv"
        : >"$unfinished"
        rm -f "$venv"/requirements*.lock
        if ! "$python" -c '' 2>/dev/null; then
            step "Python environment from $base" make_venv "$base" || die "no environment was made; see above"
        fi
        step "$(grep -c '==' "$1") packages from $1" install_lock "$1" "$base" || {
            rm -f "$unfinished"
            die "the packages could not be installed; see above, then call ./do again"
        }
        cp "$1" "$venv/"
        cp requirements.lock "$venv/" # the development lock holds all of this one
        rm -f "$unfinished"
    fi
    exec 9<&-
}

# Install the servers that tests talk to where that is allowed; elsewhere the tests that need them say so.
ready_servers() {
    set --
    [ -n "$(ls -d /usr/lib/postgresql/*/bin/postgres 2>/dev/null)" ] || command -v postgres >/dev/null || set -- postgresql
    command -v redis-server >/dev/null || set -- "$@" redis-server
    command -v chromium >/dev/null || set -- "$@" chromium
    command -v prometheus >/dev/null || set -- "$@" prometheus
    command -v amtool >/dev/null || set -- "$@" prometheus-alertmanager
    command -v node >/dev/null || set -- "$@" nodejs
    command -v npm >/dev/null || set -- "$@" npm
    if [ $# -gt 0 ] && may_install; then
        step "Debian packages for tests: $*" apt_get "$@" || say "Tests that need them are skipped or fail"
    fi
    emulator=tests/servers/emulate # brings its own Node where the system's is older than 22
    if command -v npm >/dev/null && ! cmp -s $emulator/package-lock.json $emulator/node_modules/installed.json; then
        omit=
        node -e 'process.exit(process.versions.node.split(".")[0] < 22 ? 1 : 0)' && omit=--omit=optional
        step "Slack emulator" npm --prefix $emulator ci --no-audit --no-fund $omit || return 0
        cp $emulator/package-lock.json $emulator/node_modules/installed.json
    fi
}

check() {
    failed=
    step "format" "$python" -m ruff format --check . || failed="$failed format"
    step "lint" "$python" -m ruff check . || failed="$failed lint"
    step "types" "$python" -m mypy || failed="$failed types"
    step "import contracts" "$python" "$venv/bin/lint-imports" --no-logo || failed="$failed contracts"
    command -v shellcheck >/dev/null || ! may_install || step "Debian package shellcheck" apt_get shellcheck || :
    if command -v shellcheck >/dev/null; then
        step "shell" shellcheck ./do .ci/run || failed="$failed shell"
    elif [ "${CI:-}" = true ]; then
        failed="$failed shell(needs Debian package shellcheck)"
    else
        say "  - shell: left out, needs Debian package shellcheck"
    fi
    [ -z "$failed" ] || die "failed:$failed"
}

bench() {
    found='' result=0
    for file in benchmarks/[!_]*.py; do
        [ -e "$file" ] || die "there are no benchmarks in this checkout"
        name=$(basename "$file" .py)
        found="$found $name"
        if [ $# -eq 0 ]; then
            say "== $name"
            "$python" -m "benchmarks.$name" || result=1
        elif [ "$1" = "$name" ]; then
            shift
            exec "$python" -m "benchmarks.$name" "$@"
        fi
    done
    [ $# -eq 0 ] || misused "no benchmark is called '$1'; there are:$found"
    return "$result"
}

lock() {
    command -v uv >/dev/null || die "renewing the locks needs uv: https://docs.astral.sh/uv"
    # With extras in the names: pip takes the newest release, unpinned, where a package asks for an extra that the lock leaves out.
    set -- --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-strip-extras \
        --custom-compile-command './do lock' --extra aws --extra charts pyproject.toml "$@"
    uv pip compile "$@" --output-file requirements.lock
    uv pip compile "$@" --output-file requirements-dev.lock --group dev --constraints requirements.lock
}

verb=${1:-help}
[ $# -eq 0 ] || shift
case $verb in
    up | manage)
        ready requirements.lock
        exec "$python" -m handlers.terminal "$verb" "$@"
        ;;
    test)
        ready requirements-dev.lock
        ready_servers
        unset PYTHONDONTWRITEBYTECODE # or each of the many bots that tests start would compile itself anew
        exec "$python" -m pytest -n 4 --dist worksteal "$@" # many tests wait: two workers leave two cores half idle
        ;;
    check | bench | lock)
        case ${1:-} in -h | --help) usage && exit ;; esac
        [ "$verb" = lock ] || ready requirements-dev.lock
        "$verb" "$@"
        ;;
    help | -h | --help) usage ;;
    *)
        for known in up manage test check bench lock help; do
            case $verb in
                "$(printf %.1s $known)"*) misused "there is no verb '$verb'; did you mean ./do $known? ./do help lists all" ;;
            esac
        done
        misused "there is no verb '$verb'; there are: up, manage, test, check, bench, lock, help"
        ;;
esac
