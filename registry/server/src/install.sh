#!/bin/sh
# Installs lly from the registry that served this script: downloads it, checks the publisher's signature and the sha256,
# tries it, and puts it in place in one step. Needs curl or wget, and openssl.
#
#   LLY_INSTALL_DIR   where to put it (default: ~/.local/bin)
#   LLY_VERSION       which version (default: the newest)
#   LLY_RELEASE_KEY   file with the publisher's public key, to use in place of the one below
#   LLY_CA            file with the certificates to trust, for a registry with a CA of its own
#   LLY_HOME          where lly keeps what it knows (default: ~/.lly), such as the publisher's key once it was seen
#
# Over an installation it puts a newer lly only. `sh -s -- --allow-downgrade` puts an older one, too.
set -eu

RC='@RC@'
KEY='@KEY@'
# What the publisher signs, to say which release is the newest.
NEWEST=application/vnd.lily.newest-release.v1+json

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

# field NAME TEXT: what a document without spaces says there.
field() {
    case "$2" in
        *"\"$1\":"*) rest=${2#*"\"$1\":"} ;;
        *) return 1 ;;
    esac
    case "$rest" in
        \"*) rest=${rest#\"} && printf '%s' "${rest%%\"*}" ;;
        *) printf '%s' "${rest%%[,\}]*}" ;;
    esac
}

# newest FILE: what the publisher says in this envelope (DSSE) is the newest release; nothing if it is not the publisher's.
newest() {
    envelope=$(cat -- "$1") || return 1
    field payload "$envelope" >"$temp/encoded" || return 1
    openssl base64 -d -A -in "$temp/encoded" -out "$temp/payload" 2>/dev/null || return 1
    field sig "$envelope" >"$temp/encoded" || return 1
    openssl base64 -d -A -in "$temp/encoded" -out "$temp/signature" 2>/dev/null || return 1
    payload=$(cat "$temp/payload")
    printf 'DSSEv1 %s %s %s %s' "${#NEWEST}" "$NEWEST" "${#payload}" "$payload" >"$temp/signed"
    openssl dgst -sha256 -verify "$temp/key" -signature "$temp/signature" "$temp/signed" >/dev/null 2>&1 || return 1
    printf '%s' "$payload"
}

# lower A B: whether the number A is lower than B; leading zeros do not occur, and any length does.
lower() {
    if [ "${#1}" -ne "${#2}" ]; then [ "${#1}" -lt "${#2}" ]; else before "$1" "$2"; fi
}

# number TEXT
number() {
    case "$1" in
        '' | *[!0-9]*) return 1 ;;
    esac
}

# precedes A B: whether the first of two dotted lists comes before the second, as in versions: numbers by value, words by
# letter, numbers before words, the shorter before the longer.
precedes() {
    a=$1 b=$2
    while [ -n "$a" ] && [ -n "$b" ]; do
        x=${a%%.*} y=${b%%.*}
        case "$a" in *.*) a=${a#*.} ;; *) a= ;; esac
        case "$b" in *.*) b=${b#*.} ;; *) b= ;; esac
        [ "$x" != "$y" ] || continue
        if number "$x"; then
            number "$y" || return 0
            lower "$x" "$y"
            return
        fi
        if number "$y"; then return 1; fi
        before "$x" "$y"
        return
    done
    [ -z "$a" ] && [ -n "$b" ]
}

# before A B: whether a word comes before another, by ASCII.
before() {
    ascii=-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz
    one=$1 two=$2
    while [ -n "$one" ] && [ -n "$two" ]; do
        p=${ascii%%"${one%"${one#?}"}"*} q=${ascii%%"${two%"${two#?}"}"*}
        if [ "${#p}" -ne "${#q}" ]; then
            [ "${#p}" -lt "${#q}" ]
            return
        fi
        one=${one#?} two=${two#?}
    done
    [ -z "$one" ] && [ -n "$two" ]
}

# older A B: whether version A is older than B.
older() {
    if [ "${1%%-*}" != "${2%%-*}" ]; then
        precedes "${1%%-*}" "${2%%-*}"
        return
    fi
    case "$1" in
        *-*) case "$2" in
            *-*) precedes "${1#*-}" "${2#*-}" ;;
        esac ;;
        *) return 1 ;;
    esac
}

# pinned: the publisher's key is the one that was seen first, unless somebody says otherwise.
pinned() {
    openssl pkey -pubin -in "$temp/key" -outform DER -out "$temp/key.der" 2>/dev/null ||
        fail "the publisher's key cannot be read; nothing was installed"
    if [ -z "${LLY_RELEASE_KEY:-}" ] && [ -f "$home/release.pub" ]; then
        openssl pkey -pubin -in "$home/release.pub" -outform DER -out "$temp/pinned.der" 2>/dev/null ||
            fail "$home/release.pub cannot be read; nothing was installed"
        [ "$(openssl dgst -sha256 -r <"$temp/key.der")" = "$(openssl dgst -sha256 -r <"$temp/pinned.der")" ] ||
            fail "the publisher's key is not the one that lly came from before; nothing was installed." \
                "If there is a new one, remove $home/release.pub"
    fi
}

# keep FROM TO
keep() {
    mkdir -p "$home" && cat "$1" >"$2.new" && mv -f "$2.new" "$2" || say "cannot write $2"
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
    downgrade=
    for argument in "$@"; do
        case "$argument" in
            --allow-downgrade) downgrade=yes ;;
            *) fail "this is no option: $argument" ;;
        esac
    done
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
    home=${LLY_HOME:-$HOME/.lly}
    pinned
    version=${LLY_VERSION:-}
    if [ -z "$version" ]; then
        fetch "$RC/releases/latest" "$temp/latest"
        found=$(newest "$temp/latest") ||
            fail "what the registry says about the newest release is not signed by the publisher; nothing was installed"
        version=$(field version "$found") && serial=$(field serial "$found") || fail "the registry has no release"
        if [ -f "$home/release.newest" ] && seen=$(newest "$home/release.newest"); then
            seen=$(field serial "$seen")
            if lower "$serial" "$seen"; then
                fail "the registry shows an old answer about the newest release:" \
                    "serial $serial, and $seen was seen before; nothing was installed"
            fi
        fi
        # Whoever names a version wants that one.
        if [ -z "$downgrade" ] && [ -x "$folder/lly" ] && have=$("$folder/lly" --version 2>/dev/null); then
            have=${have#lly }
            if older "$version" "${have%% *}"; then
                fail "lly ${have%% *} is installed, and the newest release is $version, which is older; nothing was" \
                    "installed. To go back, run this with: sh -s -- --allow-downgrade"
            fi
        fi
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
    keep "$temp/key" "$home/release.pub"
    if [ -f "$temp/latest" ]; then keep "$temp/latest" "$home/release.newest"; fi
    say "lly $version is in $folder"
    case ":$PATH:" in
        *":$folder:"*) ;;
        *) say "add it to your PATH: export PATH=\"$folder:\$PATH\"" ;;
    esac
}

# At the end, so that half a script does nothing.
main "$@"
