//===- Streams.cpp - Streams ----------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Work in a stream has completed when the call returns, so waiting only returns
// errors.
//
//===----------------------------------------------------------------------===//

#include "Driver/Contexts.h"
#include <algorithm>

using namespace ptxsim;
using namespace ptxsim::driver;

/// Handles of the default streams: the legacy one and the per-thread one.
static constexpr uintptr_t kLegacyStream = 1;
static constexpr uintptr_t kPerThreadStream = 2;

CUresult driver::findStream(Driver &driver, const Context &context,
                            CUstream handle, Stream &stream) {
  if (uintptr_t(handle) <= kPerThreadStream) {
    stream = {};
    stream.context = context.handle;
    stream.id = std::max(uintptr_t(handle), kLegacyStream);
    return CUDA_SUCCESS;
  }
  const Stream *found = driver.streams.find(handle);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  stream = *found;
  return CUDA_SUCCESS;
}

/// Runs `body(stream)` for an existing stream.
template <class Body>
static CUresult withStream(Use use, CUstream handle, Body body) {
  return withContext(use, [&](Driver &driver, Context &context) {
    Stream stream;
    CUresult result = findStream(driver, context, handle, stream);
    return result ? result : body(stream);
  });
}

CU_API cuStreamCreateWithPriority(CUstream *handle, unsigned flags,
                                  int priority) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!handle || flags > 1)
      return CUDA_ERROR_INVALID_VALUE;
    auto stream = std::make_unique<Stream>();
    stream->context = context.handle;
    stream->flags = flags;
    // Clamps a priority to the range.
    stream->priority = std::min(0, std::max(kGreatestPriority, priority));
    stream->id = kPerThreadStream + driver.nextId++;
    *handle = driver.streams.add(std::move(stream));
    return CUDA_SUCCESS;
  });
}

CU_API cuStreamCreate(CUstream *handle, unsigned flags) {
  return cuStreamCreateWithPriority(handle, flags, 0);
}

CU_API cuStreamDestroy_v2(CUstream handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return driver.streams.erase(handle) ? CUDA_SUCCESS
                                        : CUDA_ERROR_INVALID_HANDLE;
  });
}
CU_ALIAS(cuStreamDestroy, cuStreamDestroy_v2);

CU_API cuStreamSynchronize(CUstream handle) {
  return withStream(Use::Wait, handle,
                    [](const Stream &) { return CUDA_SUCCESS; });
}
CU_ALIAS(cuStreamSynchronize_ptsz, cuStreamSynchronize);
CU_ALIAS(cuStreamQuery, cuStreamSynchronize);
CU_ALIAS(cuStreamQuery_ptsz, cuStreamSynchronize);

CU_API cuStreamWaitEvent(CUstream handle, CUevent event, unsigned flags) {
  return withContext(Use::Queue, [&](Driver &driver, Context &context) {
    Stream stream;
    if (CUresult result = findStream(driver, context, handle, stream))
      return result;
    if (!driver.events.find(event))
      return CUDA_ERROR_INVALID_HANDLE;
    return flags > 1 ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
  });
}
CU_ALIAS(cuStreamWaitEvent_ptsz, cuStreamWaitEvent);

/// Answers a query about a stream; null pointers are rejected.
template <class T, class Answer>
static CUresult answer(CUstream handle, T *value, Answer get) {
  return withStream(Use::Query, handle, [&](const Stream &stream) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    *value = get(stream);
    return CUDA_SUCCESS;
  });
}

CU_API cuStreamGetPriority(CUstream handle, int *priority) {
  return answer(handle, priority,
                [](const Stream &stream) { return stream.priority; });
}
CU_ALIAS(cuStreamGetPriority_ptsz, cuStreamGetPriority);

CU_API cuStreamGetFlags(CUstream handle, unsigned *flags) {
  return answer(handle, flags,
                [](const Stream &stream) { return stream.flags; });
}
CU_ALIAS(cuStreamGetFlags_ptsz, cuStreamGetFlags);

CU_API cuStreamGetId(CUstream handle, unsigned long long *id) {
  return answer(handle, id, [](const Stream &stream) { return stream.id; });
}
CU_ALIAS(cuStreamGetId_ptsz, cuStreamGetId);

CU_API cuStreamGetCtx(CUstream handle, CUcontext *context) {
  return answer(handle, context,
                [](const Stream &stream) { return stream.context; });
}
CU_ALIAS(cuStreamGetCtx_ptsz, cuStreamGetCtx);

CU_API cuStreamGetDevice(CUstream handle, CUdevice *device) {
  return answer(handle, device, [](const Stream &) { return 0; });
}
CU_ALIAS(cuStreamGetDevice_ptsz, cuStreamGetDevice);

// Streams cannot be captured into graphs.

CU_API cuStreamIsCapturing(CUstream handle, int *status) {
  return answer(handle, status, [](const Stream &) { return 0; });
}
CU_ALIAS(cuStreamIsCapturing_ptsz, cuStreamIsCapturing);

CU_API cuStreamBeginCapture_v2(CUstream handle, int mode) {
  return withStream(Use::Wait, handle, [&](const Stream &) {
    return mode < 0 || mode > 2 ? CUDA_ERROR_INVALID_VALUE
                                : CUDA_ERROR_NOT_SUPPORTED;
  });
}
CU_ALIAS(cuStreamBeginCapture_v2_ptsz, cuStreamBeginCapture_v2);
