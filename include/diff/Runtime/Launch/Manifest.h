//===- Manifest.h - How the kernels of a PTX text are launched --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The manifest that the compiler writes (docs/manifest.schema.json), in memory.
// Plain C++: nothing of MLIR or LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_RUNTIME_LAUNCH_MANIFEST_H
#define DIFF_RUNTIME_LAUNCH_MANIFEST_H

#include "diff/Runtime/Launch/Expressions.h"
#include "diff/Runtime/Npy.h"
#include <array>
#include <optional>

namespace mlir::diff::launch {

/// The size of a dimension: a number, or the name of a size that all tensors
/// which use the name share.
struct DimensionSize {
  int64_t number = 0;
  std::string name;
};

/// A dimension of a tensor, by its number in the function.
struct TensorDimension {
  size_t tensor = 0;
  size_t dimension = 0;
};

/// An argument or a result of a function.
struct TensorInfo {
  std::string name;
  bool isResult = false;
  NpyType type = NpyType::F32;
  std::vector<DimensionSize> shape;
  /// Bytes that the pointer and every stride are multiples of.
  int64_t alignment = 1;
  /// The elements, of type i32 and in one dimension, are offsets along this
  /// dimension: from 0 on, not decreasing, up to its size.
  std::optional<TensorDimension> offsets;
};

/// Memory that one kernel of a function fills for another.
struct BufferInfo {
  std::string name;
  Expression bytes;
};

/// What a kernel is given.
struct ParameterInfo {
  /// A tensor's pointer, a size or stride of it, or a buffer's pointer.
  enum class Kind { Pointer, Size, Stride, Buffer };
  Kind kind = Kind::Pointer;
  /// Which tensor's or buffer's, by its number in the function.
  size_t tensor = 0;
  /// Of a size or stride.
  size_t dimension = 0;
};

struct KernelEntry {
  std::string name;
  std::array<Expression, 3> grid;
  std::array<int64_t, 3> block{1, 1, 1};
  int64_t dynamicSharedMemory = 0;
  std::vector<ParameterInfo> parameters;
  /// What the chip allows, by name; what is absent is not limited.
  std::map<std::string, int64_t> limits;
};

/// A function: its kernels run in their order.
struct FunctionInfo {
  std::string name;
  /// Arguments, then results.
  std::vector<TensorInfo> tensors;
  /// Allocated by the launcher.
  std::vector<BufferInfo> buffers;
  std::vector<KernelEntry> kernels;
};

struct Manifest {
  std::string chip;
  std::string ptxVersion;
  std::vector<FunctionInfo> functions;

  /// The function of that name, or null.
  const FunctionInfo *findFunction(const std::string &name) const;
};

/// Reads a manifest and checks it whole. Returns an error message, empty on
/// success, that names the place (such as `manifest.functions[0].name`), what
/// was found and what is legal.
std::string parseManifest(const std::string &text, Manifest &manifest);

} // namespace mlir::diff::launch

#endif // DIFF_RUNTIME_LAUNCH_MANIFEST_H
