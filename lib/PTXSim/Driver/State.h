//===- State.h - The state of the driver library ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One device, its contexts and their objects. All work completes within the
// call that requests it, under one lock. Errors inside a kernel are stored in
// the context and returned when a program waits for it, as in a real driver.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_DRIVER_STATE_H
#define PTXSIM_DRIVER_STATE_H

#include "Driver/Api.h"
#include "Driver/Settings.h"
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <set>
#include <string>
#include <vector>

namespace ptxsim::driver {

/// The number of the next handle of any kind.
uintptr_t takeNumber();

/// Objects by handle.
template <class Handle, class Object> class Table {
public:
  Handle add(std::unique_ptr<Object> object) {
    Handle handle = reinterpret_cast<Handle>(takeNumber());
    objects.emplace(reinterpret_cast<uintptr_t>(handle), std::move(object));
    return handle;
  }
  /// Returns null for destroyed handles and handles of other objects.
  Object *find(const void *handle) const {
    auto found = objects.find(reinterpret_cast<uintptr_t>(handle));
    return found == objects.end() ? nullptr : found->second.get();
  }
  bool erase(const void *handle) {
    return objects.erase(reinterpret_cast<uintptr_t>(handle)) != 0;
  }
  /// Erases the objects for which `test` is true.
  template <class Test> void eraseIf(Test test) {
    for (auto it = objects.begin(); it != objects.end();)
      it = test(*it->second) ? objects.erase(it) : std::next(it);
  }

private:
  std::map<uintptr_t, std::unique_ptr<Object>> objects;
};

struct Stream {
  CUcontext context;
  unsigned flags = 0;
  int priority = 0;
  unsigned long long id = 0;
};

struct Event {
  CUcontext context;
  unsigned flags = 0;
  bool recorded = false;
  std::chrono::steady_clock::time_point time;
};

/// The settings of a kernel.
struct KernelSettings {
  int maxDynamicShared = 0;
  int carveout = -1;
  int nonPortableCluster = 0;
  int clusterScheduling = 0;
};

struct LoadedCode {
  CUcontext context;
  std::shared_ptr<const Module> module;
  std::unique_ptr<LoadedModule> loaded;
  /// By name, created on first use.
  std::map<std::string, CUfunction, std::less<>> functions;
  /// The library that was loaded into the context, or null.
  CUlibrary library = nullptr;
};

struct LoadedFunction {
  CUmodule module;
  const KernelInfo *info;
  std::shared_ptr<KernelSettings> settings;
};

struct Library {
  std::shared_ptr<const Module> module;
  std::map<std::string, CUkernel, std::less<>> kernels;
  /// The context in which it was loaded.
  std::map<CUcontext, CUmodule> instances;
};

struct Kernel {
  CUlibrary library;
  const KernelInfo *info;
  std::shared_ptr<KernelSettings> settings;
};

struct Context {
  CUcontext handle = nullptr;
  unsigned flags = 0;
  uint64_t id = 0;
  unsigned apiVersion = 3020;
  bool isPrimary = false;
  bool isAlive = true;     // a primary context may be inactive
  unsigned references = 0; // of a primary context
  int cacheConfig = 0;
  int sharedConfig = 1;
  std::map<int, size_t> limits;

  /// The error of a kernel. It is permanent: the context is unusable after it.
  CUresult fault = CUDA_SUCCESS;
  bool faultTold = false;
};

struct Pool {
  bool isDefault = false;
  uint64_t reuse[3] = {1, 1, 1}; // the three REUSE attributes
  uint64_t releaseThreshold = 0;
  uint64_t used = 0;
  uint64_t usedHigh = 0;
};

struct DeviceBlock {
  CUcontext context; // null: of a pool, which outlives contexts
  uint64_t bytes;
  uint64_t id;
  CUmemoryPool pool = nullptr;
  bool syncMemops = false;
};

struct HostBlock {
  CUcontext context;
  uint64_t bytes;
  uint64_t id;
  unsigned flags;
  bool isRegistered; // the program's own memory
};

struct Driver {
  std::mutex lock;
  bool isInitialized = false;
  Settings settings;
  std::unique_ptr<Device> device;

