//===- Arguments.cpp - Tensors as kernel parameters -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/Arguments.h"
#include "diff/Runtime/Offsets.h"
#include <algorithm>
#include <cstring>
#include <limits>

using namespace mlir::diff;
using namespace mlir::diff::launch;

int64_t TensorArgument::getExtent() const {
  int64_t last = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    int64_t step = 0;
    if (shape[i] == 0)
      return 0;
    if (__builtin_mul_overflow(shape[i] - 1, strides[i], &step) ||
        __builtin_add_overflow(last, step, &last))
      return -1;
  }
  int64_t bytes = 0;
  if (__builtin_add_overflow(last, 1, &last) ||
      __builtin_mul_overflow(last, getNpyElementSize(type), &bytes))
    return -1;
  return last;
}

std::vector<int64_t>
mlir::diff::launch::getContiguousStrides(const std::vector<int64_t> &shape) {
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    // A value that exceeds 64 bits stays too large, for the checks to find.
    if (__builtin_mul_overflow(stride, std::max<int64_t>(shape[i], 1), &stride))
      stride = std::numeric_limits<int64_t>::max();
  }
  return strides;
}

//===----------------------------------------------------------------------===//
// Checks of one tensor
//===----------------------------------------------------------------------===//

/// `argument 0 'query'`. Results are counted from 0 as well.
static std::string nameTensor(const FunctionInfo &function, size_t number) {
  size_t first = 0;
  const TensorInfo &tensor = function.tensors[number];
  while (tensor.isResult && !function.tensors[first].isResult)
    ++first;
  return (tensor.isResult ? "result " : "argument ") +
         std::to_string(number - first) + " '" + tensor.name + "'";
}

/// Returns a shape with the names of sizes, in NumPy's notation.
static std::string formatShape(const std::vector<DimensionSize> &shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + (shape[i].name.empty()
                                   ? std::to_string(shape[i].number)
                                   : shape[i].name);
  return text + (shape.size() == 1 ? ",)" : ")");
}

static std::string checkForm(const TensorInfo &tensor,
                             const TensorArgument &argument) {
  if (argument.type != tensor.type)
    return std::string("needs elements of type ") +
           getNpyTypeName(tensor.type) + ", found " +
           getNpyTypeName(argument.type);
  if (argument.shape.size() != tensor.shape.size())
    return "has the shape " + formatShape(tensor.shape) + ", found " +
           formatNpyShape(argument.shape) + " of rank " +
           std::to_string(argument.shape.size());
  if (argument.strides.size() != argument.shape.size())
    return "needs a stride for each of its " +
           std::to_string(argument.shape.size()) + " dimensions, found " +
           std::to_string(argument.strides.size());
  return "";
}

static std::string checkStrides(const TensorInfo &tensor,
                                const TensorArgument &argument) {
  for (size_t i = 0; i < argument.strides.size(); ++i)
    if (argument.strides[i] < 0)
      return "stride " + std::to_string(argument.strides[i]) +
             " of dimension " + std::to_string(i) +
             " is negative; 0 and more are legal";
  int64_t extent = argument.getExtent();
  if (extent < 0)
    return "exceeds the range of 64-bit addresses";
  int64_t multiple =
      std::max<int64_t>(1, tensor.alignment / getNpyElementSize(tensor.type));
  for (size_t i = 0; i < argument.shape.size(); ++i) {
    int64_t stride = argument.strides[i];
    // The stride of a dimension of size 1 is not used.
    if (extent == 0 || argument.shape[i] <= 1)
      continue;
    std::string found = "stride " + std::to_string(stride) + " of dimension " +
                        std::to_string(i);
    bool isInnermost = i + 1 == argument.shape.size();
    if (isInnermost && stride != 1)
      return found + ", the innermost, is not 1";
    if (!isInnermost && stride % multiple != 0)
      return found + " is not a multiple of " + std::to_string(multiple) +
             " elements (" + std::to_string(tensor.alignment) + " bytes)";
  }
  return "";
}

/// Two elements of a result must not have the same address.
static std::string checkOverlap(const TensorArgument &argument) {
  std::vector<size_t> order;
  if (argument.getExtent() == 0)
    return "";
  for (size_t i = 0; i < argument.shape.size(); ++i)
    if (argument.shape[i] > 1)
      order.push_back(i);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return argument.strides[a] < argument.strides[b];
  });
  int64_t reach = 1;
  for (size_t i : order) {
    if (argument.strides[i] < reach)
      return "has elements that overlap: stride " +
             std::to_string(argument.strides[i]) + " of dimension " +
             std::to_string(i) + " is less than the " + std::to_string(reach) +
             " elements that one step spans";
    reach += (argument.shape[i] - 1) * argument.strides[i];
  }
  return "";
}

