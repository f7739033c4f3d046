//===- Cache.cpp - Compiled modules in memory and on disk -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cache.h"
#include "CompilerProcess.h"
#include "HostFeatures.h"
#include <algorithm>
#include <mutex>
#include <pthread.h>
#include <time.h>

using namespace mlir::diff::cache;

/// Kernels in memory beyond this size are forgotten, the least recently used
/// ones first, unless somebody else holds them.
static constexpr uint64_t kMaxHeldBytes = uint64_t(256) << 20;

//===----------------------------------------------------------------------===//
// Forks
//===----------------------------------------------------------------------===//

namespace mlir::diff::cache {
/// All caches, whose members one mutex guards, so that no thread is in the
/// middle of a change when another one forks.
class CacheRegistry {
public:
  static CacheRegistry &get() {
    // Never destroyed, because forks may happen during the exit.
    static auto *registry = [] {
      auto *created = new CacheRegistry;
      pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); },
                     [] { get().finishForkInChild(); });
      return created;
    }();
    return *registry;
  }

  std::mutex mutex;
  std::set<Cache *> caches;

private:
  /// The threads that claimed keys do not exist in the child.
  void finishForkInChild() {
    for (Cache *cache : caches)
      cache->claimed.clear();
    mutex.unlock();
  }
};
} // namespace mlir::diff::cache

using Guard = std::lock_guard<std::mutex>;

static std::mutex &getMutex() { return CacheRegistry::get().mutex; }

Cache::Cache(Settings given)
    : settings(std::move(given)),
      store(selectFolders(settings.folder), settings.limit) {
  Guard guard(getMutex());
  CacheRegistry::get().caches.insert(this);
}

Cache::~Cache() {
  Guard guard(getMutex());
  CacheRegistry::get().caches.erase(this);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static uint64_t getBytes(const Kernel &kernel) {
  return kernel.getEntry().manifest.size() + kernel.getEntry().code.size();
}

KernelPtr Cache::findInMemory(const Key &key) {
  auto found = kernels.find(key);
  if (found == kernels.end())
    return nullptr;
  found->second.used = ++uses;
  return found->second.kernel;
}

void Cache::hold(const Key &key, KernelPtr kernel) {
  // Kernels are unloaded without the mutex.
  std::vector<KernelPtr> forgotten;
  Guard guard(getMutex());
  heldBytes += getBytes(*kernel);
  kernels[key] = {std::move(kernel), ++uses};
  while (heldBytes > kMaxHeldBytes && kernels.size() > 1) {
    auto oldest = std::min_element(kernels.begin(), kernels.end(),
                                   [](const auto &a, const auto &b) {
                                     return a.second.used < b.second.used;
                                   });
    heldBytes -= getBytes(*oldest->second.kernel);
    forgotten.push_back(std::move(oldest->second.kernel));
    kernels.erase(oldest);
  }
}

void Cache::clear() {
  std::map<Key, Held> forgotten;
  {
    Guard guard(getMutex());
    forgotten.swap(kernels);
    heldBytes = 0;
  }
  store.clear();
}

Cache::Counts Cache::getCounts() const {
  Guard guard(getMutex());
  return counts;
}

KernelPtr Cache::findOnDisk(const Key &key) {
  Entry entry;
  KernelPtr kernel;
  // An entry that cannot be loaded is compiled again.
  if (store.find(key, entry))
    Kernel::load(std::move(entry), store.getFolders().writable, kernel);
  return kernel;
}

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

Key mlir::diff::cache::computeKey(const Request &request,
                                  const std::string &compiler,
                                  const std::string &hostFeatures) {
  Sha256 hash;
  // The version of the project and, for builds of one version, the file of the
  // compiler.
  hash.updateSized("diff-mlir " DIFF_VERSION);
  hash.updateSized(compiler);
  hash.updateSized(request.target);
  hash.updateSized(request.options);
  hash.updateSized(request.wantCubin    ? "cubin"
                   : request.wantObject ? "object"
                                        : "");
  hash.updateSized(request.pass);
  hash.updateSized(request.isForThisMachine() ? hostFeatures : "");
  hash.updateSized(request.module);
  return hash.finish();
}

/// Returns the message of the compiler: its first error without the words that
/// every message has, or else how it ended.
static std::string getCompilerError(const std::string &compiler,
                                    const std::string &pass,
                                    const ProcessResult &result) {
  const std::string marker = "error: ", &text = result.errors;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    size_t found = line.find(marker);
    if (found != std::string::npos && result.failure != "was interrupted") {
      std::string place = line.substr(0, found);
      const std::string input = "<stdin>:", nowhere = input + "0:0: ";
      if (place == nowhere)
        place = "";
      else if (place.compare(0, input.size(), input) == 0)
        place = "line " + place.substr(input.size());
      std::string message = line.substr(found + marker.size());
      // The compiler takes the pass as an option.
      if (message.find("command line argument '--" + pass + "'") !=
          std::string::npos)
        return "the compiler knows no pass '" + pass + "'";
      return place + message;
    }
    begin = end + 1;
  }
  std::string how = result.failure.empty() ? "wrote no code" : result.failure;
  return "the compiler '" + compiler + "' " + how;
}

