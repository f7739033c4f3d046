/*===- diff-c/Launch.h - C interface to the launcher --------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Launches functions that diff-opt compiled to a manifest and PTX or a cubin *|
|* on a GPU or on the simulator. Does not need MLIR or LLVM; link DiffLaunch. *|
|*                                                                            *|
|* Functions that may fail return a status, and diffLaunchGetError returns    *|
|* the message, one line. A device and its programs must be used by one       *|
|* thread at a time. Different devices are independent.                       *|
|*                                                                            *|
\*===----------------------------------------------------------------------===*/

#ifndef DIFF_C_LAUNCH_H
#define DIFF_C_LAUNCH_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* NOLINTBEGIN(modernize-use-using): this is C. */

typedef enum DiffLaunchStatus {
  DIFF_LAUNCH_SUCCESS = 0,
  /** An error occurred. The outputs of the call are unchanged. */
  DIFF_LAUNCH_ERROR = 1,
  /** The kernels ran, and the checkers of the simulator reported findings. */
  DIFF_LAUNCH_FINDINGS = 2,
  /** A type, shape, stride, address or offset of a tensor is not legal. Nothing
      was launched. */
  DIFF_LAUNCH_INVALID = 3
} DiffLaunchStatus;

/** A GPU or a simulated one. */
typedef struct DiffLaunchDevice DiffLaunchDevice;
/** Compiled functions on a device. */
typedef struct DiffLaunchProgram DiffLaunchProgram;

/** Returns the message of the last failed call of the calling thread, or "".
    It is valid until the next call of the thread. */
const char *diffLaunchGetError(void);

/*===-- Devices -----------------------------------------------------------===*/

/** Options of the simulator. Start with diffLaunchGetDefaultSimOptions, because
    later versions may add members. */
typedef struct DiffLaunchSimOptions {
  /** The checkers: "none" or a list of all, memory, init, race, sync, async
      and same-value, such as "memory,race". "all" is without same-value. */
  const char *check;
  /** When asynchronous copies complete: "late", "eager" or "random". */
  const char *async;
  /** The seed for random choices. */
  uint64_t seed;
  /** Not 0: count the cost of the kernels for the report. */
  int profile;
  /** Host threads; 0: one for each core. */
  unsigned threads;
} DiffLaunchSimOptions;

/** Returns the default: all checkers, late copies, no counters. */
DiffLaunchSimOptions diffLaunchGetDefaultSimOptions(void);

/** Creates a simulated GPU, such as "sm_90a". `options` may be null. */
DiffLaunchStatus diffLaunchOpenSim(const char *chip,
                                   const DiffLaunchSimOptions *options,
                                   DiffLaunchDevice **device);

/** Opens the GPU with this number in its primary context. `library` is the
    driver library, null for libcuda.so.1. `stream` is the CUstream of launches,
    null for the default one; it belongs to the primary context. */
DiffLaunchStatus diffLaunchOpenCuda(int ordinal, const char *library,
                                    void *stream, DiffLaunchDevice **device);

/** Sets the CUstream of later launches and copies, null for the default one.
   The kernels of a function share buffers on each stream, so launches on
   different streams do not disturb each other. Does nothing for a simulated
   device. */
DiffLaunchStatus diffLaunchSetStream(DiffLaunchDevice *device, void *stream);

/** Closes a device and frees its memory, as soon as its programs are unloaded,
    too. Null is legal. */
void diffLaunchClose(DiffLaunchDevice *device);

/** Returns a name of the device for people, valid as long as the device. */
const char *diffLaunchGetName(const DiffLaunchDevice *device);

/*===-- Memory of a device ------------------------------------------------===*/

/** Allocates memory with undefined contents, aligned for every tensor.
    An address is not a host pointer. */
DiffLaunchStatus diffLaunchAllocate(DiffLaunchDevice *device, uint64_t bytes,
                                    uint64_t *address);
DiffLaunchStatus diffLaunchFree(DiffLaunchDevice *device, uint64_t address);
DiffLaunchStatus diffLaunchCopyToDevice(DiffLaunchDevice *device, uint64_t to,
                                        const void *from, uint64_t bytes);