static std::string checkAddress(const TensorInfo &tensor,
                                const TensorArgument &argument) {
  if (argument.getExtent() == 0)
    return "";
  if (!argument.address)
    return "has no address";
  if (argument.address % uint64_t(tensor.alignment) != 0)
    return "starts at address " + std::to_string(argument.address) +
           ", which is not a multiple of " + std::to_string(tensor.alignment);
  return "";
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

namespace {
/// The values of sizes, and the tensors that determined them.
struct Binder {
  const FunctionInfo &function;
  SizeTable &sizes;
  std::map<std::string, std::pair<size_t, size_t>> origins;

  std::string bind(size_t number, const TensorArgument &argument) {
    const TensorInfo &tensor = function.tensors[number];
    for (size_t i = 0; i < tensor.shape.size(); ++i) {
      int64_t found = argument.shape[i];
      const DimensionSize &expected = tensor.shape[i];
      if (found < 0)
        return "has the shape " + formatNpyShape(argument.shape) +
               " with a negative size";
      if (expected.name.empty()) {
        if (found != expected.number)
          return "has the shape " + formatShape(tensor.shape) + ", found " +
                 formatNpyShape(argument.shape);
        continue;
      }
      auto [place, isNew] = sizes.insert({expected.name, found});
      if (isNew) {
        origins[expected.name] = {number, i};
      } else if (place->second != found) {
        auto [otherNumber, otherDimension] = origins[expected.name];
        return "has " + std::to_string(found) + " as size '" + expected.name +
               "' (dimension " + std::to_string(i) + "), but " +
               nameTensor(function, otherNumber) + " has " +
               std::to_string(place->second) + " (dimension " +
               std::to_string(otherDimension) + ")";
      }
    }
    return "";
  }
};
} // namespace

std::string mlir::diff::launch::checkCount(const FunctionInfo &function,
                                           size_t count) {
  if (count == function.tensors.size())
    return "";
  size_t results =
      std::count_if(function.tensors.begin(), function.tensors.end(),
                    [](const TensorInfo &tensor) { return tensor.isResult; });
  return "function '" + function.name + "' takes " +
         std::to_string(function.tensors.size()) + " tensors (" +
         std::to_string(results) + " of them results), found " +
         std::to_string(count);
}

std::string
mlir::diff::launch::bindArguments(const FunctionInfo &function,
                                  const std::vector<TensorArgument> &arguments,
                                  bool checkAddresses, SizeTable &sizes) {
  std::string where = "function '" + function.name + "'";
  std::string wrongCount = checkCount(function, arguments.size());
  if (!wrongCount.empty())
    return wrongCount;
  sizes.clear();
  Binder binder{function, sizes, {}};
  for (size_t i = 0; i < arguments.size(); ++i) {
    const TensorInfo &tensor = function.tensors[i];
    std::string problem = checkForm(tensor, arguments[i]);
    if (problem.empty())
      problem = binder.bind(i, arguments[i]);
    if (problem.empty())
      problem = checkStrides(tensor, arguments[i]);
    if (problem.empty() && tensor.isResult)
      problem = checkOverlap(arguments[i]);
    if (problem.empty() && checkAddresses)
      problem = checkAddress(tensor, arguments[i]);
    if (!problem.empty())
      return where + ": " + nameTensor(function, i) + " " + problem;
  }
  return "";
}

//===----------------------------------------------------------------------===//
// Offsets
//===----------------------------------------------------------------------===//

std::string
mlir::diff::launch::checkOffsets(const FunctionInfo &function,
                                 const std::vector<TensorArgument> &arguments,
                                 size_t number, const int32_t *values) {
  const std::optional<TensorDimension> &target =
      function.tensors[number].offsets;
  if (!target)
    return "";
  int64_t size = arguments[target->tensor].shape[target->dimension];
  std::string problem =
      checkOffsetValues(values, arguments[number].shape[0], size,
                        "dimension " + std::to_string(target->dimension) +
                            " of " + nameTensor(function, target->tensor));
  if (problem.empty())
    return "";
  return "function '" + function.name + "': " + nameTensor(function, number) +
         " " + problem;
}

bool mlir::diff::launch::hasOffsets(const FunctionInfo &function) {
  return std::any_of(
      function.tensors.begin(), function.tensors.end(),
      [](const TensorInfo &tensor) { return tensor.offsets.has_value(); });
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

std::string mlir::diff::launch::getBufferSizes(const FunctionInfo &function,
                                               const SizeTable &sizes,
                                               std::vector<uint64_t> &bytes) {
  bytes.clear();
  for (const BufferInfo &buffer : function.buffers) {
    int64_t size = 0;
    std::string problem = buffer.bytes.evaluate(sizes, size);
    if (problem.empty() && size < 0)
      problem = "has " + std::to_string(size) + " bytes ('" +
                buffer.bytes.getText() + "'); 0 and more are legal";
    if (!problem.empty())
      return "function '" + function.name + "': buffer '" + buffer.name +
             "': " + problem;
    bytes.push_back(uint64_t(size));
  }
  return "";
}

namespace {
class Planner {
public:
  Planner(const KernelEntry &kernel, const DeviceLimits &limits)
      : kernel(kernel), limits(limits) {}

  /// `launch.shape` has a size of 0 if there is nothing to launch.
  std::string plan(const SizeTable &sizes, PlannedLaunch &launch) {
    std::string error = planGrid(sizes, launch.shape);
    if (error.empty())
      error = planBlock(launch.shape);
    return error.empty() ? error : "kernel '" + kernel.name + "': " + error;
  }

private:
  std::string planGrid(const SizeTable &sizes, LaunchShape &shape) {
    for (size_t i = 0; i < 3; ++i) {
      int64_t size = 0;
      std::string error = kernel.grid[i].evaluate(sizes, size);
      if (!error.empty())
        return std::string("grid size ") + "xyz"[i] + ": " + error;
      if (size < 0 || size > limits.grid[i])
        return std::string("grid size ") + "xyz"[i] + " is " +
               std::to_string(size) + " ('" + kernel.grid[i].getText() +
               "'); 0 to " + std::to_string(limits.grid[i]) + " are legal";
      shape.grid[i] = uint32_t(size);
    }
    return "";
  }

  /// Returns the smaller of the limits of the device and the manifest.
  int64_t getLimit(const char *name, int64_t ofDevice) const {
    auto found = kernel.limits.find(name);
    return found == kernel.limits.end() ? ofDevice
                                        : std::min(ofDevice, found->second);
  }

  std::string planBlock(LaunchShape &shape) {
    int64_t threads = 1;
    int64_t most = getLimit("threads_per_block", limits.threadsPerBlock);
    for (size_t i = 0; i < 3; ++i) {
      if (kernel.block[i] > limits.block[i])
        return std::string("block size ") + "xyz"[i] + " is " +
               std::to_string(kernel.block[i]) + "; 1 to " +
               std::to_string(limits.block[i]) + " are legal";
      threads *= kernel.block[i];
      shape.block[i] = uint32_t(kernel.block[i]);
    }
    if (threads > most)
      return "a block has " + std::to_string(threads) + " threads; up to " +
             std::to_string(most) + " are legal";
    most = getLimit("shared_memory_per_block", limits.sharedMemoryPerBlock);
    if (kernel.dynamicSharedMemory > most)
      return "a block needs " + std::to_string(kernel.dynamicSharedMemory) +
             " bytes of dynamic shared memory; up to " + std::to_string(most) +
             " are legal";
    shape.dynamicSharedMemory = uint32_t(kernel.dynamicSharedMemory);
    return "";
  }

  const KernelEntry &kernel;
  const DeviceLimits &limits;
};
} // namespace

static uint64_t getValue(const ParameterInfo &parameter,
                         const std::vector<TensorArgument> &arguments,
                         const std::vector<uint64_t> &buffers) {
  switch (parameter.kind) {
  case ParameterInfo::Kind::Pointer:
    return arguments[parameter.tensor].address;
  case ParameterInfo::Kind::Size:
    return uint64_t(arguments[parameter.tensor].shape[parameter.dimension]);
  case ParameterInfo::Kind::Stride:
    return uint64_t(arguments[parameter.tensor].strides[parameter.dimension]);
  case ParameterInfo::Kind::Buffer:
    break;
  }
  return buffers[parameter.tensor];
}

static std::vector<uint8_t>
packParameters(const KernelEntry &kernel,
               const std::vector<TensorArgument> &arguments,
               const std::vector<uint64_t> &buffers) {
  std::vector<uint8_t> block;
  for (const ParameterInfo &parameter : kernel.parameters) {
    uint64_t value = getValue(parameter, arguments, buffers);
    uint8_t bytes[sizeof(value)];
    std::memcpy(bytes, &value, sizeof(value));
    block.insert(block.end(), bytes, bytes + sizeof(value));
  }
  return block;
}

std::string mlir::diff::launch::planLaunches(
    const FunctionInfo &function, const std::vector<TensorArgument> &arguments,
    const std::vector<uint64_t> &buffers, const SizeTable &sizes,
    const DeviceLimits &limits, std::vector<PlannedLaunch> &launches) {
  launches.clear();
  for (const KernelEntry &kernel : function.kernels) {
    PlannedLaunch launch{&kernel, {}, {}};
    std::string error = Planner(kernel, limits).plan(sizes, launch);
    if (!error.empty())
      return error;
    const std::array<uint32_t, 3> &grid = launch.shape.grid;
    if (!grid[0] || !grid[1] || !grid[2])
      continue;
    launch.parameters = packParameters(kernel, arguments, buffers);
    launches.push_back(std::move(launch));
  }
  return "";
}
