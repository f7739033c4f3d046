//===- CCache.cpp - C interface of the cache ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cache.h"
#include "diff-c/Cache.h"
#include <algorithm>
#include <cstring>
#include <exception>

using namespace mlir::diff::cache;

struct DiffCache {
  explicit DiffCache(Settings settings) : cache(std::move(settings)) {}
  Cache cache;
};

struct DiffCacheKernel {
  KernelPtr kernel;
  DiffCacheOrigin origin;
};

/// The last error of the calling thread.
static std::string &getLastError() {
  static thread_local std::string error;
  return error;
}

/// Keeps the message, in one line.
static DiffCacheStatus report(std::string error,
                              DiffCacheStatus status = DIFF_CACHE_ERROR) {
  if (error.empty())
    return DIFF_CACHE_SUCCESS;
  std::replace(error.begin(), error.end(), '\n', ' ');
  getLastError() = std::move(error);
  return status;
}

static DiffCacheStatus reportNull(const char *function, const char *argument) {
  return report(std::string(function) + ": " + argument + " is null",
                DIFF_CACHE_INVALID);
}

/// Runs a function that may run out of memory.
template <typename Function> static DiffCacheStatus guard(Function function) {
  try {
    return function();
  } catch (const std::exception &exception) {
    return report(std::string("out of memory: ") + exception.what());
  }
}

const char *diffCacheGetError(void) { return getLastError().c_str(); }

//===----------------------------------------------------------------------===//
// Caches
//===----------------------------------------------------------------------===//

DiffCacheOptions diffCacheGetDefaultOptions(void) {
  return {nullptr, nullptr, DIFF_CACHE_DEFAULT_BYTES, nullptr, nullptr};
}

/// Reads a number of bytes such as `512M`. Returns false if it is none.
static bool readBytes(const std::string &text, uint64_t &bytes) {
  size_t digits = text.find_first_not_of("0123456789");
  std::string suffix = digits == std::string::npos ? "" : text.substr(digits);
  static const std::string units = "KMG";
  size_t unit = suffix.empty() ? 0 : units.find(suffix[0]) + 1;
  if (digits == 0 || text.empty() || suffix.size() > 1 ||
      (!suffix.empty() && unit == 0) || text.size() > 12)
    return false;
  // At most 12 digits; a larger number of bytes is no limit.
  uint64_t number = std::stoull(text);
  bytes =
      number > (UINT64_MAX >> 10 * unit) ? UINT64_MAX - 1 : number << 10 * unit;
  return true;
}

DiffCacheStatus diffCacheOpen(const DiffCacheOptions *options,
                              DiffCache **cache) {
  if (!cache)
    return reportNull("diffCacheOpen", "cache");
  DiffCacheOptions given = options ? *options : diffCacheGetDefaultOptions();
  return guard([&] {
    Settings settings;
    settings.folder = given.folder ? given.folder : "";
    settings.compiler = given.compiler ? given.compiler : "";
    settings.limit = given.bytes;
    if (given.bytes == DIFF_CACHE_DEFAULT_BYTES) {
      std::string size = getVariable("DIFF_CACHE_SIZE");
      settings.limit = uint64_t(1) << 30;
      if (!size.empty() && !readBytes(size, settings.limit))
        return report("DIFF_CACHE_SIZE is '" + size +
                          "'; a number of bytes with or without the suffix K, "
                          "M or G is legal, such as 512M",
                      DIFF_CACHE_INVALID);
    }
    if (given.isInterrupted)
      settings.isInterrupted = [given] {
        return given.isInterrupted(given.userData) != 0;
      };
    *cache = new DiffCache(std::move(settings));
    return DIFF_CACHE_SUCCESS;
  });
}

void diffCacheClose(DiffCache *cache) { delete cache; }

const char *diffCacheGetFolder(const DiffCache *cache) {
  return cache ? cache->cache.getStore().getFolders().writable.c_str() : "";
}

const char *diffCacheGetProblem(const DiffCache *cache) {
  return cache ? cache->cache.getStore().getFolders().problem.c_str() : "";
}

DiffCacheStatus diffCacheGetCounts(const DiffCache *cache,
                                   DiffCacheCounts *counts) {
  if (!cache || !counts)
    return reportNull("diffCacheGetCounts", cache ? "counts" : "cache");
  Cache::Counts known = cache->cache.getCounts();
  *counts = {known.inMemory, known.onDisk, known.compiled,
             cache->cache.getStore().getRejected()};
  return DIFF_CACHE_SUCCESS;
}