  Table<CUcontext, Context> contexts;
  Table<CUstream, Stream> streams;
  Table<CUevent, Event> events;
  Table<CUmodule, LoadedCode> modules;
  Table<CUfunction, LoadedFunction> functions;
  Table<CUlibrary, Library> libraries;
  Table<CUkernel, Kernel> kernels;
  Table<CUmemoryPool, Pool> pools;

  CUcontext primary = nullptr;
  CUmemoryPool defaultPool = nullptr;
  CUmemoryPool currentPool = nullptr;
  std::map<CUdeviceptr, DeviceBlock> deviceBlocks;
  std::map<uintptr_t, HostBlock> hostBlocks;
  uint64_t nextId = 1;
  /// Findings that were printed: kernel, line, kind and the line's text.
  std::set<std::string> toldFindings;

  static Driver &get();
  const Chip &getChip() const { return *settings.chip; }
  uint64_t getMemoryBytes() const { return getBoard(getChip()).memoryBytes; }
};

/// The calling thread's stack of contexts.
std::vector<CUcontext> &getContextStack();

/// The behavior of a call in a context in which a kernel failed.
enum class Use {
  Query, // does not use the device: still succeeds
  Queue, // would be queued: ignored unless the fault was reported before
  Wait,  // reports the fault
};

/// Returns the current context of the thread. Returns an error, or success
/// without a context, if the call must return this status.
CUresult getCurrent(Driver &driver, Use use, Context *&context);

template <class Body> CUresult guard(Body body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc &) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  } catch (...) {
    return CUDA_ERROR_UNKNOWN;
  }
}

/// Runs `body(driver)` with the lock, after cuInit only.
template <class Body> CUresult withDriver(Body body) noexcept {
  return guard([&]() -> CUresult {
    Driver &driver = Driver::get();
    std::lock_guard<std::mutex> held(driver.lock);
    if (!driver.isInitialized)
      return CUDA_ERROR_NOT_INITIALIZED;
    return body(driver);
  });
}

/// The same for device 0, the only one.
template <class Body> CUresult withDevice(CUdevice device, Body body) noexcept {
  return withDriver([&](Driver &driver) -> CUresult {
    return device == 0 ? body(driver) : CUDA_ERROR_INVALID_DEVICE;
  });
}

/// Runs `body(driver, context)` in the context of the thread.
template <class Body> CUresult withContext(Use use, Body body) noexcept {
  return withDriver([&](Driver &driver) -> CUresult {
    Context *context = nullptr;
    CUresult result = getCurrent(driver, use, context);
    return context ? body(driver, *context) : result;
  });
}

/// Frees all objects of a context.
void destroyResources(Driver &driver, const Context &context);
/// Frees a device allocation.
void freeBlock(Driver &driver, CUdeviceptr base);

/// Returns the stream of a handle, which may be a default stream.
CUresult findStream(Driver &driver, const Context &context, CUstream handle,
                    Stream &stream);

/// Returns true if an address is in the range of device memory, which excludes
/// host memory.
bool isDeviceAddress(uint64_t address);

/// Allocates device memory. Either the context or the pool is null.
CUresult allocateBlock(Driver &driver, CUcontext owner, CUmemoryPool pool,
                       uint64_t bytes, CUdeviceptr &pointer);
/// Returns the block that holds the address, or null.
const std::pair<const CUdeviceptr, DeviceBlock> *findBlock(const Driver &driver,
                                                           uint64_t address);
const std::pair<const uintptr_t, HostBlock> *findHostBlock(const Driver &driver,
                                                           uint64_t address);

/// Prints the reason why a call was rejected on standard error.
void explain(const std::string &message);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_STATE_H
