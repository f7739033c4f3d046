/*===- diff-c/Launch.h - C interface to the launcher --------------*- C -*-===*\
|*                                                                            *|
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception                    *|
|*                                                                            *|
|* Launches what diff-opt compiled: a manifest with PTX or a cubin, on a GPU  *|
|* or in the simulator. Nothing of MLIR or LLVM is needed; link DiffLaunch.   *|
|*                                                                            *|
|* Every function that may fail returns a status; diffLaunchGetError has the  *|
|* message. A device and its programs are used by one thread at a time;       *|
|* different devices are independent.                                         *|
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
  /** Something is wrong; what the call fills in is as it was. */
  DIFF_LAUNCH_ERROR = 1,
  /** The kernels ran, and the simulator's checkers found something. */
  DIFF_LAUNCH_FINDINGS = 2
} DiffLaunchStatus;

/** A GPU or a simulated one. */
typedef struct DiffLaunchDevice DiffLaunchDevice;
/** Compiled functions on a device. */
typedef struct DiffLaunchProgram DiffLaunchProgram;

/** The message of the calling thread's last call that failed, "" when none
    did. It is valid until that thread's next call. */
const char *diffLaunchGetError(void);

/*===-- Devices -----------------------------------------------------------===*/

/** How the simulator runs kernels. Begin with diffLaunchGetDefaultSimOptions:
    later versions may add members. */
typedef struct DiffLaunchSimOptions {
  /** The checkers: "all", "none" or a list of memory, init, race, sync and
      async, such as "memory,race". */
  const char *check;
  /** When asynchronous copies take effect: "late", "eager" or "random". */
  const char *async;
  /** Of what is random. */
  uint64_t seed;
  /** Not 0: count what the kernels cost, for the report. */
  int profile;
  /** Threads of the host; 0: one for each core. */
  unsigned threads;
} DiffLaunchSimOptions;

/** All checkers, late copies, no counters. */
DiffLaunchSimOptions diffLaunchGetDefaultSimOptions(void);

/** Makes a simulated GPU of a chip such as "sm_90a". `options` may be null. */
DiffLaunchStatus diffLaunchOpenSim(const char *chip,
                                   const DiffLaunchSimOptions *options,
                                   DiffLaunchDevice **device);

/** Opens the GPU of that number, in its primary context. `library` is the
    driver's, null for libcuda.so.1. `stream` is the CUstream of launches, null
    for the default one; it belongs to the primary context. */
DiffLaunchStatus diffLaunchOpenCuda(int ordinal, const char *library,
                                    void *stream, DiffLaunchDevice **device);

/** Closes a device. Its programs must have been unloaded; its memory is gone.
    Null is legal. */
void diffLaunchClose(DiffLaunchDevice *device);

/** The device's name for people, valid as long as the device. */
const char *diffLaunchGetName(const DiffLaunchDevice *device);

/*===-- Memory of a device ------------------------------------------------===*/

/** Allocates memory, whose contents are undefined, aligned for every tensor.
    An address is no pointer of the host. */
DiffLaunchStatus diffLaunchAllocate(DiffLaunchDevice *device, uint64_t bytes,
                                    uint64_t *address);
DiffLaunchStatus diffLaunchFree(DiffLaunchDevice *device, uint64_t address);
DiffLaunchStatus diffLaunchCopyToDevice(DiffLaunchDevice *device, uint64_t to,
                                        const void *from, uint64_t bytes);
DiffLaunchStatus diffLaunchCopyToHost(DiffLaunchDevice *device, void *to,
                                      uint64_t from, uint64_t bytes);

/*===-- Programs ----------------------------------------------------------===*/

/** Loads compiled functions. `manifest` is the JSON text that diff-opt wrote,
    `code` PTX text or, on a GPU, a cubin; neither needs a zero at its end. Both
    may go when the call returns. */
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
  /** Of offsets of sequences. */
  DIFF_LAUNCH_I32
} DiffLaunchType;

typedef enum DiffLaunchMemory {
  /** `data` is an address of the device's memory. */
  DIFF_LAUNCH_DEVICE,
  /** `data` is a pointer of the host: the elements are copied to the device for
      the launch, and a result's are copied back. */
  DIFF_LAUNCH_HOST
} DiffLaunchMemory;

/** A tensor that is an argument or receives a result. */
typedef struct DiffLaunchTensor {
  /** The address of the first element, or (uint64_t)(uintptr_t)pointer. */
  uint64_t data;
  DiffLaunchMemory memory;
  DiffLaunchType type;
  /** How many dimensions there are. */
  size_t rank;
  /** A size for each dimension. */
  const int64_t *shape;
  /** A stride in elements for each dimension; null for an array in C order. */
  const int64_t *strides;
} DiffLaunchTensor;

/** Launches a function, all of whose kernels run in order. `tensors` are its
    arguments, then its results. Types, shapes, strides and alignment are
    checked before anything runs.

    With tensors in the device's memory alone and no `milliseconds`, the call
    does not wait for a GPU: diffLaunchSynchronize does. Otherwise it waits.
    `milliseconds`, unless null, receives the time of the kernels; the simulator
    tells how long it took itself.

    A simulated device whose checkers find something returns
    DIFF_LAUNCH_FINDINGS; results are then not copied to the host. */
DiffLaunchStatus diffLaunchRun(DiffLaunchProgram *program, const char *function,
                               const DiffLaunchTensor *tensors, size_t count,
                               double *milliseconds);

/** Waits until everything that was launched has ended. */
DiffLaunchStatus diffLaunchSynchronize(DiffLaunchDevice *device);

/*===-- What a simulated device found -------------------------------------===*/

/** How many things the checkers found in the last diffLaunchRun. */
size_t diffLaunchGetFindingCount(const DiffLaunchDevice *device);

/** The text of a finding, one line; null beyond the last one. Valid until the
    next diffLaunchRun on the device. */
const char *diffLaunchGetFinding(const DiffLaunchDevice *device, size_t number);

/** Findings and counters of the last diffLaunchRun as JSON (the keys are those
    of ptx-sim), "" on a GPU. Valid until the next call with the device. */
const char *diffLaunchGetReport(DiffLaunchDevice *device);

/* NOLINTEND(modernize-use-using) */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* DIFF_C_LAUNCH_H */
