// Blocks that wait for each other, as cooperative groups do it.
#include <cooperative_groups.h>
namespace cg = cooperative_groups;
extern "C" __global__ void gridSync(int *data, int rounds) {
  cg::grid_group g = cg::this_grid();
  int n = gridDim.x * blockDim.x, i = blockIdx.x * blockDim.x + threadIdx.x;
  for (int r = 0; r < rounds; r++) { int v = data[(i + 1) % n]; g.sync(); data[i] = v + 1; g.sync(); }
}
