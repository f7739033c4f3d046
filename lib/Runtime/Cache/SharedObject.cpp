//===- SharedObject.cpp - Loads code for this CPU -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code is loaded from a sealed file in memory, never from a file that
// another process may change: a file that is truncated while it is mapped kills
// the process.
//
//===----------------------------------------------------------------------===//

#include "SharedObject.h"
#include "Files.h"
#include "diff-c/Parallel.h"
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir::diff::cache;

static std::string getLoadError() {
  const char *error = ::dlerror();
  return error ? error : "unknown error";
}

/// Returns a file in memory that nobody can change.
static Descriptor makeSealedFile(const std::string &code) {
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif
  constexpr unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // Systems that forbid execution by default want the flag, old ones reject it.
  Descriptor file(::memfd_create("diff-kernel", flags | MFD_EXEC));
  if (!file)
    file = Descriptor(::memfd_create("diff-kernel", flags));
  constexpr int seals =
      F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (!file || !writeAll(file.get(), code.data(), code.size()) ||
      ::fcntl(file.get(), F_ADD_SEALS, seals) != 0)
    return Descriptor();
  return file;
}

/// Returns a path of an open file that no loaded library has: the loader
/// compares names, and descriptors are used again. `/.` and `//` in a path have
/// no meaning, and spell a number.
static std::string getUniquePath(int descriptor) {
  static std::atomic<uint32_t> count{0};
  uint32_t number = count++;
  std::string path = "/proc/self/fd";
  for (int bit = 0; bit < 32; ++bit)
    path += number >> bit & 1 ? "/." : "//";
  return path + "/" + std::to_string(descriptor);
}

/// Loads from a file that this function writes, and removes it.
static void *loadFromFile(const std::string &code, std::string folder,
                          std::string &error) {
  if (folder.empty())
    folder = getVariable("TMPDIR").empty() ? "/tmp" : getVariable("TMPDIR");
  // mkostemps replaces the X's.
  std::string path = folder + "/diff-kernel-XXXXXX.so";
  Descriptor file(::mkostemps(path.data(), 3, O_CLOEXEC));
  void *handle = nullptr;
  if (file && writeAll(file.get(), code.data(), code.size())) {
    handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle)
      error = getLoadError();
  } else {
    error = "cannot write '" + path + "': " + std::strerror(errno);
  }
  if (file)
    ::unlink(path.c_str());
  return handle;
}

SharedObject::~SharedObject() { ::dlclose(handle); }

std::string SharedObject::load(const std::string &code,
                               const std::string &folder,
                               std::unique_ptr<SharedObject> &object) {
  // The code names the parallel runtime by its SONAME. The loader finds it,
  // because this call makes it a part of the program.
  (void)diffParallelGetThreads();
  std::string error;
  void *handle = nullptr;
  // DIFF_CACHE_LOAD=file is for tests.
  if (getVariable("DIFF_CACHE_LOAD") != "file")
    if (Descriptor file = makeSealedFile(code)) {
      handle =
          ::dlopen(getUniquePath(file.get()).c_str(), RTLD_NOW | RTLD_LOCAL);
      if (!handle)
        error = getLoadError();
    }
  if (!handle)
    handle = loadFromFile(code, folder, error);
  if (!handle)
    return "the code cannot be loaded: " + error;
  object.reset(new SharedObject(handle));
  return "";
}

void *SharedObject::find(const std::string &symbol) const {
  return ::dlsym(handle, symbol.c_str());
}
