//===- CompilerProcess.cpp - The compiler as a process --------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CompilerProcess.h"
#include "Entry.h"
#include "Files.h"
#include "diff-c/Parallel.h"
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace mlir::diff::cache;

extern char **environ;

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

static bool isExecutable(const std::string &path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

/// Finds the compiler near the parallel runtime, a shared library that is
/// installed with it.
static std::string findInstalledCompiler() {
  char *path = ::realpath(diffParallelGetLibrary(), nullptr);
  if (!path)
    return "";
  std::string folder = path;
  std::free(path);
  folder.resize(folder.rfind('/') + 1);
  for (const char *relative : {"", "bin/", "../bin/", "../../bin/"})
    if (isExecutable(folder + relative + "diff-opt"))
      return folder + relative + "diff-opt";
  return "";
}

std::string mlir::diff::cache::findCompiler(const std::string &given,
                                            std::string &error) {
  for (const auto &[origin, path] :
       {std::make_pair(std::string("the compiler"), given),
        std::make_pair(std::string("DIFF_COMPILER"),
                       getVariable("DIFF_COMPILER"))})
    if (!path.empty()) {
      if (isExecutable(path))
        return path;
      error = origin + " is '" + path + "', which is no program";
      return "";
    }
  std::string installed = findInstalledCompiler();
  if (!installed.empty())
    return installed;
  std::string folders = getVariable("PATH");
  for (size_t begin = 0; begin < folders.size();) {
    size_t end = std::min(folders.find(':', begin), folders.size());
    std::string path = folders.substr(begin, end - begin) + "/diff-opt";
    if (path[0] == '/' && isExecutable(path))
      return path;
    begin = end + 1;
  }
  error = "the compiler diff-opt was not found: it is not installed next to "
          "libdiffrt and not in PATH, and DIFF_COMPILER is not set";
  return "";
}

std::string mlir::diff::cache::identifyCompiler(const std::string &path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0)
    return "";
  return std::to_string(status.st_size) + " " +
         std::to_string(status.st_mtim.tv_sec) + "." +
         std::to_string(status.st_mtim.tv_nsec);
}

//===----------------------------------------------------------------------===//
// Processes
//===----------------------------------------------------------------------===//

namespace {
/// The attributes and actions of posix_spawn.
class SpawnSetup {
public:
  SpawnSetup() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
    // Signals that the program ignores or blocks are the default ones in the
    // compiler.
    sigset_t signals;
    sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes, &signals);
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes, &signals);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF |
                                                POSIX_SPAWN_SETSIGMASK |
                                                POSIX_SPAWN_SETPGROUP);
    // A group of its own, so that an interrupt also ends its children.
    ::posix_spawnattr_setpgroup(&attributes, 0);
  }
  ~SpawnSetup() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  void give(int descriptor, int number) {
    ::posix_spawn_file_actions_adddup2(&actions, descriptor, number);
  }
  void closeFrom(int number) {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    ::posix_spawn_file_actions_addclosefrom_np(&actions, number);
#endif
  }

  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
};

/// The ends of the streams of a process.
struct Streams {
  Descriptor input, output, errors;
};
} // namespace

/// Returns a descriptor that is not one of the standard streams, which `give`
/// would overwrite.
static Descriptor moveUp(Descriptor descriptor) {
  if (!descriptor || descriptor.get() > 3)
    return descriptor;
  return Descriptor(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 4));
}

static bool makePipe(Descriptor &reader, Descriptor &writer) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return false;
  reader = moveUp(Descriptor(ends[0]));
  writer = moveUp(Descriptor(ends[1]));
  return reader && writer;
}

/// Starts a process. Returns 0 or an error number.
static int start(const std::vector<std::string> &command, int descriptor,
                 Streams &streams, pid_t &process) {
  // A socket for the input: writing to it can raise no signal.
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return errno;
  streams.input = moveUp(Descriptor(ends[0]));
  Descriptor input = moveUp(Descriptor(ends[1])), output, errors;
  if (!streams.input || !input || !makePipe(streams.output, output) ||
      !makePipe(streams.errors, errors))
    return errno;
  SpawnSetup setup;
  setup.give(input.get(), STDIN_FILENO);
  setup.give(output.get(), STDOUT_FILENO);
  setup.give(errors.get(), STDERR_FILENO);
  Descriptor inherited;
  if (descriptor >= 0) {
    // The number must differ, because dup2 to the same one keeps CLOEXEC.
    inherited = Descriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, 4));
    if (inherited)
      setup.give(inherited.get(), 3);
  }
  setup.closeFrom(inherited ? 4 : 3);
  std::vector<char *> arguments;
  for (const std::string &argument : command)
    arguments.push_back(const_cast<char *>(argument.c_str()));
  arguments.push_back(nullptr);
  return ::posix_spawn(&process, arguments[0], &setup.actions,
                       &setup.attributes, arguments.data(), environ);
}

