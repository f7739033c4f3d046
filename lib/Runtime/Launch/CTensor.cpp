//===- CTensor.cpp - Tensors of the C interface ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CTensor.h"

using namespace mlir::diff;
using namespace mlir::diff::launch;

/// In the order of DiffLaunchType.
static constexpr NpyType kTypes[] = {
    NpyType::F16, NpyType::BF16, NpyType::F32, NpyType::I32, NpyType::F64,
    NpyType::I8,  NpyType::I16,  NpyType::I64, NpyType::U8,  NpyType::U16,
    NpyType::U32, NpyType::U64,  NpyType::Bool};

/// Wrong ranks, such as uninitialized ones, would read far beyond the shape.
static constexpr size_t kMaxRank = 64;

std::string mlir::diff::launch::readTensor(const DiffLaunchTensor &tensor,
                                           size_t number,
                                           TensorArgument &argument) {
  auto type = size_t(tensor.type);
  auto fail = [&](const std::string &problem) {
    return "tensor " + std::to_string(number) + " " + problem;
  };
  if (type >= sizeof(kTypes) / sizeof(*kTypes))
    return fail("has the unknown type " + std::to_string(type));
  if (tensor.memory != DIFF_LAUNCH_DEVICE && tensor.memory != DIFF_LAUNCH_HOST)
    return fail("is in the unknown memory " +
                std::to_string(int(tensor.memory)));
  if (tensor.rank > kMaxRank)
    return fail("has rank " + std::to_string(tensor.rank) + "; 0 to " +
                std::to_string(kMaxRank) + " are legal");
  if (tensor.rank && !tensor.shape)
    return fail("has no shape");
  argument.address = tensor.data;
  argument.type = kTypes[type];
  argument.shape.assign(tensor.shape, tensor.shape + tensor.rank);
  if (tensor.strides)
    argument.strides.assign(tensor.strides, tensor.strides + tensor.rank);
  else
    argument.strides = getContiguousStrides(argument.shape);
  return "";
}
