//===- DeviceInterface.cpp - Interface of devices that run kernels --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/Launch/DeviceInterface.h"
#include <utility>

using namespace mlir::diff::launch;

std::string DeviceInterface::poison(uint64_t, uint64_t) {
  return "the device does not keep track of memory";
}

uint64_t DeviceInterface::countWritten(uint64_t, uint64_t bytes) {
  return bytes;
}

bool mlir::diff::launch::runsOn(const std::string &chip, unsigned capability) {
  constexpr size_t prefix = 3;
  if (chip.compare(0, prefix, "sm_") != 0)
    return false;
  unsigned number = 0;
  size_t i = prefix;
  for (; i < chip.size() && i < prefix + 4 && chip[i] >= '0' && chip[i] <= '9';
       ++i)
    number = number * 10 + unsigned(chip[i] - '0');
  std::string suffix = chip.substr(i);
  if (i == prefix)
    return false;
  if (suffix == "a")
    return number == capability;
  if (suffix == "f")
    return number / 10 == capability / 10 && number <= capability;
  return suffix.empty() && number <= capability;
}

DeviceBuffer::DeviceBuffer(DeviceBuffer &&other) noexcept
    : device(other.device), address(std::exchange(other.address, 0)) {}

DeviceBuffer &DeviceBuffer::operator=(DeviceBuffer &&other) noexcept {
  if (this != &other) {
    reset();
    device = other.device;
    address = std::exchange(other.address, 0);
  }
  return *this;
}

std::string DeviceBuffer::allocate(uint64_t bytes) {
  reset();
  // Devices return no address for allocations of size 0.
  std::string error = device->allocate(bytes ? bytes : 1, address);
  if (!error.empty())
    address = 0;
  return error;
}

void DeviceBuffer::reset() {
  // An error while freeing memory cannot be handled.
  if (address)
    (void)device->free(address);
  address = 0;
}
