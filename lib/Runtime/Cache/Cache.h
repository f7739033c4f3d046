//===- Cache.h - Compiled modules in memory and on disk ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Plain C++ and POSIX without MLIR and LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_RUNTIME_CACHE_CACHE_H
#define DIFF_LIB_RUNTIME_CACHE_CACHE_H

#include "Kernel.h"
#include "Store.h"
#include <functional>
#include <map>
#include <set>

namespace mlir::diff::cache {

struct Settings {
  std::string folder;
  std::string compiler;
  uint64_t limit = 0;
  /// Ends waiting and compiling early if it returns true. May be null.
  std::function<bool()> isInterrupted;
};

/// What to compile.
struct Request {
  /// The text or bytecode of a module.
  std::string module;
  std::string target;
  /// Options of diff-compile except for the chip.
  std::string options;
  bool wantCubin = false;
  /// A pass that runs first, or empty.
  std::string pass;

  /// The code for a CPU is an object file, which cannot be called.
  bool wantObject = false;

  bool isForGPU() const { return target.compare(0, 3, "sm_") == 0; }
  bool isForThisMachine() const { return target == "host"; }
};

/// Returns the key of a request. `compiler` identifies the file of the
/// compiler. `hostFeatures` are those of this CPU, which matter to code for the
/// host.
Key computeKey(const Request &request, const std::string &compiler,
               const std::string &hostFeatures);

enum class Origin { Memory, Disk, Compiled };

using KernelPtr = std::shared_ptr<const Kernel>;

/// Several threads may use a cache at once.
class Cache {
public:
  explicit Cache(Settings settings);
  ~Cache();

  /// Finds or compiles a module. Returns an empty string or an error message.
  std::string get(const Request &request, KernelPtr &kernel, Origin &origin);

  /// Forgets all kernels in memory and removes those on disk.
  void clear();

  const Store &getStore() const { return store; }

  struct Counts {
    uint64_t inMemory = 0, onDisk = 0, compiled = 0;
  };
  Counts getCounts() const;

private:
  friend class CacheRegistry;
  class Claim;

  struct Held {
    KernelPtr kernel;
    uint64_t used;
  };

  std::string compile(const Request &request, Entry &entry);
  std::string wait(const Key &key, Claim &claim, FileLock &lock,
                   KernelPtr &kernel, Origin &origin);
  KernelPtr findInMemory(const Key &key);
  KernelPtr findOnDisk(const Key &key);
  void hold(const Key &key, KernelPtr kernel);
  bool isInterrupted() const {
    return settings.isInterrupted && settings.isInterrupted();
  }

  Settings settings;
  Store store;
  /// The members below are guarded by the mutex of the registry.
  std::map<Key, Held> kernels;
  uint64_t heldBytes = 0;
  uint64_t uses = 0;
  /// Keys that a thread of this process is looking for on disk or compiling.
  std::set<Key> claimed;
  Counts counts;
};

} // namespace mlir::diff::cache

#endif // DIFF_LIB_RUNTIME_CACHE_CACHE_H
