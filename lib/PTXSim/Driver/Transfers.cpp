//===- Transfers.cpp - Copying and setting memory -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A queued transfer happens at the call, which the order of a stream allows.
//
//===----------------------------------------------------------------------===//

#include "Driver/State.h"
#include <cstring>

using namespace ptxsim;
using namespace ptxsim::driver;

namespace {
/// One end of a copy.
struct Place {
  bool isDevice;
  uint64_t address;

  static Place host(const void *pointer) {
    return {false, uint64_t(uintptr_t(pointer))};
  }
  static Place device(CUdeviceptr pointer) { return {true, pointer}; }
  /// Determined by the kind of the address.
  static Place of(uint64_t address) {
    return {isDeviceAddress(address), address};
  }
  Place operator+(uint64_t bytes) const { return {isDevice, address + bytes}; }
  void *getHost() const { return reinterpret_cast<void *>(uintptr_t(address)); }
};
} // namespace

static CUresult copy(Driver &driver, Place to, Place from, uint64_t bytes) {
  if (!bytes)
    return CUDA_SUCCESS;
  for (const Place &place : {to, from})
    if (!place.address || (!place.isDevice && isDeviceAddress(place.address)))
      return CUDA_ERROR_INVALID_VALUE;
  Device &device = *driver.device;
  Diagnostic error;
  bool done = true;
  if (to.isDevice && from.isDevice)
    done = device.copyOnDevice(to.address, from.address, bytes, error);
  else if (to.isDevice)
    done = device.copyToDevice(to.address, from.getHost(), bytes, error);
  else if (from.isDevice)
    done = device.copyToHost(to.getHost(), from.address, bytes, error);
  else
    std::memmove(to.getHost(), from.getHost(), bytes);
  return done ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

static CUresult copyNow(Place to, Place from, uint64_t bytes) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return copy(driver, to, from, bytes);
  });
}

static CUresult copyInStream(Place to, Place from, uint64_t bytes,
                             CUstream handle) {
  return withContext(Use::Queue, [&](Driver &driver, Context &context) {
    Stream stream;
    CUresult result = findStream(driver, context, handle, stream);
    return result ? result : copy(driver, to, from, bytes);
  });
}

CU_API cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copyNow(Place::of(to), Place::of(from), bytes);
}
CU_ALIAS(cuMemcpy_ptds, cuMemcpy);

CU_API cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                     CUstream stream) {
  return copyInStream(Place::of(to), Place::of(from), bytes, stream);
}
CU_ALIAS(cuMemcpyAsync_ptsz, cuMemcpyAsync);

CU_API cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return copyNow(Place::device(to), Place::host(from), bytes);
}
CU_ALIAS(cuMemcpyHtoD, cuMemcpyHtoD_v2);
CU_ALIAS(cuMemcpyHtoD_v2_ptds, cuMemcpyHtoD_v2);

CU_API cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return copyNow(Place::host(to), Place::device(from), bytes);
}
CU_ALIAS(cuMemcpyDtoH, cuMemcpyDtoH_v2);
CU_ALIAS(cuMemcpyDtoH_v2_ptds, cuMemcpyDtoH_v2);

CU_API cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copyNow(Place::device(to), Place::device(from), bytes);
}
CU_ALIAS(cuMemcpyDtoD, cuMemcpyDtoD_v2);
CU_ALIAS(cuMemcpyDtoD_v2_ptds, cuMemcpyDtoD_v2);

CU_API cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                            CUstream stream) {
  return copyInStream(Place::device(to), Place::host(from), bytes, stream);
}
CU_ALIAS(cuMemcpyHtoDAsync, cuMemcpyHtoDAsync_v2);
CU_ALIAS(cuMemcpyHtoDAsync_v2_ptsz, cuMemcpyHtoDAsync_v2);

CU_API cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                            CUstream stream) {
  return copyInStream(Place::host(to), Place::device(from), bytes, stream);
}
CU_ALIAS(cuMemcpyDtoHAsync, cuMemcpyDtoHAsync_v2);
CU_ALIAS(cuMemcpyDtoHAsync_v2_ptsz, cuMemcpyDtoHAsync_v2);

CU_API cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                            CUstream stream) {
  return copyInStream(Place::device(to), Place::device(from), bytes, stream);
}
CU_ALIAS(cuMemcpyDtoDAsync, cuMemcpyDtoDAsync_v2);
CU_ALIAS(cuMemcpyDtoDAsync_v2_ptsz, cuMemcpyDtoDAsync_v2);

//===----------------------------------------------------------------------===//
// Copies of rows
//===----------------------------------------------------------------------===//

