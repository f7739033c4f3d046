//===- ArrayRun.cpp - Checked runs on arrays ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/ArrayRun.h"
#include <cstring>

using namespace mlir::diff;
using namespace mlir::diff::launch;

/// Returns the index of an element, such as `[1, 0, 3]`.
static std::string formatIndex(const std::vector<int64_t> &shape,
                               int64_t element) {
  std::string text;
  for (size_t i = shape.size(); i-- > 0;) {
    text =
        std::to_string(element % shape[i]) + (text.empty() ? "" : ", " + text);
    element /= shape[i];
  }
  return "[" + text + "]";
}

static std::string describeUnwritten(const std::string &name, int64_t unwritten,
                                     int64_t bytes, NpyType type,
                                     const std::vector<int64_t> &shape,
                                     int64_t first) {
  int64_t elements = bytes / getNpyElementSize(type);
  return std::to_string(unwritten) + " of the " + std::to_string(elements) +
         " elements of " + name + " were not written, the first at " +
         formatIndex(shape, first);
}

std::string ArrayRun::prepare(const std::vector<const NpyArray *> &inputs,
                              const std::vector<NpyArray> &results) {
  tensors.clear();
  auto add = [&](const NpyArray &array, const NpyArray *input) {
    tensors.emplace_back(getDevice());
    Place &tensor = tensors.back();
    tensor.type = array.type;
    tensor.shape = array.shape;
    tensor.bytes = getNpyDataSize(array.type, array.shape);
    tensor.input = input;
  };
  for (const NpyArray *input : inputs)
    add(*input, input);
  for (const NpyArray &result : results)
    add(result, nullptr);
  SizeTable sizes;
  std::string error = bindArguments(function, getArguments(),
                                    /*checkAddresses=*/false, sizes);
  if (error.empty())
    error = checkAllOffsets();
  for (Place &tensor : tensors) {
    if (error.empty() && tensor.bytes < 0)
      error = "an array of shape " + formatNpyShape(tensor.shape) +
              " has more bytes than 64 bits can count";
    if (error.empty())
      error = place(tensor);
    if (!error.empty())
      return error;
  }
  return "";
}

/// If offsets end early, the elements after them are not computed.
std::string ArrayRun::checkAllOffsets() {
  writesAll = true;
  std::vector<TensorArgument> arguments = getArguments();
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::optional<TensorDimension> &target = function.tensors[i].offsets;
    if (!target)
      continue;
    size_t count = tensors[i].input->data.size() / sizeof(int32_t);
    std::vector<int32_t> values(count);
    if (count)
      std::memcpy(values.data(), tensors[i].input->data.data(),
                  count * sizeof(int32_t));
    std::string error = checkOffsets(function, arguments, i, values.data());
    if (!error.empty())
      return error;
    writesAll &=
        values.back() == arguments[target->tensor].shape[target->dimension];
  }
  return "";
}

std::string ArrayRun::place(Place &tensor) {
  DeviceInterface &device = getDevice();
  if (device.tracksMemory()) {
    std::string error = tensor.buffer.allocate(uint64_t(tensor.bytes));
    if (error.empty() && tensor.input)
      error = device.copyToDevice(tensor.buffer.getAddress(),
                                  tensor.input->data.data(),
                                  tensor.input->data.size());
    return error;
  }
  GuardedBuffer contents(tensor.type, tensor.bytes);
  if (!contents.isValid())
    return "not enough memory for an array of shape " +
           formatNpyShape(tensor.shape);
  if (tensor.input && tensor.bytes)
    std::memcpy(contents.getData(), tensor.input->data.data(),
                size_t(tensor.bytes));
  auto size = uint64_t(contents.getWholeSize());
  std::string error = tensor.buffer.allocate(size);
  return error.empty() ? device.copyToDevice(tensor.buffer.getAddress(),
                                             contents.getWhole(), size)
                       : error;
}

std::string ArrayRun::poison(Place &tensor) {
  if (getDevice().tracksMemory())
    return getDevice().poison(tensor.buffer.getAddress(),
                              uint64_t(tensor.bytes));
  GuardedBuffer pattern(tensor.type, tensor.bytes);
  if (!pattern.isValid())
    return "not enough memory for an array of shape " +
           formatNpyShape(tensor.shape);
  return getDevice().copyToDevice(tensor.buffer.getAddress(),
                                  pattern.getWhole(),
                                  uint64_t(pattern.getWholeSize()));
}

