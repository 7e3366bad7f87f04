#!/bin/sh
# Builds the module images with nvcc (13.0), one of each kind, and writes down which source each was built from.
set -e
cd "$(dirname "$0")"
ptx="-gencode arch=compute_75,code=compute_75"
nvcc -ptx -arch=compute_75 images.cu -o images.ptx
nvcc -fatbin $ptx --compress-mode=none images.cu -o images-plain.fatbin
nvcc -fatbin $ptx --compress-mode=speed images.cu -o images-lz4.fatbin
nvcc -fatbin $ptx --compress-mode=size images.cu -o images-zstd.fatbin
nvcc -fatbin $ptx -gencode arch=compute_86,code=sm_86 -gencode arch=compute_90,code=compute_90 images.cu -o images-several.fatbin
nvcc -fatbin -gencode arch=compute_86,code=sm_86 images.cu -o images-machine-code.fatbin
nvcc -cubin -arch=sm_75 images.cu -o images-machine-code.cubin
# Debug information names the folder that it was made in.
mkdir -p /tmp/images && cp images.cu /tmp/images && (cd /tmp/images && nvcc -cubin -arch=sm_75 -G images.cu -o images-debug.cubin)
mv /tmp/images/images-debug.cubin . && rm -r /tmp/images
for name in link-a link-b; do nvcc -ptx -rdc=true -arch=compute_75 $name.cu -o $name.ptx; done
nvcc -ptx -arch=compute_75 textures.cu -o textures.ptx
nvcc -fatbin -rdc=true $ptx link-b.cu -o link-b.fatbin
sha256sum *.cu > sources.sha256
