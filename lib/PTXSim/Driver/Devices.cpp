//===- Devices.cpp - Initialization and the device ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/Limits.h"
#include "Driver/State.h"
#include <cstdio>
#include <cstring>

using namespace ptxsim;
using namespace ptxsim::driver;

namespace {
/// The last attribute of the emulated release.
constexpr int kLastAttribute = 147;

constexpr const char *kPCIBusId = "0000:01:00.0";

int getAttribute(const Chip &chip, int number) {
  Board board = getBoard(chip);
  switch (number) {
#define CU_ATTRIBUTE(number, name, value)                                      \
  case number:                                                                 \
    return int(value);
#include "Driver/DeviceAttributes.def"
#undef CU_ATTRIBUTE
  default:
    return 0;
  }
}
} // namespace

CU_API cuInit(unsigned flags) {
  return guard([&]() -> CUresult {
    Driver &driver = Driver::get();
    std::lock_guard<std::mutex> held(driver.lock);
    if (flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (driver.isInitialized)
      return CUDA_SUCCESS;
    std::string error;
    Settings settings;
    if (!readSettings(settings, error)) {
      explain(error);
      return CUDA_ERROR_INVALID_VALUE;
    }
    driver.settings = settings;
    driver.device = std::make_unique<Device>(*settings.chip);
    auto pool = std::make_unique<Pool>();
    pool->isDefault = true;
    driver.defaultPool = driver.currentPool = driver.pools.add(std::move(pool));
    driver.isInitialized = true;
    return CUDA_SUCCESS;
  });
}

CU_API cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = kDriverVersion;
  return CUDA_SUCCESS;
}

CU_API cuDeviceGet(CUdevice *device, int ordinal) {
  return withDevice(ordinal, [&](Driver &) -> CUresult {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceGetCount(int *count) {
  return withDriver([&](Driver &) -> CUresult {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = 1;
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceGetName(char *name, int length, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!name || length <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    std::snprintf(name, length, "%s (PTXSim)", driver.getChip().product);
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!uuid)
      return CUDA_ERROR_INVALID_VALUE;
    // The same for the same chip, and different from any real GPU.
    std::memset(uuid->bytes, 0, sizeof uuid->bytes);
    std::memcpy(uuid->bytes, "PTXSim", 6);
    std::strncpy(reinterpret_cast<char *>(uuid->bytes) + 6,
                 driver.getChip().name, sizeof uuid->bytes - 6);
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuDeviceGetUuid, cuDeviceGetUuid_v2);

CU_API cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!bytes)
      return CUDA_ERROR_INVALID_VALUE;
    *bytes = driver.getMemoryBytes();
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuDeviceTotalMem, cuDeviceTotalMem_v2);

CU_API cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!value || attribute < 1 || attribute > kLastAttribute)
      return CUDA_ERROR_INVALID_VALUE;
    *value = getAttribute(driver.getChip(), attribute);
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  return withDevice(device, [&](Driver &driver) -> CUresult {
    if (!major || !minor)
      return CUDA_ERROR_INVALID_VALUE;
    *major = driver.getChip().capability / 10;
    *minor = driver.getChip().capability % 10;
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceGetPCIBusId(char *text, int length, CUdevice device) {
  return withDevice(device, [&](Driver &) -> CUresult {
    if (!text || length <= int(std::strlen(kPCIBusId)))
      return CUDA_ERROR_INVALID_VALUE;
    std::strcpy(text, kPCIBusId);
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceGetByPCIBusId(CUdevice *device, const char *text) {
  return withDriver([&](Driver &) -> CUresult {
    unsigned domain = 0, bus = 0, slot = 0;
    if (!device || !text ||
        (std::sscanf(text, "%x:%x:%x", &domain, &bus, &slot) != 3 &&
         (domain = 0, std::sscanf(text, "%x:%x", &bus, &slot) != 2)))
      return CUDA_ERROR_INVALID_VALUE;
    if (domain != 0 || bus != 1 || slot != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    *device = 0;
    return CUDA_SUCCESS;
  });
}

CU_API cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer) {
  return withDevice(device, [&](Driver &) -> CUresult {
    if (peer != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!can)
      return CUDA_ERROR_INVALID_VALUE;
    *can = 0;
    return CUDA_SUCCESS;
  });
}
