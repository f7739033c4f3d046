//===- CacheTest.cpp - The parts of the cache -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cache.h"
#include "CompilerProcess.h"
#include "Entry.h"
#include "HostFeatures.h"
#include "Store.h"
#include "gtest/gtest.h"
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir::diff::cache;

static std::string hash(const std::string &text) {
  Sha256 sha;
  sha.update(text);
  return toHex(sha.finish());
}

// The examples of FIPS 180-4.
TEST(Cache, Sha256) {
  EXPECT_EQ(hash(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hash(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  // The parts of a text do not matter, except with their sizes.
  std::string text(1000, 'x');
  for (size_t part = 1; part < 200; ++part) {
    Sha256 sha;
    for (size_t at = 0; at < text.size(); at += part)
      sha.update(text.substr(at, part));
    EXPECT_EQ(toHex(sha.finish()), hash(text));
  }
  auto hashParts = [](const std::string &a, const std::string &b) {
    Sha256 sha;
    sha.updateSized(a);
    sha.updateSized(b);
    return toHex(sha.finish());
  };
  EXPECT_NE(hashParts("ab", "c"), hashParts("a", "bc"));
}

static Key makeKey(int number) {
  Sha256 sha;
  sha.update(std::to_string(number));
  return sha.finish();
}

TEST(Cache, EveryDamageOfAnEntryIsFound) {
  Entry entry{"{manifest}", std::string("\177ELF\0code", 9)}, read;
  std::string bytes = writeEntry(makeKey(1), entry);
  ASSERT_TRUE(readEntry(bytes, makeKey(1), read));
  EXPECT_EQ(read.manifest, entry.manifest);
  EXPECT_EQ(read.code, entry.code);
  EXPECT_FALSE(readEntry(bytes, makeKey(2), read));
  EXPECT_FALSE(readEntry(bytes + "x", makeKey(1), read));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(readEntry(bytes.substr(0, size), makeKey(1), read)) << size;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = char(damaged[bit / 8] ^ 1 << bit % 8);
    EXPECT_FALSE(readEntry(damaged, makeKey(1), read)) << bit;
  }
  ASSERT_TRUE(readEntry(writeEntry(makeKey(1), {}), makeKey(1), read));
}

TEST(Cache, EveryPartOfARequestChangesItsKey) {
  Request request;
  request.module = "module {}";
  request.target = "host";
  std::set<Key> keys;
  auto add = [&](const Request &changed, const char *compiler,
                 const char *features) {
    return keys.insert(computeKey(changed, compiler, features)).second;
  };
  EXPECT_TRUE(add(request, "1", "avx2"));
  EXPECT_FALSE(add(request, "1", "avx2"));
  EXPECT_TRUE(add(request, "2", "avx2"));
  EXPECT_TRUE(add(request, "1", "avx512f"));
  for (std::string Request::*part :
       {&Request::module, &Request::options, &Request::pass}) {
    Request other = request;
    other.*part += "x";
    EXPECT_TRUE(add(other, "1", "avx2"));
  }
  // Code for GPUs does not depend on the CPU.
  request.target = "sm_80";
  EXPECT_TRUE(add(request, "1", "avx2"));
  EXPECT_FALSE(add(request, "1", "avx512f"));
  request.wantCubin = true;
  EXPECT_TRUE(add(request, "1", "avx2"));
}

TEST(Cache, HostFeaturesDoNotChange) {
  EXPECT_FALSE(getHostFeatures().empty());
  EXPECT_EQ(&getHostFeatures(), &getHostFeatures());
}

namespace {
/// A folder that is removed with the object.
class TemporaryFolder {
public:
  TemporaryFolder() {
    path = (std::getenv("TMPDIR") ? std::getenv("TMPDIR") : "/tmp");
    path += "/diff-cache-test-XXXXXX";
    EXPECT_TRUE(::mkdtemp(path.data()));
  }
  ~TemporaryFolder() { (void)!std::system(("rm -rf " + path).c_str()); }

  std::vector<std::string> list() const {
    std::vector<std::string> names;
    DIR *folder = ::opendir(path.c_str());
    while (const dirent *entry = ::readdir(folder))
      if (entry->d_name[0] != '.')
        names.push_back(entry->d_name);
    ::closedir(folder);
    return names;
  }
  std::string path;
};
} // namespace

/// Runs a function in a child process. It must return true.
static bool succeedsInChild(const std::function<bool()> &run) {
  pid_t child = ::fork();
  if (child == 0)
    ::_exit(run() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return status == 0;
}

static Store makeStore(const std::string &folder, uint64_t limit = 1 << 20) {
  return Store(Folders{{folder}, folder, ""}, limit);
}

TEST(Cache, StoreKeepsEntries) {
  TemporaryFolder folder;
  Store store = makeStore(folder.path);
  Entry entry;
  EXPECT_FALSE(store.find(makeKey(1), entry));
  EXPECT_FALSE(store.mayContain(makeKey(1)));
  ASSERT_TRUE(store.add(makeKey(1), {"m", "code"}));
  EXPECT_TRUE(store.mayContain(makeKey(1)));
  ASSERT_TRUE(makeStore(folder.path).find(makeKey(1), entry));
  EXPECT_EQ(entry.code, "code");
  EXPECT_EQ(folder.list().size(), 1u);
  // A damaged one is removed.
  ASSERT_EQ(::truncate((folder.path + "/" + folder.list()[0]).c_str(), 90), 0);
  EXPECT_FALSE(store.find(makeKey(1), entry));
  EXPECT_EQ(store.getRejected(), 1u);
  EXPECT_TRUE(folder.list().empty());
  store.add(makeKey(1), {"m", "code"});
  store.add(makeKey(2), {"m", "code"});
  std::ofstream(folder.path + "/notes.txt") << "not of the cache";
  store.clear();
  EXPECT_EQ(folder.list(), std::vector<std::string>{"notes.txt"});
}

TEST(Cache, StoreRemovesTheLeastRecentlyUsed) {
  TemporaryFolder folder;
  Entry entry{"", std::string(1000, 'x')}, read;
  // Three entries with their headers.
  Store store = makeStore(folder.path, 3500);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(store.add(makeKey(i), entry));
    ::usleep(20000);
  }
  EXPECT_TRUE(store.find(makeKey(0), read));
  ::usleep(20000);
  ASSERT_TRUE(store.add(makeKey(3), entry));
  EXPECT_TRUE(store.mayContain(makeKey(0)));
  EXPECT_FALSE(store.mayContain(makeKey(1)));
  EXPECT_TRUE(store.mayContain(makeKey(2)));
  EXPECT_TRUE(store.mayContain(makeKey(3)));
  // Too large for the folder; the others stay.
  EXPECT_FALSE(store.add(makeKey(4), {"", std::string(3450, 'x')}));
  EXPECT_EQ(folder.list().size(), 3u);
  Store none = makeStore(folder.path, 0);
  EXPECT_FALSE(none.add(makeKey(5), entry));
}

TEST(Cache, FilesOfKilledProcessesAreRemoved) {
  TemporaryFolder folder;
  std::string hex = toHex(makeKey(1));
  std::string abandoned = folder.path + "/" + hex + ".AbCdEf.new";
  std::string used = folder.path + "/" + hex + ".GhIjKl.new";
  std::ofstream(abandoned) << "half";
  std::ofstream(used) << "half";
  FileLock lock;
  ASSERT_EQ(lock.tryLock(used, 0), FileLock::Result::Locked);
  Store store = makeStore(folder.path);
  EXPECT_EQ(folder.list(), std::vector<std::string>{hex + ".GhIjKl.new"});
  lock.unlock();
  store.add(makeKey(2), {"", "code"});
  EXPECT_EQ(folder.list(),
            std::vector<std::string>{toHex(makeKey(2)) + ".entry"});
}

TEST(Cache, ForeignFilesAreNotRead) {
  TemporaryFolder folder;
  Store store = makeStore(folder.path);
  Entry entry;
  ASSERT_TRUE(store.add(makeKey(1), {"", "code"}));
  std::string path = folder.path + "/" + folder.list()[0];
  ::chmod(path.c_str(), 0620);
  EXPECT_FALSE(store.find(makeKey(1), entry));
  ::chmod(path.c_str(), 0600);
  EXPECT_TRUE(store.find(makeKey(1), entry));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 65534, 65534), 0);
    EXPECT_FALSE(store.find(makeKey(1), entry));
    ASSERT_EQ(::chown(path.c_str(), 0, 0), 0);
  }
  // A link, and things that are no files.
  ASSERT_EQ(::rename(path.c_str(), (folder.path + "/other").c_str()), 0);
  ASSERT_EQ(::symlink("other", path.c_str()), 0);
  EXPECT_FALSE(store.find(makeKey(1), entry));
  ::unlink(path.c_str());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_FALSE(store.find(makeKey(1), entry));
  ::unlink(path.c_str());
  ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
  EXPECT_FALSE(store.find(makeKey(1), entry));
  EXPECT_FALSE(store.add(makeKey(1), {"", "code"}));
}

