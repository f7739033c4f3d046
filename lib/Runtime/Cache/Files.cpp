//===- Files.cpp - Files of the cache -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Files.h"
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace mlir::diff::cache;

void Descriptor::reset(int other) {
  if (number >= 0)
    ::close(number);
  number = other;
}

namespace {
/// Blocks SIGXFSZ, which a write beyond RLIMIT_FSIZE raises in its thread, and
/// takes a raised signal back.
class SizeSignalGuard {
public:
  SizeSignalGuard() {
    sigset_t before;
    sigemptyset(&only);
    sigaddset(&only, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &only, &before);
    wasBlocked = sigismember(&before, SIGXFSZ);
  }
  ~SizeSignalGuard() {
    if (wasBlocked)
      return;
    int error = errno;
    const timespec now{};
    while (sigtimedwait(&only, nullptr, &now) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
    errno = error;
  }

private:
  sigset_t only;
  bool wasBlocked;
};
} // namespace

bool mlir::diff::cache::writeAll(int descriptor, const char *data,
                                 size_t size) {
  SizeSignalGuard guard;
  while (size) {
    ssize_t written = ::write(descriptor, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    data += written;
    size -= size_t(written);
  }
  return true;
}

bool mlir::diff::cache::readAll(int descriptor, size_t limit,
                                std::string &bytes) {
  struct stat status{};
  bytes.clear();
  if (::fstat(descriptor, &status) == 0 && status.st_size > 0 &&
      size_t(status.st_size) <= limit)
    bytes.reserve(size_t(status.st_size) + 1);
  char part[65536];
  for (;;) {
    ssize_t count = ::read(descriptor, part, sizeof(part));
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return count == 0;
    if (bytes.size() + size_t(count) > limit)
      return false;
    bytes.append(part, size_t(count));
  }
}

Descriptor mlir::diff::cache::openTrusted(const std::string &path,
                                          struct stat &status) {
  // Without blocking, because a pipe may have the name of an entry.
  Descriptor file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      (status.st_uid != ::geteuid() && status.st_uid != 0) ||
      (status.st_mode & (S_IWGRP | S_IWOTH)))
    return Descriptor();
  return file;
}

std::string mlir::diff::cache::getVariable(const char *name) {
  const char *value = std::getenv(name);
  return value ? value : "";
}

/// Creates a folder and those above it.
static bool createFolders(const std::string &path) {
  for (size_t end = 1; end <= path.size(); ++end)
    if (end == path.size() || path[end] == '/')
      if (::mkdir(path.substr(0, end).c_str(), 0700) != 0 && errno != EEXIST &&
          end == path.size())
        return false;
  return true;
}

enum class Access { None, Read, Write };

/// Returns what may be done with a folder, which is created if it is missing.
static Access checkFolder(const std::string &path, std::string &problem) {
  if (!createFolders(path)) {
    problem = "cannot create '" + path + "': " + std::strerror(errno);
    return Access::None;
  }
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status{};
  if (!folder || ::fstat(folder.get(), &status) != 0) {
    problem = "cannot open '" + path + "': " + std::strerror(errno);
    return Access::None;
  }
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    problem = "'" + path + "' belongs to another user (" +
              std::to_string(status.st_uid) + ")";
    return Access::None;
  }
  if (status.st_uid != ::geteuid() ||
      ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
    problem = "'" + path + "' cannot be written by this user";
    return Access::Read;
  }
  return Access::Write;
}

/// Returns a folder below TMPDIR that only this user can write to, or empty.
static std::string getTemporaryFolder() {
  std::string base = getVariable("TMPDIR");
  if (base.empty() || base[0] != '/')
    base = "/tmp";
  std::string path = base + "/diff-mlir-" + std::to_string(::geteuid());
  struct stat status{};
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return "";
  // Another user may have created it, or a link.
  if (::lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
      status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) ||
      ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    return "";
  return path;
}

static std::string getFirstChoice(const std::string &given) {
  if (!given.empty())
    return given;
  std::string path = getVariable("DIFF_CACHE_DIR");
  if (!path.empty())
    return path;
  // Relative paths are not legal in these variables and ignored.
  path = getVariable("XDG_CACHE_HOME");
  if (!path.empty() && path[0] == '/')
    return path + "/diff-mlir";
  path = getVariable("HOME");
  if (!path.empty() && path[0] == '/')
    return path + "/.cache/diff-mlir";
  return "";
}

Folders mlir::diff::cache::selectFolders(const std::string &given) {
  Folders folders;
  std::string first = getFirstChoice(given);
  Access access = Access::None;
  if (first.empty())
    folders.problem = "no folder is given and HOME is not set";
  else
    access = checkFolder(first, folders.problem);
  // The current folder of the process may change.
  if (access != Access::None && first[0] != '/')
    if (char *absolute = ::realpath(first.c_str(), nullptr)) {
      first = absolute;
      std::free(absolute);
    }
  if (access != Access::None)
    folders.readable.push_back(first);
  folders.writable = access == Access::Write ? first : getTemporaryFolder();
  if (access != Access::Write && !folders.writable.empty())
    folders.readable.push_back(folders.writable);
  return folders;
}
