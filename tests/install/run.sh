#!/usr/bin/env bash
# make demo and the size of the environment on a fresh Debian in a folder, with that Debian's own Python: `run.sh bookworm trixie`.
# Needs root and debootstrap. The host's settings of pip come along, and so do folders of packages that they name.
set -euo pipefail
HERE=$(cd "$(dirname "$0")/../.." && pwd)
FOLDER=${CAMTRAP_INSTALL:-$(mktemp -d)}
LIMIT_MB=2048 # without a GPU's libraries
MOUNTED=()

if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
    echo "root and debootstrap are needed (apt-get install debootstrap)" >&2
    exit 1
fi

leave() {
    for ((i = ${#MOUNTED[@]} - 1; i >= 0; i--)); do umount --recursive --lazy "${MOUNTED[i]}"; done
    MOUNTED=()
}
trap leave EXIT

offer() { # offer HOST-PATH: the same path inside, read-only
    [ -e "$1" ] || return 0
    if [ -d "$1" ]; then mkdir -p "$ROOT$1"; else mkdir -p "$(dirname "$ROOT$1")" && touch "$ROOT$1"; fi
    mount --bind -o ro "$1" "$ROOT$1"
    MOUNTED+=("$ROOT$1")
}

try() { # try SUITE
    ROOT=$FOLDER/$1
    echo "=== $1"
    [ -x "$ROOT/usr/bin/python3" ] ||
        debootstrap --variant=minbase --include=python3,python3-venv,make,git,ca-certificates "$1" "$ROOT" >"$FOLDER/$1.log"
    for part in proc dev; do
        mount --rbind "/$part" "$ROOT/$part" && mount --make-rslave "$ROOT/$part"
        MOUNTED+=("$ROOT/$part")
    done
    offer /etc/pip.conf
    offer /etc/xdg/pip
    offer /etc/ssl/certs
    cp /etc/resolv.conf "$ROOT/etc/"
    mkdir -p "$ROOT/root/.config"
    rm -rf "$ROOT/root/.config/pip"
    if [ -d "$HOME/.config/pip" ]; then cp -r "$HOME/.config/pip" "$ROOT/root/.config/"; fi
    local named
    named=$(python3 -m pip config list 2>/dev/null | grep -oE "(file://)?/[^ '\"]+" | sed 's|^file://||' | sort -u) || true
    while read -r path; do
        # packages often lie beside their index
        case $path in */simple) path=$(dirname "$path") ;; esac
        case $path in /etc/* | '') ;; *) if [ -d "$path" ]; then offer "$path"; fi ;; esac
    done <<<"$named"
    rm -rf "$ROOT/camtrap"
    git clone --quiet "$HERE" "$ROOT/camtrap"
    local settings
    mapfile -t settings < <(env | grep -E '^(PIP_|SSL_|REQUESTS_CA_BUNDLE|[A-Za-z]*_proxy|CORES=)' || true)
    inside() { chroot "$ROOT" env -i HOME=/root PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 "${settings[@]}" "$@"; }
    inside sh -c 'python3 --version && cd /camtrap && make demo'
    inside /camtrap/.venv/bin/python -c 'import torch; print("torch", torch.__version__)'
    local size
    size=$(du -sm "$ROOT/camtrap/.venv" | cut -f1)
    echo "$1: the environment has $size MB after the demo"
    if inside /camtrap/.venv/bin/python -c 'import sys, torch; sys.exit(torch.version.cuda is not None)'; then
        if [ "$size" -gt "$LIMIT_MB" ]; then
            echo "$1: more than $LIMIT_MB MB" >&2
            return 1
        fi
    fi
    leave
    [ -n "${CAMTRAP_INSTALL:-}" ] || rm -rf "$ROOT"
}

for suite in "$@"; do try "$suite"; done
echo "all of $* passed"