TEST(Cache, FullDisk) {
  TemporaryFolder folder;
  EXPECT_TRUE(succeedsInChild([&] {
    const rlimit limit{2000, 2000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    Store store = makeStore(folder.path);
    Entry entry;
    // Without a signal.
    bool tooLarge = store.add(makeKey(1), {"", std::string(3000, 'x')});
    bool small = store.add(makeKey(2), {"", "code"});
    return !tooLarge && small && !store.find(makeKey(1), entry) &&
           store.find(makeKey(2), entry);
  }));
  EXPECT_EQ(folder.list().size(), 1u);
}

TEST(Cache, LocksEndWithTheirHolder) {
  TemporaryFolder folder;
  Store store = makeStore(folder.path);
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t child = ::fork();
  if (child == 0) {
    FileLock lock;
    bool locked = store.lockKey(makeKey(1), lock) == FileLock::Result::Locked;
    // A child of the holder, as DataLoader makes them, lives on.
    if (::fork() == 0) {
      ::sleep(10);
      ::_exit(0);
    }
    (void)!::write(ready[1], &locked, 1);
    ::pause();
  }
  bool locked = false;
  ASSERT_EQ(::read(ready[0], &locked, 1), 1);
  ASSERT_TRUE(locked);
  FileLock lock, other, second;
  EXPECT_EQ(store.lockKey(makeKey(1), lock), FileLock::Result::Busy);
  EXPECT_EQ(store.lockKey(makeKey(2), other), FileLock::Result::Locked);
  // Within a process, too.
  EXPECT_EQ(store.lockKey(makeKey(2), second), FileLock::Result::Busy);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  // Its child may not have run yet.
  FileLock::Result result = FileLock::Result::Busy;
  for (int i = 0; i < 200 && result == FileLock::Result::Busy; ++i) {
    result = store.lockKey(makeKey(1), lock);
    ::usleep(10000);
  }
  EXPECT_EQ(result, FileLock::Result::Locked);
  // A child does not hold the locks of its parent, and cannot drop them.
  EXPECT_TRUE(succeedsInChild([&] {
    FileLock mine;
    bool busy = store.lockKey(makeKey(1), mine) == FileLock::Result::Busy;
    lock.unlock();
    return busy && store.lockKey(makeKey(1), mine) == FileLock::Result::Busy;
  }));
}

TEST(Cache, OnePlaceForEachCore) {
  TemporaryFolder folder;
  Store store = makeStore(folder.path);
  std::vector<FileLock> places(countCores());
  for (FileLock &place : places)
    EXPECT_EQ(store.lockPlace(place), FileLock::Result::Locked);
  FileLock more;
  EXPECT_EQ(store.lockPlace(more), FileLock::Result::Busy);
  places.back().unlock();
  EXPECT_EQ(store.lockPlace(more), FileLock::Result::Locked);
}

namespace {
/// Changes environment variables for the lifetime of the object.
class Environment {
public:
  void set(const char *name, const std::string &value) {
    const char *before = std::getenv(name);
    saved.push_back({name, before ? before : "", before != nullptr});
    if (value.empty())
      ::unsetenv(name);
    else
      ::setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    for (auto [name, value, wasSet] : saved)
      wasSet ? ::setenv(name, value.c_str(), 1) : ::unsetenv(name);
  }

private:
  struct Variable {
    const char *name;
    std::string value;
    bool wasSet;
  };
  std::vector<Variable> saved;
};
} // namespace

TEST(Cache, SelectsTheFolder) {
  TemporaryFolder folder;
  const std::string &root = folder.path;
  Environment environment;
  environment.set("DIFF_CACHE_DIR", root + "/variable");
  environment.set("XDG_CACHE_HOME", root + "/xdg");
  environment.set("HOME", root + "/home");
  environment.set("TMPDIR", root);
  EXPECT_EQ(selectFolders(root + "/a/b/c").writable, root + "/a/b/c");
  EXPECT_EQ(selectFolders("").writable, root + "/variable");
  environment.set("DIFF_CACHE_DIR", "");
  EXPECT_EQ(selectFolders("").writable, root + "/xdg/diff-mlir");
  environment.set("XDG_CACHE_HOME", "relative");
  Folders home = selectFolders("");
  EXPECT_EQ(home.writable, root + "/home/.cache/diff-mlir");
  EXPECT_EQ(home.readable, std::vector<std::string>{home.writable});
  EXPECT_EQ(home.problem, "");
  environment.set("HOME", "");
  std::string temporary = root + "/diff-mlir-" + std::to_string(::geteuid());
  Folders none = selectFolders("");
  EXPECT_EQ(none.writable, temporary);
  EXPECT_EQ(none.problem, "no folder is given and HOME is not set");
  // A file has the name of the folder.
  std::ofstream(root + "/file") << "text";
  EXPECT_EQ(selectFolders(root + "/file").writable, temporary);
  EXPECT_NE(selectFolders(root + "/file/more").problem.find("cannot create"),
            std::string::npos);
  // The folder below TMPDIR must be ours alone.
  ::rmdir(temporary.c_str());
  ASSERT_EQ(::mkdir(temporary.c_str(), 0700), 0);
  ::chmod(temporary.c_str(), 0777);
  EXPECT_EQ(selectFolders("").writable, "");
  ::rmdir(temporary.c_str());
  ASSERT_EQ(::symlink("home", temporary.c_str()), 0);
  EXPECT_EQ(selectFolders("").writable, "");
  Store memory(selectFolders(""), 1000);
  Entry entry;
  FileLock lock;
  EXPECT_FALSE(memory.add(makeKey(1), {"", "code"}));
  EXPECT_FALSE(memory.find(makeKey(1), entry));
  EXPECT_EQ(memory.lockKey(makeKey(1), lock), FileLock::Result::Unsupported);
  EXPECT_EQ(memory.lockPlace(lock), FileLock::Result::Unsupported);
}

TEST(Cache, FoldersThatCannotBeWritten) {
  bool isRoot = ::geteuid() == 0;
  Environment environment;
  // lit's temporary folder is closed to the other user.
  environment.set("TMPDIR", "/tmp");
  TemporaryFolder folder;
  const std::string &root = folder.path;
  environment.set("TMPDIR", root);
  ::chmod(root.c_str(), 0777);
  std::string shared = root + "/shared";
  ASSERT_EQ(::mkdir(shared.c_str(), 0755), 0);
  ASSERT_TRUE(makeStore(shared).add(makeKey(1), {"", "code"}));
  ASSERT_EQ(std::system(("chmod 644 " + shared + "/*.entry").c_str()), 0);
  ::chmod(shared.c_str(), 0555);
  // Root can write everywhere, so another user tries.
  EXPECT_TRUE(succeedsInChild([&] {
    if (isRoot && (::setgid(65534) != 0 || ::setuid(65534) != 0))
      return false;
    Folders folders = selectFolders(shared);
    std::string temporary = root + "/diff-mlir-" + std::to_string(::geteuid());
    Store store(folders, 1 << 20);
    Entry entry;
    return folders.writable == temporary &&
           folders.problem.find("cannot be written") != std::string::npos &&
           store.find(makeKey(1), entry) && entry.code == "code" &&
           store.add(makeKey(2), {"", "new"}) &&
           store.find(makeKey(2), entry) && entry.code == "new";
  }));
  if (!isRoot)
    return;
  // A folder of another user is not even read.
  ASSERT_EQ(::chown(shared.c_str(), 65534, 65534), 0);
  ::chmod(shared.c_str(), 0777);
  Folders folders = selectFolders(shared);
  EXPECT_EQ(folders.writable, root + "/diff-mlir-0");
  EXPECT_EQ(folders.readable, std::vector<std::string>{folders.writable});
  EXPECT_NE(folders.problem.find("belongs to another user (65534)"),
            std::string::npos);
}

TEST(Cache, ProcessesEnd) {
  auto shell = [](const char *script, int milliseconds) {
    auto start = std::chrono::steady_clock::now();
    return runProcess({"/bin/sh", "-c", script}, "in", -1, [=] {
      return std::chrono::steady_clock::now() - start >
             std::chrono::milliseconds(milliseconds);
    });
  };
  auto seconds = [start = std::chrono::steady_clock::now()] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  ProcessResult plain = shell("cat; echo warning >&2", 20000);
  EXPECT_EQ(plain.output, "in");
  EXPECT_EQ(plain.errors, "warning\n");
  EXPECT_EQ(plain.failure, "");
  EXPECT_EQ(shell("exit 3", 20000).failure, "failed with status 3");
  // A process in the background holds the streams.
  EXPECT_EQ(shell("sleep 30 & echo done", 20000).output, "done\n");
  // A child of the compiler, and a compiler that has closed its streams.
  EXPECT_EQ(shell("sleep 30; true", 50).failure, "was interrupted");
  EXPECT_EQ(shell("exec >&- 2>&-; sleep 30; true", 50).failure,
            "was interrupted");
  // An interrupt ends the children of the compiler, too.
  TemporaryFolder folder;
  std::string script = "(sleep 1; echo late >" + folder.path + "/file) & wait";
  EXPECT_EQ(shell(script.c_str(), 200).failure, "was interrupted");
  ::usleep(1500000);
  EXPECT_TRUE(folder.list().empty());
  EXPECT_LT(seconds(), 20);
}