/// Appends what can be read. Closes the descriptor at the end.
static void receive(Descriptor &from, std::string &text) {
  char part[65536];
  ssize_t count = ::read(from.get(), part, sizeof(part));
  if (count > 0)
    text.append(part, size_t(count));
  else if (count == 0 || (errno != EINTR && errno != EAGAIN))
    from.reset();
}

static void send(Descriptor &to, const std::string &text, size_t &sent) {
  ssize_t count = ::send(to.get(), text.data() + sent, text.size() - sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
  if (count > 0)
    sent += size_t(count);
  bool isOver = count < 0 && errno != EINTR && errno != EAGAIN;
  if (isOver || sent == text.size()) {
    // A child that was forked meanwhile may hold the socket, too.
    ::shutdown(to.get(), SHUT_WR);
    to.reset();
  }
}

/// The most that a compiler writes to standard output and to standard error.
static constexpr size_t kMaxOutputBytes = kMaxEntryBytes;
static constexpr size_t kMaxErrorBytes = size_t(1) << 20;

namespace {
/// A process that was started and has to be waited for.
class Process {
public:
  explicit Process(pid_t number) : number(number) {}

  /// Returns true if the process has ended. Does not wait.
  bool hasEnded() {
    if (!ended) {
      pid_t found = 0;
      do
        found = ::waitpid(number, &status, WNOHANG);
      while (found < 0 && errno == EINTR);
      // Programs that ignore SIGCHLD, or that wait for all children, do not see
      // the status.
      hasStatus = found == number;
      ended = found != 0;
    }
    return ended;
  }

  void kill() {
    if (!hasEnded())
      ::kill(-number, SIGKILL);
  }

  std::string describeEnd() const {
    if (!hasStatus)
      return "";
    if (WIFSIGNALED(status))
      return std::string("was killed by signal ") +
             std::to_string(WTERMSIG(status)) + " (" +
             ::strsignal(WTERMSIG(status)) + ")";
    if (WEXITSTATUS(status) != 0)
      return "failed with status " + std::to_string(WEXITSTATUS(status));
    return "";
  }

private:
  pid_t number;
  int status = 0;
  bool ended = false, hasStatus = false;
};
} // namespace

/// Reads the available bytes. Does not wait.
static void drain(Descriptor &from, std::string &text, size_t most) {
  pollfd polled = {from.get(), POLLIN, 0};
  while (from && text.size() <= most && ::poll(&polled, 1, 0) > 0)
    receive(from, text);
}

ProcessResult
mlir::diff::cache::runProcess(const std::vector<std::string> &command,
                              const std::string &input, int descriptor,
                              const std::function<bool()> &isInterrupted) {
  ProcessResult result;
  Streams streams;
  pid_t number = 0;
  int error = start(command, descriptor, streams, number);
  if (error) {
    result.failure = std::string("cannot be started: ") + std::strerror(error);
    return result;
  }
  Process process(number);
  size_t sent = 0;
  bool wasInterrupted = false, wroteTooMuch = false;
  // The streams may stay open after the end of the process, in its children and
  // in those that this program has forked. They may also be closed before.
  while (!process.hasEnded()) {
    bool isOpen = streams.output || streams.errors || streams.input;
    pollfd polled[] = {{streams.output.get(), POLLIN, 0},
                       {streams.errors.get(), POLLIN, 0},
                       {streams.input.get(), POLLOUT, 0}};
    // Negative descriptors are skipped.
    int ready = ::poll(polled, 3, isOpen ? 100 : 2);
    wroteTooMuch |= result.output.size() > kMaxOutputBytes;
    wasInterrupted |= isInterrupted && !wasInterrupted && isInterrupted();
    if (wasInterrupted || wroteTooMuch)
      process.kill();
    if (ready <= 0)
      continue;
    if (polled[0].revents)
      receive(streams.output, result.output);
    if (polled[1].revents)
      receive(streams.errors, result.errors);
    if (polled[2].revents)
      send(streams.input, input, sent);
    // Only the first errors are of interest.
    result.errors.resize(std::min(result.errors.size(), kMaxErrorBytes));
  }
  drain(streams.output, result.output, kMaxOutputBytes);
  drain(streams.errors, result.errors, kMaxErrorBytes);
  result.failure = process.describeEnd();
  if (wroteTooMuch)
    result.failure =
        "wrote more than " + std::to_string(kMaxOutputBytes >> 20) + " MiB";
  if (wasInterrupted)
    result.failure = "was interrupted";
  return result;
}