std::vector<TensorArgument> ArrayRun::getArguments() const {
  std::vector<TensorArgument> arguments;
  arguments.reserve(tensors.size());
  uint64_t offset = getDevice().tracksMemory() ? 0 : GuardedBuffer::kGuardSize;
  for (const Place &tensor : tensors)
    arguments.push_back({tensor.buffer.getAddress() + offset, tensor.type,
                         tensor.shape, getContiguousStrides(tensor.shape)});
  return arguments;
}

std::string ArrayRun::run(double &milliseconds) {
  for (Place &tensor : tensors) {
    std::string error = tensor.input ? "" : poison(tensor);
    if (!error.empty())
      return error;
  }
  std::string error = getDevice().beginTiming();
  if (error.empty())
    error = program.launch(function, getArguments());
  if (!error.empty())
    return error;
  error = getDevice().endTiming(milliseconds);
  return error.empty() ? getDevice().synchronize() : error;
}

std::string ArrayRun::finish() {
  results.clear();
  size_t number = 0;
  for (Place &tensor : tensors) {
    if (!tensor.input && number && tensors[number - 1].input)
      number = 0;
    std::string error = fetch(tensor, number++);
    if (!error.empty())
      return error;
  }
  return "";
}

std::string ArrayRun::fetch(Place &tensor, size_t number) {
  GuardedBuffer fetched(tensor.type, tensor.bytes);
  if (!fetched.isValid())
    return "not enough memory for an array of shape " +
           formatNpyShape(tensor.shape);
  DeviceInterface &device = getDevice();
  bool tracks = device.tracksMemory();
  std::string error =
      tracks ? device.copyToHost(fetched.getData(), tensor.buffer.getAddress(),
                                 uint64_t(tensor.bytes))
             : device.copyToHost(fetched.getWhole(), tensor.buffer.getAddress(),
                                 uint64_t(fetched.getWholeSize()));
  std::string name = (tensor.input ? "argument " : "result ") +
                     std::to_string(number) + " of '" + function.name + "'";
  if (error.empty() && !tracks)
    error = checkGuarded(tensor, name, fetched);
  if (error.empty() && tensor.input)
    error = checkInput(tensor, name, fetched);
  if (error.empty() && !tensor.input && tracks && writesAll)
    error = checkTracked(tensor, name);
  if (!tensor.input)
    results.push_back(std::move(fetched));
  return error;
}

std::string ArrayRun::checkInput(const Place &tensor, const std::string &name,
                                 const GuardedBuffer &fetched) {
  if (tensor.bytes && std::memcmp(fetched.getData(), tensor.input->data.data(),
                                  size_t(tensor.bytes)) != 0)
    return "the kernel wrote inside the read-only array of " + name;
  return "";
}

/// An element that is written in part counts as unwritten.
std::string ArrayRun::checkTracked(const Place &tensor,
                                   const std::string &name) {
  DeviceInterface &device = getDevice();
  uint64_t address = tensor.buffer.getAddress();
  auto size = uint64_t(getNpyElementSize(tensor.type));
  auto bytes = uint64_t(tensor.bytes);
  if (device.countWritten(address, bytes) == bytes)
    return "";
  int64_t first = -1, count = 0;
  for (uint64_t at = 0; at < bytes; at += size)
    if (device.countWritten(address + at, size) != size) {
      first = count ? first : int64_t(at / size);
      ++count;
    }
  return describeUnwritten(name, count, tensor.bytes, tensor.type, tensor.shape,
                           first);
}

std::string ArrayRun::checkGuarded(const Place &tensor, const std::string &name,
                                   const GuardedBuffer &fetched) {
  if (!fetched.isFrontIntact())
    return "the kernel wrote before the array of " + name;
  if (!fetched.isBackIntact())
    return "the kernel wrote after the array of " + name;
  if (tensor.input || !writesAll)
    return "";
  int64_t first = 0;
  if (int64_t count = fetched.countPoisoned(first))
    return describeUnwritten(name, count, tensor.bytes, tensor.type,
                             tensor.shape, first);
  return "";
}