/// Reads one output of the compiler, a line `KIND BYTES` and so many bytes, and
/// advances the position.
static bool readOutput(const std::string &text, const std::string &kind,
                       size_t &position, std::string &bytes) {
  size_t end = text.find('\n', position);
  if (end == std::string::npos ||
      text.compare(position, kind.size() + 1, kind + " ") != 0)
    return false;
  std::string number =
      text.substr(position + kind.size() + 1, end - position - kind.size() - 1);
  if (number.empty() || number.size() > 12 ||
      number.find_first_not_of("0123456789") != std::string::npos)
    return false;
  size_t size = std::stoull(number);
  if (size > text.size() - end - 1)
    return false;
  bytes = text.substr(end + 1, size);
  position = end + 1 + size;
  return true;
}

/// Waits a little longer each time, so that many waiting processes cost little.
static void pauseBefore(unsigned attempt) {
  const timespec time{0, std::min(1L << std::min(attempt, 6u), 50L) * 1000000L};
  ::nanosleep(&time, nullptr);
}

static const char kInterrupted[] = "the compilation was interrupted";

std::string Cache::compile(const Request &request, Entry &entry) {
  std::string error;
  std::string compiler = findCompiler(settings.compiler, error);
  if (compiler.empty())
    return error;
  FileLock place;
  for (unsigned attempt = 0; store.lockPlace(place) == FileLock::Result::Busy;
       ++attempt) {
    if (isInterrupted())
      return kInterrupted;
    pauseBefore(attempt);
  }
  std::string code = request.isForGPU() ? (request.wantCubin ? "cubin" : "ptx")
                     : request.wantObject ? "object"
                                          : "library";
  std::vector<std::string> command{compiler};
  if (!request.pass.empty())
    command.push_back("--" + request.pass);
  command.push_back("--diff-compile=chip=" + request.target);
  if (!request.options.empty())
    command.back() += " " + request.options;
  command.insert(command.end(), {"--emit=manifest," + code, "-"});
  // The compiler holds the place, too, so that it keeps it when this process is
  // killed.
  ProcessResult result =
      runProcess(command, request.module, place.getDescriptor(),
                 [this] { return isInterrupted(); });
  size_t position = 0;
  if (!result.failure.empty() ||
      !readOutput(result.output, "manifest", position, entry.manifest) ||
      !readOutput(result.output, code, position, entry.code) ||
      position != result.output.size())
    return getCompilerError(compiler, request.pass, result);
  return "";
}

//===----------------------------------------------------------------------===//
// Lookup
//===----------------------------------------------------------------------===//

/// The right of a thread to look for a key on disk and to compile it.
class Cache::Claim {
public:
  Claim(Cache &cache, const Key &key) : cache(cache), key(key) {}
  ~Claim() {
    Guard guard(getMutex());
    if (isHeld)
      cache.claimed.erase(key);
  }
  /// The mutex must be locked.
  bool tryHold() { return isHeld = cache.claimed.insert(key).second; }

private:
  Cache &cache;
  const Key &key;
  bool isHeld = false;
};

/// Waits until this thread may compile the key, or until the kernel is there.
std::string Cache::wait(const Key &key, Claim &claim, FileLock &lock,
                        KernelPtr &kernel, Origin &origin) {
  // Other threads of this process.
  for (unsigned attempt = 0;; ++attempt) {
    {
      Guard guard(getMutex());
      kernel = findInMemory(key);
      origin = Origin::Memory;
      if (kernel || claim.tryHold())
        break;
    }
    if (isInterrupted())
      return kInterrupted;
    pauseBefore(attempt);
  }
  // Other processes.
  for (unsigned attempt = 0; !kernel; ++attempt) {
    origin = Origin::Disk;
    if (attempt == 0 || store.mayContain(key))
      kernel = findOnDisk(key);
    if (kernel)
      break;
    if (store.lockKey(key, lock) != FileLock::Result::Busy) {
      // Another process may have compiled it before this one got the lock.
      if (store.mayContain(key))
        kernel = findOnDisk(key);
      break;
    }
    if (isInterrupted())
      return kInterrupted;
    pauseBefore(attempt);
  }
  return "";
}

std::string Cache::get(const Request &request, KernelPtr &kernel,
                       Origin &origin) {
  std::string ignored;
  std::string compiler = findCompiler(settings.compiler, ignored);
  Key key =
      computeKey(request, compiler.empty() ? "" : identifyCompiler(compiler),
                 getHostFeatures());
  Claim claim(*this, key);
  FileLock lock;
  std::string error = wait(key, claim, lock, kernel, origin);
  if (!error.empty())
    return error;
  if (!kernel) {
    Entry entry;
    origin = Origin::Compiled;
    error = compile(request, entry);
    if (error.empty())
      error =
          Kernel::load(std::move(entry), store.getFolders().writable, kernel);
    if (!error.empty())
      return error;
    store.add(key, kernel->getEntry());
  }
  if (origin != Origin::Memory)
    hold(key, kernel);
  Guard guard(getMutex());
  ++(origin == Origin::Memory ? counts.inMemory
     : origin == Origin::Disk ? counts.onDisk
                              : counts.compiled);
  return "";
}
