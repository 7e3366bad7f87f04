#!/bin/sh
# Builds kernels.ptx, and records what plain C computes for each job. Needs nvcc and gcc.
set -e
cd "$(dirname "$0")"
nvcc -O3 -arch=compute_80 -ptx kernels.cu -o kernels.ptx
npx tsx record.ts
sha256sum kernels.cu plain.c jobs.ts ../../bench/kernels/cuda/job.ts ../../bench/kernels/cuda/native.c > sources.sha256
