//===- Divergent.cu - Branches and loops that part a warp -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/// The number of steps to 1: a loop whose trip count differs in every lane.
extern "C" __global__ void collatz(const unsigned *in, unsigned *steps, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned long long x = in[i];
  unsigned count = 0;
  while (x > 1) {
    if (x & 1)
      x = 3 * x + 1;
    else
      x >>= 1;
    ++count;
  }
  steps[i] = count;
}

/// Nested loops with break, continue, return and conditions in conditions.
/// The primes p below n with p % 4 == 1 and their sum, with an early end.
extern "C" __global__ void nestedLoops(const int *limits, int *count,
                                       long long *sum, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int limit = limits[i];
  if (limit < 0) {
    count[i] = -1;
    sum[i] = 0;
    return;
  }
  int found = 0;
  long long total = 0;
  for (int p = 2; p < limit; ++p) {
    if (p % 4 != 1)
      continue;
    bool prime = true;
    for (int q = 2; q * q <= p; ++q)
      if (p % q == 0) {
        prime = false;
        break;
      }
    if (!prime)
      continue;
    total += p;
    if (++found == 12)
      break;
  }
  if (found > 5) {
    if (limit & 1)
      total = -total;
    else if (limit & 2)
      total *= 2;
  }
  count[i] = found;
  sum[i] = total;
}

/// A small machine: a switch in a loop, so lanes are at different cases.
extern "C" __global__ void interpret(const unsigned char *program, int length,
                                     const int *in, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  unsigned a = in[i], b = i; // which wrap
  for (int pc = (a & 1); pc < length; ++pc) {
    switch (program[pc]) {
    case 0:
      a += b;
      break;
    case 1:
      a ^= b << 3;
      break;
    case 2:
      b = a - 7;
      break;
    case 3:
      a = a * 5 + 1;
      break;
    case 4:
      if (a & 4)
        ++pc;
      break;
    case 5:
      a = (a >> 2) - b;
      break;
    case 6:
      b ^= a;
      break;
    case 7:
      if ((int)b < 0) {
        out[i] = b;
        return;
      }
      break;
    default:
      a = -a;
    }
  }
  out[i] = a;
}

/// Greatest common divisors, and where each lies in a sorted table.
extern "C" __global__ void searchGcd(const unsigned *x, const unsigned *y,
                                     const unsigned *table, int tableSize,
                                     unsigned *gcd, int *place, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n;
       i += gridDim.x * blockDim.x) {
    unsigned a = x[i], b = y[i];
    while (b) {
      unsigned r = a % b;
      a = b;
      b = r;
    }
    gcd[i] = a;
    int low = 0, high = tableSize;
    while (low < high) {
      int middle = (low + high) / 2;
      if (table[middle] < a)
        low = middle + 1;
      else
        high = middle;
    }
    place[i] = low;
  }
}

/// Warps whose lanes leave at different times, and the rest still cooperate.
extern "C" __global__ void leaveEarly(const int *rounds, int *out, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  int mine = i < n ? rounds[i] : 0;
  int result = 0;
  for (int round = 0;; ++round) {
    unsigned alive = __ballot_sync(0xffffffff, round < mine);
    if (!alive)
      break;
    if (round >= mine)
      continue;
    result += __popc(alive & ((1u << (threadIdx.x & 31)) - 1)) + round;
  }
  if (i < n)
    out[i] = result;
}
