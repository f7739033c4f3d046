//===- Locks.cpp - Locks between processes --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Locks of open file descriptions (F_OFD_SETLK). The locks of flock would
// belong to forked children, too, and outlive this process; those of lockf end
// when any descriptor of the file is closed.
//
//===----------------------------------------------------------------------===//

#include "Locks.h"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <unistd.h>

using namespace mlir::diff::cache;

/// Length 0 is the rest of the file. Returns false and sets errno on failure.
static bool setLock(int descriptor, short type, uint64_t position,
                    uint64_t length) {
  struct flock range{};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = off_t(position);
  range.l_len = off_t(length);
  int status = 0;
  do
    status = ::fcntl(descriptor, F_OFD_SETLK, &range);
  while (status != 0 && errno == EINTR);
  return status == 0;
}

namespace {
/// The descriptors of all locks, which children of a fork close.
class Registry {
public:
  static Registry &get() {
    // Never destroyed, because forks may happen during the exit.
    static auto *registry = [] {
      auto *created = new Registry;
      pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); },
                     [] { get().closeAll(); });
      return created;
    }();
    return *registry;
  }

  /// Opens a file so that no fork happens before it is known.
  Descriptor open(const std::string &path) {
    std::lock_guard<std::mutex> guard(mutex);
    Descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file)
      descriptors.push_back(file.get());
    return file;
  }
  void add(int descriptor) {
    std::lock_guard<std::mutex> guard(mutex);
    descriptors.push_back(descriptor);
  }
  void close(Descriptor &file) {
    std::lock_guard<std::mutex> guard(mutex);
    auto found = std::find(descriptors.begin(), descriptors.end(), file.get());
    if (found == descriptors.end()) {
      // A fork has closed it, and another file may have its number.
      file.release();
      return;
    }
    descriptors.erase(found);
    // A child of a fork that ran no handlers may share it.
    setLock(file.get(), F_UNLCK, 0, /*length=*/0);
    file.reset();
  }

private:
  void closeAll() {
    for (int descriptor : descriptors)
      ::close(descriptor);
    descriptors.clear();
    mutex.unlock();
  }

  std::mutex mutex;
  std::vector<int> descriptors;
};
} // namespace

static FileLock::Result lockByte(int descriptor, uint64_t position) {
  if (setLock(descriptor, F_WRLCK, position, 1))
    return FileLock::Result::Locked;
  return errno == EAGAIN || errno == EACCES ? FileLock::Result::Busy
                                            : FileLock::Result::Unsupported;
}

FileLock &FileLock::operator=(FileLock &&other) noexcept {
  unlock();
  file = std::move(other.file);
  return *this;
}

FileLock::Result FileLock::tryLock(const std::string &path, uint64_t position) {
  unlock();
  file = Registry::get().open(path);
  if (!file)
    return Result::Unsupported;
  Result result = lockByte(file.get(), position);
  if (result != Result::Locked)
    unlock();
  return result;
}

FileLock::Result FileLock::tryLock(Descriptor opened) {
  unlock();
  file = std::move(opened);
  Registry::get().add(file.get());
  Result result = lockByte(file.get(), 0);
  if (result == Result::Busy)
    unlock();
  return result;
}

void FileLock::unlock() {
  if (file)
    Registry::get().close(file);
}