DiffCacheStatus diffCacheClear(DiffCache *cache) {
  if (!cache)
    return reportNull("diffCacheClear", "cache");
  return guard([&] {
    cache->cache.clear();
    return DIFF_CACHE_SUCCESS;
  });
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

/// Returns true if the text is a plain word, which the compiler cannot read as
/// an option.
static bool isWord(const std::string &text) {
  return !text.empty() && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '_' || c == '-';
         });
}

static std::string checkRequest(const DiffCacheRequest &request) {
  std::string target = request.target;
  if (!isWord(target))
    return "the target is '" + target +
           "'; host and the names of CPUs and GPUs, such as x86-64-v3 and "
           "sm_90a, are legal";
  if (request.pass && *request.pass && !isWord(request.pass))
    return "the pass is '" + std::string(request.pass) +
           "'; names such as convert-diff-to-linalg are legal";
  if (request.moduleSize > kMaxEntryBytes)
    return "the module has " + std::to_string(request.moduleSize) +
           " bytes; up to " + std::to_string(kMaxEntryBytes) + " are legal";
  if (request.wantCubin && target.compare(0, 3, "sm_") != 0)
    return "a cubin was requested for the target '" + target +
           "', which is no GPU";
  if (request.wantObject && target.compare(0, 3, "sm_") == 0)
    return "an object was requested for the target '" + target +
           "', which is a GPU";
  return "";
}

DiffCacheStatus diffCacheCompile(DiffCache *cache,
                                 const DiffCacheRequest *request,
                                 DiffCacheKernel **kernel) {
  const char *missing = !cache             ? "cache"
                        : !request         ? "request"
                        : !kernel          ? "kernel"
                        : !request->target ? "request->target"
                        : !request->module && request->moduleSize
                            ? "request->module"
                            : nullptr;
  if (missing)
    return reportNull("diffCacheCompile", missing);
  return guard([&] {
    std::string error = checkRequest(*request);
    if (!error.empty())
      return report(error, DIFF_CACHE_INVALID);
    Request wanted;
    if (request->moduleSize)
      wanted.module.assign(request->module, request->moduleSize);
    wanted.target = request->target;
    wanted.options = request->options ? request->options : "";
    wanted.wantCubin = request->wantCubin != 0;
    wanted.wantObject = request->wantObject != 0;
    wanted.pass = request->pass ? request->pass : "";
    KernelPtr found;
    Origin origin = Origin::Memory;
    error = cache->cache.get(wanted, found, origin);
    if (!error.empty())
      return report(error);
    *kernel = new DiffCacheKernel{
        std::move(found), origin == Origin::Memory ? DIFF_CACHE_FROM_MEMORY
                          : origin == Origin::Disk ? DIFF_CACHE_FROM_DISK
                                                   : DIFF_CACHE_FROM_COMPILER};
    return DIFF_CACHE_SUCCESS;
  });
}

void diffCacheRelease(DiffCacheKernel *kernel) { delete kernel; }

DiffCacheOrigin diffCacheGetOrigin(const DiffCacheKernel *kernel) {
  return kernel ? kernel->origin : DIFF_CACHE_FROM_MEMORY;
}

const char *diffCacheGetCallProblem(const DiffCacheKernel *kernel) {
  return kernel ? kernel->kernel->getProblem().c_str() : "";
}

static const char *getBytes(const std::string *bytes, size_t *size) {
  if (size)
    *size = bytes ? bytes->size() : 0;
  return bytes ? bytes->c_str() : "";
}

const char *diffCacheGetManifest(const DiffCacheKernel *kernel, size_t *size) {
  return getBytes(kernel ? &kernel->kernel->getEntry().manifest : nullptr,
                  size);
}

const void *diffCacheGetCode(const DiffCacheKernel *kernel, size_t *size) {
  return getBytes(kernel ? &kernel->kernel->getEntry().code : nullptr, size);
}

DiffCacheStatus diffCacheCall(const DiffCacheKernel *kernel,
                              const char *function,
                              const DiffLaunchTensor *tensors, size_t count) {
  if (!kernel || (!tensors && count))
    return reportNull("diffCacheCall", kernel ? "tensors" : "kernel");
  return guard([&] {
    bool isInvalid = false;
    std::string error =
        kernel->kernel->call(function, tensors, count, isInvalid);
    return report(std::move(error),
                  isInvalid ? DIFF_CACHE_INVALID : DIFF_CACHE_ERROR);
  });
}