DiffLaunchStatus diffLaunchCopyToHost(DiffLaunchDevice *device, void *to,
                                      uint64_t from, uint64_t bytes);

/*===-- Programs ----------------------------------------------------------===*/

/** Loads compiled functions. `manifest` is the JSON text written by diff-opt,
    `code` is PTX text or, on a GPU, a cubin. Neither needs a terminating zero,
    and both may be freed after the call. */
DiffLaunchStatus diffLaunchLoad(DiffLaunchDevice *device, const char *manifest,
                                size_t manifestSize, const void *code,
                                size_t codeSize, DiffLaunchProgram **program);

/** Unloads a program. Null is legal. */
void diffLaunchUnload(DiffLaunchProgram *program);

/** Element types of tensors. */
typedef enum DiffLaunchType {
  DIFF_LAUNCH_F16,
  DIFF_LAUNCH_BF16,
  DIFF_LAUNCH_F32,
  /** For offsets of sequences. */
  DIFF_LAUNCH_I32,
  /** The other types are for CPU code. */
  DIFF_LAUNCH_F64,
  DIFF_LAUNCH_I8,
  DIFF_LAUNCH_I16,
  DIFF_LAUNCH_I64,
  DIFF_LAUNCH_U8,
  DIFF_LAUNCH_U16,
  DIFF_LAUNCH_U32,
  DIFF_LAUNCH_U64,
  /** One byte for each element. */
  DIFF_LAUNCH_BOOL
} DiffLaunchType;

typedef enum DiffLaunchMemory {
  /** `data` is an address in device memory. */
  DIFF_LAUNCH_DEVICE,
  /** `data` is a host pointer: the elements are copied to the device for the
      launch, and those of results are copied back. */
  DIFF_LAUNCH_HOST
} DiffLaunchMemory;

/** A tensor that is an argument or receives a result. */
typedef struct DiffLaunchTensor {
  /** The address of the first element, or (uint64_t)(uintptr_t)pointer. */
  uint64_t data;
  DiffLaunchMemory memory;
  DiffLaunchType type;
  /** The number of dimensions. */
  size_t rank;
  /** A size for each dimension. */
  const int64_t *shape;
  /** A stride in elements for each dimension; null for an array in C order. */
  const int64_t *strides;
} DiffLaunchTensor;

/** Launches all kernels of a function in order. `tensors` are its arguments,
    followed by its results. Types, shapes, strides and alignment are checked
    before anything runs.

    If all tensors are in device memory and `milliseconds` is null, the call
    does not wait for a GPU; use diffLaunchSynchronize. Otherwise it waits. Such
    a call may be captured in a CUDA graph, unless it is the first one of its
    function on the stream, or its buffers must grow: then it allocates memory.
    `milliseconds`, unless null, receives the time of the kernels; for the
    simulator, it is the time of the simulation.

    If the checkers of a simulated device report findings, the call returns
    DIFF_LAUNCH_FINDINGS and does not copy results to the host. */
DiffLaunchStatus diffLaunchRun(DiffLaunchProgram *program, const char *function,
                               const DiffLaunchTensor *tensors, size_t count,
                               double *milliseconds);

/** Waits until all launches have completed. */
DiffLaunchStatus diffLaunchSynchronize(DiffLaunchDevice *device);

/*===-- Findings of a simulated device ------------------------------------===*/

/** Returns the number of findings of the last diffLaunchRun. */
size_t diffLaunchGetFindingCount(const DiffLaunchDevice *device);

/** Returns the text of a finding, one line, or null after the last one. It is
    valid until the next diffLaunchRun on the device. */
const char *diffLaunchGetFinding(const DiffLaunchDevice *device, size_t number);

/** Returns findings and counters of the last diffLaunchRun as JSON (with the
    keys of ptx-sim), or "" on a GPU. Valid until the next call with the device.
 */
const char *diffLaunchGetReport(DiffLaunchDevice *device);

/* NOLINTEND(modernize-use-using) */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_LAUNCH_H */
