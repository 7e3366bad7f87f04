#!/bin/sh
# Builds every kernel to PTX with nvcc, and writes down which source each was built from.
set -e
cd "$(dirname "$0")"
for source in *.cu; do
  nvcc -O3 -arch=compute_75 -ptx "$source" -o "${source%.cu}.ptx"
done
sha256sum *.cu > sources.sha256
