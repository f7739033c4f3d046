//===- Manifests.h - Manifests for tests ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_UNITTESTS_RUNTIME_MANIFESTS_H
#define DIFF_UNITTESTS_RUNTIME_MANIFESTS_H

#include <string>

namespace mlir::diff::launch {

/// A function `scale` of `x` and `y` [rows, columns] to `sum`. Each row is one
/// block of 32 threads.
inline const char *const kScaleManifest = R"({
  "schema_version": 1,
  "target": {"chip": "sm_80", "ptx_version": "7.0", "address_size": 64},
  "functions": [{
    "name": "scale",
    "tensors": [
      {"name": "x", "role": "argument", "element_type": "f32",
       "shape": ["rows", 8], "alignment": 16},
      {"name": "y", "role": "argument", "element_type": "f32",
       "shape": ["rows", 8], "alignment": 4},
      {"name": "sum", "role": "result", "element_type": "f32",
       "shape": ["rows", 8], "alignment": 4}],
    "kernels": [{
      "name": "scale_kernel",
      "grid": ["rows", "1", "1"],
      "block": [32, 1, 1],
      "dynamic_shared_memory": 0,
      "parameters": [
        {"kind": "pointer", "type": "ptr", "tensor": "x", "access": "read",
         "alignment": 16},
        {"kind": "stride", "type": "i64", "tensor": "x", "dimension": 0,
         "multiple_of": 4},
        {"kind": "pointer", "type": "ptr", "tensor": "y", "access": "read",
         "alignment": 4},
        {"kind": "stride", "type": "i64", "tensor": "y", "dimension": 0,
         "multiple_of": 1},
        {"kind": "pointer", "type": "ptr", "tensor": "sum", "access": "write",
         "alignment": 4},
        {"kind": "stride", "type": "i64", "tensor": "sum", "dimension": 0,
         "multiple_of": 1},
        {"kind": "size", "type": "i64", "tensor": "sum", "dimension": 1,
         "name": "columns"}],
      "limits": {"threads_per_block": 1024,
                 "shared_memory_per_block": 166912}
    }]
  }]
})";

/// Returns the manifest with the first occurrence of a text replaced.
inline std::string replaceInManifest(const std::string &before,
                                     const std::string &after) {
  std::string text = kScaleManifest;
  size_t place = text.find(before);
  return place == std::string::npos ? "no " + before
                                    : text.replace(place, before.size(), after);
}

/// Returns the manifest with buffers. The first parameter of its kernel is the
/// pointer of the buffer `between`.
inline std::string addBuffer(const std::string &buffers) {
  std::string text = replaceInManifest(
      "{\"kind\": \"pointer\", \"type\": \"ptr\", \"tensor\": \"x\"",
      "{\"kind\": \"buffer\", \"type\": \"ptr\", \"buffer\": \"between\"");
  return text.insert(text.find("\"kernels\""),
                     "\"buffers\": [" + buffers + "], ");
}

/// The PTX of the manifest: sum = 2 x + y.
inline const char *const kScalePTX = R"(
.version 7.0
.target sm_80
.address_size 64
.visible .entry scale_kernel(
  .param .u64 x, .param .u64 x_stride, .param .u64 y, .param .u64 y_stride,
  .param .u64 sum, .param .u64 sum_stride, .param .u64 columns)
{
  .reg .b32 %r<3>;
  .reg .b64 %d<16>;
  .reg .f32 %f<4>;
  .reg .pred %p;
  mov.u32 %r1, %tid.x;
  mov.u32 %r2, %ctaid.x;
  cvt.u64.u32 %d1, %r1;
  cvt.u64.u32 %d2, %r2;
  ld.param.u64 %d3, [columns];
  setp.ge.u64 %p, %d1, %d3;
  @%p bra DONE;
  ld.param.u64 %d4, [x];
  ld.param.u64 %d5, [x_stride];
  mad.lo.u64 %d6, %d2, %d5, %d1;
  shl.b64 %d6, %d6, 2;
  add.u64 %d4, %d4, %d6;
  ld.global.f32 %f1, [%d4];
  ld.param.u64 %d7, [y];
  ld.param.u64 %d8, [y_stride];
  mad.lo.u64 %d9, %d2, %d8, %d1;
  shl.b64 %d9, %d9, 2;
  add.u64 %d7, %d7, %d9;
  ld.global.f32 %f2, [%d7];
  fma.rn.f32 %f3, %f1, 0f40000000, %f2;
  ld.param.u64 %d10, [sum];
  ld.param.u64 %d11, [sum_stride];
  mad.lo.u64 %d12, %d2, %d11, %d1;
  shl.b64 %d12, %d12, 2;
  add.u64 %d10, %d10, %d12;
  st.global.f32 [%d10], %f3;
DONE:
  ret;
}
)";

/// Returns the PTX with the first occurrence of a text replaced.
inline std::string replaceInPTX(const std::string &before,
                                const std::string &after) {
  std::string text = kScalePTX;
  return text.replace(text.find(before), before.size(), after);
}

} // namespace mlir::diff::launch

#endif // DIFF_UNITTESTS_RUNTIME_MANIFESTS_H
