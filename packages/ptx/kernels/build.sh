#!/bin/sh
# Builds every kernel to PTX with nvcc, and writes down which source each was built from.
set -e
cd "$(dirname "$0")"
for source in *.cu; do
  # A source that needs more than compute_75 says so in its first line.
  arch=$(sed -n '1s/^\/\/ arch: //p' "$source")
  nvcc -O3 -arch="${arch:-compute_75}" -ptx "$source" -o "${source%.cu}.ptx"
done
# What C programs with the same sources answer.
host=$(mktemp)
gcc -w print-host.c -o "$host" && "$host" > print.txt
rm "$host"
sha256sum *.cu *.h > sources.sha256
