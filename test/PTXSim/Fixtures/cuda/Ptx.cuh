//===- Ptx.cuh - Instructions that CUDA C++ has no name for ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_FIXTURES_PTX_CUH
#define PTXSIM_FIXTURES_PTX_CUH

/// The address in the shared window that PTX's shared instructions take.
static __device__ __forceinline__ unsigned sharedAddress(const void *pointer) {
  return static_cast<unsigned>(__cvta_generic_to_shared(pointer));
}

/// Copies `bytes` (0 to 16) and fills the rest of the 16 with zeros.
static __device__ __forceinline__ void copyAsync16(void *to, const void *from,
                                                   int bytes) {
  asm volatile(
      "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(sharedAddress(to)),
      "l"(from), "r"(bytes)
      : "memory");
}

static __device__ __forceinline__ void commitAsync() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

template <int pending> static __device__ __forceinline__ void waitAsync() {
  asm volatile("cp.async.wait_group %0;" ::"n"(pending) : "memory");
}

static __device__ __forceinline__ void loadMatrix4(unsigned (&r)[4],
                                                   const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 "
               "{%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(sharedAddress(row))
               : "memory");
}

static __device__ __forceinline__ void loadMatrix2Transposed(unsigned (&r)[2],
                                                             const void *row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 "
               "{%0, %1}, [%2];"
               : "=r"(r[0]), "=r"(r[1])
               : "r"(sharedAddress(row))
               : "memory");
}

static __device__ __forceinline__ void releaseStore(unsigned *to,
                                                    unsigned value) {
  asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(to), "r"(value)
               : "memory");
}

static __device__ __forceinline__ unsigned acquireLoad(const unsigned *from) {
  unsigned value;
  asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
               : "=r"(value)
               : "l"(from)
               : "memory");
  return value;
}

#endif // PTXSIM_FIXTURES_PTX_CUH
