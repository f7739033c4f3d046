//===- Votes.cu - What the lanes of a warp tell each other ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// Blocks are whole warps. Row j of `out` is operation j.
extern "C" __global__ void votes(const int *x, unsigned *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int a = i < n ? x[i] : 0;
  unsigned all = 0xffffffff;
  auto put = [&](unsigned value) {
    if (i < n)
      out[i] = value;
    out += n;
  };
  put(__ballot_sync(all, a & 1));
  put(__any_sync(all, a > 90) | __all_sync(all, a > -90) << 1 |
      __all_sync(all, a != a + 1) << 2);
  put(__match_any_sync(all, a & 7));
  int same;
  put(__match_all_sync(all, a >> 3, &same) ^ same);
  put(__match_any_sync(all, (unsigned long long)(a & 3) << 40));
  put(__reduce_add_sync(all, a));
  put(__reduce_min_sync(all, a));
  put(__reduce_max_sync(all, (unsigned)a));
  put(__reduce_and_sync(all, a | 0x10));
  put(__reduce_or_sync(all, a & 0xf0));
  put(__reduce_xor_sync(all, a));
  unsigned odd = __ballot_sync(all, a & 1);
  unsigned partial = 0;
  if (a & 1)
    partial = __reduce_add_sync(odd, (unsigned)a) + __ballot_sync(odd, a > 0);
  else
    partial = __reduce_max_sync(~odd, a) - __popc(__ballot_sync(~odd, a < 0));
  put(partial);
  unsigned uniform;
  asm("{\n"
      ".reg .pred p, q;\n"
      "setp.gt.s32 p, %1, 0;\n"
      "vote.sync.uni.pred q, p, 0xffffffff;\n"
      "selp.u32 %0, 1, 0, q;\n"
      "}"
      : "=r"(uniform)
      : "r"(a));
  put(uniform);
}

/// All kinds of shuffles, with parts of a warp and lanes out of range.
extern "C" __global__ void shuffles(const int *x, const double *y, int *out,
                                    double *wide, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x; // n of them
  int a = x[i], lane = threadIdx.x & 31;
  double d = y[i];
  unsigned all = 0xffffffff;
  auto put = [&](int value) {
    out[i] = value;
    out += n;
  };
  put(__shfl_sync(all, a, (lane * 7 + 3) & 31));
  put(__shfl_sync(all, a, a & 31));
  put(__shfl_sync(all, a, 5, 8));
  put(__shfl_up_sync(all, a, 3));
  put(__shfl_up_sync(all, a, 5, 16));
  put(__shfl_down_sync(all, a, 7));
  put(__shfl_down_sync(all, a, 1, 4));
  put(__shfl_xor_sync(all, a, 21));
  put(__shfl_xor_sync(all, a, 9, 8));
  int got, valid;
  asm("{\n"
      ".reg .pred p;\n"
      "shfl.sync.down.b32 %0|p, %2, 4, 0x181f, 0xffffffff;\n"
      "selp.s32 %1, 1, 0, p;\n"
      "}"
      : "=r"(got), "=r"(valid)
      : "r"(a));
  put(got);
  put(valid);
  wide[i] = __shfl_xor_sync(all, d, 13);
  wide[n + i] = __shfl_sync(all, d, lane / 2);
}

/// Keeps the positive numbers, in any order: the lanes that are there make
/// room with one atomic, and each finds its place.
extern "C" __global__ void compact(const int *in, int *out, int *count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] > 0) {
    unsigned lane = threadIdx.x & 31;
    unsigned mask = __activemask();
    int leader = __ffs(mask) - 1, base = 0;
    if (lane == leader)
      base = atomicAdd(count, __popc(mask));
    base = __shfl_sync(mask, base, leader);
    out[base + __popc(mask & ((1u << lane) - 1))] = in[i];
  }
}

/// Parts of a warp that go separate ways and synchronise among themselves.
/// The block is one warp and a half; tile has two numbers for each thread.
extern "C" __global__ void parts(const int *in, int *out, int rounds) {
  __shared__ int tile[2][64];
  int t = threadIdx.x, lane = t & 31;
  int value = in[blockIdx.x * blockDim.x + t];
  if (lane < 16) {
    // Every half warp has its own mask and its own number of rounds.
    for (int r = 0; r < rounds; ++r) {
      tile[r & 1][t] = value;
      __syncwarp(0x0000ffff);
      value += tile[r & 1][(t & ~15) + ((lane + 1) & 15)] * (r + 1);
    }
  } else {
    for (int r = 0; r < rounds + 3; ++r) {
      tile[0][t] = value;
      __syncwarp(0xffff0000);
      int other = tile[0][t ^ 3];
      __syncwarp(0xffff0000);
      value = value ^ (other << (r & 3));
      if (lane & 8)
        value -= __shfl_xor_sync(0xff000000, value, 4);
      else
        value += __shfl_down_sync(0x00ff0000, value, 1, 8);
    }
  }
  out[blockIdx.x * blockDim.x + t] = value;
}
