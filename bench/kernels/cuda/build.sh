#!/bin/sh
# Builds kernels.ptx, and writes down what it was built from.
set -e
cd "$(dirname "$0")"
nvcc -O3 -arch=compute_75 -ptx kernels.cu -o kernels.ptx
sha256sum kernels.cu portable.h > sources.sha256
