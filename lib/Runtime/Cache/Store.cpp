//===- Store.cpp - Entries on disk ----------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Store.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

using namespace mlir::diff::cache;

static constexpr char kEntrySuffix[] = ".entry";
static constexpr char kNewSuffix[] = ".new";

/// The hexadecimal digits of a key.
static constexpr size_t kKeyLength = 64;

static bool endsWith(const std::string &text, const std::string &suffix) {
  return text.size() >= suffix.size() &&
         text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

/// Returns true for the names that this class creates, with this suffix.
static bool isOwnName(const std::string &name, const char *suffix) {
  return name.size() > kKeyLength && endsWith(name, suffix) &&
         name.find_first_not_of("0123456789abcdef") == kKeyLength;
}

Store::Store(Folders folders, uint64_t limit)
    : folders(std::move(folders)), limit(limit) {
  removeAbandoned();
}

std::string Store::getPath(const std::string &folder, const Key &key) const {
  return folder + "/" + toHex(key) + kEntrySuffix;
}

bool Store::find(const Key &key, Entry &entry) {
  for (const std::string &folder : folders.readable) {
    std::string path = getPath(folder, key), bytes;
    struct stat status{};
    Descriptor file = openTrusted(path, status);
    if (!file)
      continue;
    if (readAll(file.get(), kMaxEntryBytes, bytes) &&
        readEntry(bytes, key, entry)) {
      // The time of the last use, for the removal of old entries.
      const timespec times[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
      ::futimens(file.get(), times);
      return true;
    }
    ++rejected;
    // The file that was read, not one that has replaced it.
    struct stat now{};
    if (::lstat(path.c_str(), &now) == 0 && now.st_ino == status.st_ino &&
        now.st_dev == status.st_dev)
      ::unlink(path.c_str());
  }
  return false;
}

bool Store::mayContain(const Key &key) const {
  struct stat status{};
  for (const std::string &folder : folders.readable)
    if (::stat(getPath(folder, key).c_str(), &status) == 0)
      return true;
  return false;
}

bool Store::write(const Key &key, const std::string &bytes) const {
  // mkostemps replaces the X's.
  std::string temporary = folders.writable + "/" + toHex(key) + ".XXXXXX";
  temporary += kNewSuffix;
  Descriptor file(
      ::mkostemps(temporary.data(), int(sizeof(kNewSuffix) - 1), O_CLOEXEC));
  if (!file)
    return false;
  int descriptor = file.get();
  // The lock tells other processes that the file is in use.
  FileLock lock;
  bool written = lock.tryLock(std::move(file)) != FileLock::Result::Busy &&
                 writeAll(descriptor, bytes.data(), bytes.size());
  written = written && ::rename(temporary.c_str(),
                                getPath(folders.writable, key).c_str()) == 0;
  if (!written)
    ::unlink(temporary.c_str());
  return written;
}

bool Store::add(const Key &key, const Entry &entry) {
  if (folders.writable.empty())
    return false;
  uint64_t bytes = entry.manifest.size() + entry.code.size();
  bool written = false;
  if (bytes <= limit && bytes <= kMaxEntryBytes) {
    std::string text = writeEntry(key, entry);
    // Another process may take a new file for one that was left behind, before
    // it is locked.
    for (int attempt = 0; attempt < 2 && !written; ++attempt)
      written = text.size() <= limit && write(key, text);
  }
  collect();
  return written;
}

namespace {
struct EntryFile {
  std::string path;
  uint64_t bytes;
  timespec used;
};
} // namespace

/// Removes a file that a process was writing when it was killed.
static void removeIfUnused(const std::string &path) {
  struct stat status{};
  Descriptor file(
      ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return;
  FileLock lock;
  if (lock.tryLock(std::move(file)) == FileLock::Result::Locked)
    ::unlink(path.c_str());
}

/// Returns the paths of the files with this suffix.
static std::vector<std::string> list(const std::string &folder,
                                     const char *suffix) {
  std::vector<std::string> paths;
  DIR *opened = folder.empty() ? nullptr : ::opendir(folder.c_str());
  if (!opened)
    return paths;
  while (const dirent *found = ::readdir(opened))
    if (isOwnName(found->d_name, suffix))
      paths.push_back(folder + "/" + found->d_name);
  ::closedir(opened);
  return paths;
}

void Store::removeAbandoned() {
  for (const std::string &path : list(folders.writable, kNewSuffix))
    removeIfUnused(path);
}

void Store::collect(uint64_t most) {
  removeAbandoned();
  std::vector<EntryFile> entries;
  uint64_t total = 0;
  for (const std::string &path : list(folders.writable, kEntrySuffix)) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0)
      continue;
    entries.push_back({path, uint64_t(status.st_size), status.st_mtim});
    total += uint64_t(status.st_size);
  }
  if (total <= most)
    return;
  std::sort(entries.begin(), entries.end(),
            [](const EntryFile &a, const EntryFile &b) {
              return std::make_pair(a.used.tv_sec, a.used.tv_nsec) <
                     std::make_pair(b.used.tv_sec, b.used.tv_nsec);
            });
  for (const EntryFile &entry : entries) {
    if (total <= most)
      return;
    ::unlink(entry.path.c_str());
    total -= entry.bytes;
  }
}

//===----------------------------------------------------------------------===//
// Locks
//===----------------------------------------------------------------------===//

unsigned mlir::diff::cache::countCores() {
  cpu_set_t set;
  int count = ::sched_getaffinity(0, sizeof(set), &set) == 0
                  ? CPU_COUNT(&set)
                  : int(::sysconf(_SC_NPROCESSORS_ONLN));
  return count < 1 ? 1 : unsigned(count);
}

/// The bytes of the lock file: one for each key in the upper half, and those of
/// the places of a machine, which may share the folder with others, below.
static constexpr uint64_t kKeys = uint64_t(1) << 62;

FileLock::Result Store::lockKey(const Key &key, FileLock &lock) const {
  if (folders.writable.empty())
    return FileLock::Result::Unsupported;
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i)
    number = number << 8 | key[i];
  return lock.tryLock(folders.writable + "/lock", kKeys | number >> 3);
}

FileLock::Result Store::lockPlace(FileLock &lock) const {
  if (folders.writable.empty())
    return FileLock::Result::Unsupported;
  char host[256] = "";
  ::gethostname(host, sizeof(host) - 1);
  uint64_t machine = 0;
  for (const char *c = host; *c; ++c)
    machine = machine * 31 + uint8_t(*c);
  machine = (machine & 0xffffffff) << 16;
  FileLock::Result result = FileLock::Result::Unsupported;
  for (unsigned core = 0, count = countCores(); core < count; ++core) {
    result = lock.tryLock(folders.writable + "/lock", machine | core);
    if (result != FileLock::Result::Busy)
      break;
  }
  return result;
}
