#!/bin/sh
# Installs lly from the registry that served this script: downloads it, checks the publisher's signature and the sha256,
# tries it, and puts it in place in one step. Needs curl or wget, and openssl.
#
#   LLY_INSTALL_DIR   where to put it (default: ~/.local/bin)
#   LLY_VERSION       which version (default: the newest)
#   LLY_RELEASE_KEY   file with the publisher's public key, to use in place of the one below
#   LLY_CA            file with the certificates to trust, for a registry with a CA of its own
set -eu

RC='@RC@'
KEY='@KEY@'

say() { printf '%s\n' "install.sh: $*" >&2; }
fail() {
    say "$*"
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# mend PROGRAM: how this system gets it.
mend() {
    for manager in 'apt-get install' 'apk add' 'dnf install' 'zypper install' 'pacman -S' 'brew install'; do
        if has "${manager%% *}"; then
            printf '%s %s' "$manager" "$1"
            return
        fi
    done
    printf 'your system has a package of the name %s' "$1"
}

# fetch URL FILE
fetch() {
    if has curl; then
        curl --fail --silent --show-error --location --connect-timeout 30 ${LLY_CA:+--cacert "$LLY_CA"} --output "$2" -- "$1" >&2
    elif has wget; then
        wget -q ${LLY_CA:+--ca-certificate="$LLY_CA"} -O "$2" -- "$1" >&2
    else
        fail "there is neither curl nor wget: install one of them ($(mend curl)) and run this again"
    fi || fail "cannot fetch $1"
}

platform() {
    case "$(uname -s)" in
        Linux) system=linux ;;
        Darwin) system=macos ;;
        *) fail "there is no lly for the system $(uname -s)" ;;
    esac
    case "$(uname -m)" in
        x86_64 | amd64) machine=x86_64 ;;
        aarch64 | arm64) machine=aarch64 ;;
        *) fail "there is no lly for the processor $(uname -m)" ;;
    esac
    printf '%s-%s' "$machine" "$system"
}

# check NAME: the sums are the publisher's, and the file is one of them.
check() {
    openssl base64 -d -A -in "$temp/SHA256SUMS.sig" -out "$temp/signature" 2>/dev/null ||
        fail "the signature of the release cannot be read; nothing was installed"
    openssl dgst -sha256 -verify "$temp/key" -signature "$temp/signature" "$temp/SHA256SUMS" >/dev/null 2>&1 ||
        fail "the signature of the release is not the publisher's; nothing was installed"
    wanted=
    while read -r sum name; do
        if [ "$name" = "$1" ]; then wanted=$sum; fi
    done <"$temp/SHA256SUMS"
    [ -n "$wanted" ] || fail "the release has no $1"
    found=$(openssl dgst -sha256 -r "$temp/lly")
    [ "${found%% *}" = "$wanted" ] || fail "$1 is not the file that was released; nothing was installed"
}

main() {
    has openssl || fail "openssl is missing, and nothing is installed whose signature was not checked:" \
        "install it ($(mend openssl)) and run this again"
    folder=${LLY_INSTALL_DIR:-$HOME/.local/bin}
    mkdir -p "$folder" || fail "cannot make $folder"
    temp=$(mktemp -d "$folder/.lly-install.XXXXXX") || fail "cannot write in $folder"
    trap 'rm -rf "$temp"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM

    if [ -n "${LLY_RELEASE_KEY:-}" ]; then
        cat -- "$LLY_RELEASE_KEY" >"$temp/key" || fail "cannot read $LLY_RELEASE_KEY"
    else
        printf '%s\n' "$KEY" >"$temp/key"
    fi
    version=${LLY_VERSION:-}
    if [ -z "$version" ]; then
        fetch "$RC/releases/latest" "$temp/latest"
        read -r version <"$temp/latest" || fail "the registry has no release"
    fi
    case "$version" in
        *[!0-9A-Za-z.-]* | '' | .*) fail "this is not a version: $version" ;;
    esac
    name=lly-$version-$(platform)
    say "fetching $name from $RC"
    fetch "$RC/releases/$version/SHA256SUMS" "$temp/SHA256SUMS"
    fetch "$RC/releases/$version/SHA256SUMS.sig" "$temp/SHA256SUMS.sig"
    fetch "$RC/releases/$version/$name" "$temp/lly"
    check "$name"
    chmod 755 "$temp/lly"
    "$temp/lly" --version >/dev/null || fail "$name does not run on this machine; nothing was installed"
    mv -f "$temp/lly" "$folder/lly"
    say "lly $version is in $folder"
    case ":$PATH:" in
        *":$folder:"*) ;;
        *) say "add it to your PATH: export PATH=\"$folder:\$PATH\"" ;;
    esac
}

# At the end, so that half a script does nothing.
main "$@"
