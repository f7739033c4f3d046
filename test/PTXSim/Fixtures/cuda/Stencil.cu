//===- Stencil.cu - Five points with a halo in shared memory --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// out = centre * x + side * (west + east + north + south); outside is zero.
extern "C" __global__ void __launch_bounds__(128)
    stencil5(const float *__restrict__ in, float *__restrict__ out, int width,
             int height, float centre, float side) {
  constexpr int tx = 16, ty = 8;
  __shared__ float tile[ty + 2][tx + 2];
  int x = blockIdx.x * tx + threadIdx.x, y = blockIdx.y * ty + threadIdx.y;
  auto load = [&](int px, int py) {
    bool inside = px >= 0 && px < width && py >= 0 && py < height;
    return inside ? in[py * width + px] : 0.0f;
  };
  int sx = threadIdx.x + 1, sy = threadIdx.y + 1;
  tile[sy][sx] = load(x, y);
  if (threadIdx.x == 0)
    tile[sy][0] = load(x - 1, y);
  if (threadIdx.x == tx - 1)
    tile[sy][tx + 1] = load(x + 1, y);
  if (threadIdx.y == 0)
    tile[0][sx] = load(x, y - 1);
  if (threadIdx.y == ty - 1)
    tile[ty + 1][sx] = load(x, y + 1);
  __syncthreads();
  if (x < width && y < height)
    out[y * width + x] =
        centre * tile[sy][sx] + side * (tile[sy][sx - 1] + tile[sy][sx + 1] +
                                        tile[sy - 1][sx] + tile[sy + 1][sx]);
}
