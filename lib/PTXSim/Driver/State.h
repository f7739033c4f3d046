//===- State.h - What the driver library knows ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One device, its contexts and what belongs to them. Everything runs to its end
// within the call that asks for it, under one lock. What goes wrong inside a
// kernel is kept with the context and told when a program waits for it, as a
// real driver does.
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

/// The number of the next handle, of whatever kind.
uintptr_t takeNumber();

/// Objects by handle.
template <class Handle, class Object> class Table {
public:
  Handle add(std::unique_ptr<Object> object) {
    Handle handle = reinterpret_cast<Handle>(takeNumber());
    objects.emplace(reinterpret_cast<uintptr_t>(handle), std::move(object));
    return handle;
  }
  /// Null for a handle of anything else, or one that was destroyed.
  Object *find(const void *handle) const {
    auto found = objects.find(reinterpret_cast<uintptr_t>(handle));
    return found == objects.end() ? nullptr : found->second.get();
  }
  bool erase(const void *handle) {
    return objects.erase(reinterpret_cast<uintptr_t>(handle)) != 0;
  }
  /// Erases those that `test` holds of.
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

/// What a program may set of a kernel.
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
  /// By name, made when they are first asked for.
  std::map<std::string, CUfunction, std::less<>> functions;
  /// Of a library that was loaded into the context, else null.
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
  /// Where it was loaded.
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
  bool isAlive = true;     // a primary one may be not
  unsigned references = 0; // of a primary one
  int cacheConfig = 0;
  int sharedConfig = 1;
  std::map<int, size_t> limits;

  /// What a kernel did wrong. It stays: after it, nothing works in the context.
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

/// How a call bears a context in which a kernel went wrong.
enum class Use {
  Query, // it does not touch the device: answers all the same
  Queue, // it would be queued: vanishes unless the fault was told before
  Wait,  // tells the fault
};

/// The context that is current to the thread, and may be used like that. An
/// error, or success without a context, is what the call is to return.
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

/// Runs `body(driver)` under the lock, after cuInit only.
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

/// Runs `body(driver, context)` in the thread's context.
template <class Body> CUresult withContext(Use use, Body body) noexcept {
  return withDriver([&](Driver &driver) -> CUresult {
    Context *context = nullptr;
    CUresult result = getCurrent(driver, use, context);
    return context ? body(driver, *context) : result;
  });
}

/// Frees all that belongs to a context.
void destroyResources(Driver &driver, const Context &context);
/// Gives a device allocation back.
void freeBlock(Driver &driver, CUdeviceptr base);

/// The stream of a handle, one of the three default ones included.
CUresult findStream(Driver &driver, const Context &context, CUstream handle,
                    Stream &stream);

/// Whether an address lies where the device's memory can be: the host's never
/// does.
bool isDeviceAddress(uint64_t address);

/// Allocates device memory. The context or the pool is null.
CUresult allocateBlock(Driver &driver, CUcontext owner, CUmemoryPool pool,
                       uint64_t bytes, CUdeviceptr &pointer);
/// The block that holds the address, or null.
const std::pair<const CUdeviceptr, DeviceBlock> *findBlock(const Driver &driver,
                                                           uint64_t address);
const std::pair<const uintptr_t, HostBlock> *findHostBlock(const Driver &driver,
                                                           uint64_t address);

/// Says on standard error why a call was refused.
void explain(const std::string &message);

} // namespace ptxsim::driver

#endif // PTXSIM_DRIVER_STATE_H
