#!/usr/bin/env bash
# Registers Decant with binfmt_misc for real, and starts a Windows program by its name alone, as the kernel then does. It happens in a user namespace of its own (Linux
# 6.7 or newer), whose binfmt_misc is its own: nothing of it stays, and no root is needed. Needs a built checkout (`npm start` or `npm test` makes one).
#
#   scripts/binfmt.sh [program.exe arguments…]
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- fixtures/hello/hello.exe one "two words"
if [ -z "${DECANT_BINFMT_INSIDE:-}" ]; then
  exec env DECANT_BINFMT_INSIDE=1 unshare --user --map-root-user --mount "$0" "$@"
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
printf '#!/bin/sh\nexec node %s/packages/decant/bin/decant.js run -- "$@"\n' "$PWD" >"$folder/decant-binfmt"
chmod 755 "$folder/decant-binfmt"
# What `decant install --binfmt` registers, but for where its interpreter lies.
node packages/decant/bin/decant.js install --binfmt | sed -n "s|^echo '\(.*:MZ::\).*' > .*/register\$|\1$folder/decant-binfmt:|p" >/proc/sys/fs/binfmt_misc/register
cp "$1" "$folder/program.exe"
chmod 755 "$folder/program.exe"
shift
"$folder/program.exe" "$@"
