//===- Events.cpp - Events ------------------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The time between two events is that of the simulation on the host's clock.
//
//===----------------------------------------------------------------------===//

#include "Driver/State.h"

using namespace ptxsim;
using namespace ptxsim::driver;

enum : unsigned {
  kDisableTiming = 2,
  kInterprocess = 4,
  kAllFlags = 7,
};

CU_API cuEventCreate(CUevent *handle, unsigned flags) {
  return withContext(Use::Wait, [&](Driver &driver, Context &context) {
    if (!handle || flags > kAllFlags ||
        ((flags & kInterprocess) && !(flags & kDisableTiming)))
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & kInterprocess)
      return CUDA_ERROR_NOT_SUPPORTED;
    auto event = std::make_unique<Event>();
    event->context = context.handle;
    event->flags = flags;
    *handle = driver.events.add(std::move(event));
    return CUDA_SUCCESS;
  });
}

CU_API cuEventDestroy_v2(CUevent handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return driver.events.erase(handle) ? CUDA_SUCCESS
                                       : CUDA_ERROR_INVALID_HANDLE;
  });
}
CU_ALIAS(cuEventDestroy, cuEventDestroy_v2);

CU_API cuEventRecordWithFlags(CUevent handle, CUstream streamHandle,
                              unsigned flags) {
  return withContext(Use::Queue, [&](Driver &driver, Context &context) {
    Stream stream;
    Event *event = driver.events.find(handle);
    if (!event)
      return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult result = findStream(driver, context, streamHandle, stream))
      return result;
    if (event->context != stream.context)
      return CUDA_ERROR_INVALID_HANDLE;
    if (flags > 1)
      return CUDA_ERROR_INVALID_VALUE;
    event->recorded = true;
    event->time = std::chrono::steady_clock::now();
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuEventRecordWithFlags_ptsz, cuEventRecordWithFlags);

CU_API cuEventRecord(CUevent handle, CUstream stream) {
  return cuEventRecordWithFlags(handle, stream, 0);
}
CU_ALIAS(cuEventRecord_ptsz, cuEventRecord);

CU_API cuEventSynchronize(CUevent handle) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    return driver.events.find(handle) ? CUDA_SUCCESS
                                      : CUDA_ERROR_INVALID_HANDLE;
  });
}
CU_ALIAS(cuEventQuery, cuEventSynchronize);

CU_API cuEventElapsedTime_v2(float *milliseconds, CUevent begin, CUevent end) {
  return withContext(Use::Wait, [&](Driver &driver, Context &) {
    const Event *events[] = {driver.events.find(begin),
                             driver.events.find(end)};
    for (const Event *event : events)
      if (!event || !event->recorded || (event->flags & kDisableTiming))
        return CUDA_ERROR_INVALID_HANDLE;
    if (!milliseconds)
      return CUDA_ERROR_INVALID_VALUE;
    std::chrono::duration<float, std::milli> time =
        events[1]->time - events[0]->time;
    *milliseconds = time.count();
    return CUDA_SUCCESS;
  });
}
CU_ALIAS(cuEventElapsedTime, cuEventElapsedTime_v2);