/// One side of a copy of rows, with its first byte.
static CUresult getPlace(unsigned type, const void *host, CUdeviceptr device,
                         size_t x, size_t y, size_t pitch,
                         const CUDA_MEMCPY2D &rows, Place &place) {
  if (rows.Height > 1 && (pitch < x || pitch - x < rows.WidthInBytes))
    return CUDA_ERROR_INVALID_VALUE;
  switch (type) {
  case CU_MEMORYTYPE_HOST:
    place = Place::host(host);
    break;
  case CU_MEMORYTYPE_DEVICE:
    place = Place::device(device);
    break;
  case CU_MEMORYTYPE_UNIFIED:
    place = Place::of(device);
    break;
  case CU_MEMORYTYPE_ARRAY:
    return CUDA_ERROR_NOT_SUPPORTED;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
  place = place + (y * pitch + x);
  return CUDA_SUCCESS;
}

static CUresult copyRows(Driver &driver, const CUDA_MEMCPY2D *rows) {
  if (!rows)
    return CUDA_ERROR_INVALID_VALUE;
  Place to, from;
  if (CUresult result =
          getPlace(rows->dstMemoryType, rows->dstHost, rows->dstDevice,
                   rows->dstXInBytes, rows->dstY, rows->dstPitch, *rows, to))
    return result;
  if (CUresult result =
          getPlace(rows->srcMemoryType, rows->srcHost, rows->srcDevice,
                   rows->srcXInBytes, rows->srcY, rows->srcPitch, *rows, from))
    return result;
  for (size_t row = 0; row < rows->Height && rows->WidthInBytes; ++row)
    if (CUresult result = copy(driver, to + row * rows->dstPitch,
                               from + row * rows->srcPitch, rows->WidthInBytes))
      return result;
  return CUDA_SUCCESS;
}

CU_API cuMemcpy2D_v2(const CUDA_MEMCPY2D *rows) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return copyRows(driver, rows);
  });
}
CU_ALIAS(cuMemcpy2D_v2_ptds, cuMemcpy2D_v2);
CU_ALIAS(cuMemcpy2DUnaligned_v2, cuMemcpy2D_v2);
CU_ALIAS(cuMemcpy2DUnaligned_v2_ptds, cuMemcpy2D_v2);

CU_API cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *rows, CUstream handle) {
  return withContext(Use::Queue, [&](Driver &driver, Context &context) {
    Stream stream;
    CUresult result = findStream(driver, context, handle, stream);
    return result ? result : copyRows(driver, rows);
  });
}
CU_ALIAS(cuMemcpy2DAsync_v2_ptsz, cuMemcpy2DAsync_v2);

//===----------------------------------------------------------------------===//
// Setting memory
//===----------------------------------------------------------------------===//

namespace {
/// Sets `height` rows of `count` elements. One row has no pitch.
struct Pattern {
  CUdeviceptr to;
  uint32_t value;
  unsigned width;
  uint64_t count;
  uint64_t pitch = 0;
  uint64_t height = 1;
};
} // namespace

static CUresult set(Driver &driver, const Pattern &pattern) {
  if (!pattern.count || !pattern.height)
    return CUDA_SUCCESS;
  if (pattern.to % pattern.width || pattern.count > driver.getMemoryBytes() ||
      (pattern.height > 1 && (pattern.pitch % pattern.width ||
                              pattern.pitch < pattern.count * pattern.width)))
    return CUDA_ERROR_INVALID_VALUE;
  Diagnostic error;
  for (uint64_t row = 0; row < pattern.height; ++row)
    if (!driver.device->set(pattern.to + row * pattern.pitch, pattern.value,
                            pattern.width, pattern.count, error))
      return CUDA_ERROR_INVALID_VALUE;
  return CUDA_SUCCESS;
}

static CUresult setNow(const Pattern &pattern) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return set(driver, pattern);
  });
}

static CUresult setInStream(const Pattern &pattern, CUstream handle) {
  return withContext(Use::Queue, [&](Driver &driver, Context &context) {
    Stream stream;
    CUresult result = findStream(driver, context, handle, stream);
    return result ? result : set(driver, pattern);
  });
}

CU_API cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  return setNow({to, value, 1, count});
}
CU_API cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  return setNow({to, value, 2, count});
}
CU_API cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  return setNow({to, value, 4, count});
}
CU_API cuMemsetD2D8_v2(CUdeviceptr to, size_t pitch, unsigned char value,
                       size_t width, size_t height) {
  return setNow({to, value, 1, width, pitch, height});
}
CU_API cuMemsetD2D16_v2(CUdeviceptr to, size_t pitch, unsigned short value,
                        size_t width, size_t height) {
  return setNow({to, value, 2, width, pitch, height});
}
CU_API cuMemsetD2D32_v2(CUdeviceptr to, size_t pitch, unsigned value,
                        size_t width, size_t height) {
  return setNow({to, value, 4, width, pitch, height});
}

CU_API cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count,
                       CUstream stream) {
  return setInStream({to, value, 1, count}, stream);
}
CU_API cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count,
                        CUstream stream) {
  return setInStream({to, value, 2, count}, stream);
}
CU_API cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count,
                        CUstream stream) {
  return setInStream({to, value, 4, count}, stream);
}
CU_API cuMemsetD2D8Async(CUdeviceptr to, size_t pitch, unsigned char value,
                         size_t width, size_t height, CUstream stream) {
  return setInStream({to, value, 1, width, pitch, height}, stream);
}
CU_API cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value,
                          size_t width, size_t height, CUstream stream) {
  return setInStream({to, value, 2, width, pitch, height}, stream);
}
CU_API cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned value,
                          size_t width, size_t height, CUstream stream) {
  return setInStream({to, value, 4, width, pitch, height}, stream);
}

#define SET_ALIASES(name)                                                      \
  CU_ALIAS(name, name##_v2);                                                   \
  CU_ALIAS(name##_v2_ptds, name##_v2);                                         \
  CU_ALIAS(name##Async_ptsz, name##Async)
SET_ALIASES(cuMemsetD8);
SET_ALIASES(cuMemsetD16);
SET_ALIASES(cuMemsetD32);
SET_ALIASES(cuMemsetD2D8);
SET_ALIASES(cuMemsetD2D16);
SET_ALIASES(cuMemsetD2D32);
