//===- Tensors.h - Arrays of Python as tensors of the launcher --*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_PYTHON_SRC_TENSORS_H
#define DIFF_PYTHON_SRC_TENSORS_H

#include "diff-c/Launch.h"
#include <array>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <string>
#include <vector>

namespace diff_python {

/// The library an array belongs to.
enum class Library : uint8_t { NumPy, Torch, Other };

constexpr size_t kMaxRank = 8;

/// The code of an element type that no kernel takes.
constexpr uint8_t kUnknownType = 255;

/// A view of an array. Valid as long as the array and the view exist.
struct TensorView {
  uint64_t data = 0;
  Library library = Library::Other;
  /// A DiffLaunchType or kUnknownType.
  uint8_t type = kUnknownType;
  /// Of DLPack: 1 is the CPU, 2 is CUDA.
  int32_t deviceType = 1;
  int32_t deviceId = 0;
  bool isWritable = true;
  size_t rank = 0;
  std::array<int64_t, kMaxRank> shape{};
  /// In elements.
  std::array<int64_t, kMaxRank> strides{};
  /// Owns the memory of an array that is read through a capsule.
  nanobind::ndarray<nanobind::ro> capsule;
};

/// Reads a NumPy array, a PyTorch tensor or another array with DLPack. Raises
/// TypeError if the object is none of them or has no strided memory.
void readTensor(nanobind::handle object, TensorView &view);

/// Reads the items of a tuple.
std::vector<TensorView> readTensors(const nanobind::tuple &objects);

/// Returns the tensors, which refer to the shapes and strides of the views.
std::vector<DiffLaunchTensor> getTensors(const std::vector<TensorView> &views);

/// Returns bytes that are equal for arrays of equal libraries, devices, types
/// and shapes.
nanobind::bytes describeTensors(const nanobind::tuple &objects);

/// Returns (library, type, device type, device id, shape, strides, writable).
/// The type is '' if no kernel takes it.
nanobind::tuple inspectTensor(nanobind::handle object);

/// Returns the stream that PyTorch uses on the device of the tensor, as a
/// number.
uint64_t getCurrentStream(nanobind::handle tensor);

} // namespace diff_python

#endif // DIFF_PYTHON_SRC_TENSORS_H
