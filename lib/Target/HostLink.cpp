//===- HostLink.cpp - Shared objects for a CPU ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs and outputs are files in memory, which linkers open below
// /proc/self/fd, so that a killed compiler leaves nothing behind.
//
//===----------------------------------------------------------------------===//

#include "diff/Target/HostLink.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include <cerrno>
#include <dlfcn.h>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

#ifdef DIFF_HAVE_LLD
#include "lld/Common/Driver.h"
LLD_HAS_DRIVER(elf)
#endif

using namespace mlir::diff;
using llvm::StringRef;

static constexpr llvm::StringLiteral kRuntime = "libdiffrt.so.1";

namespace {
/// A descriptor and the path under which a linker opens it.
class OpenFile {
public:
  explicit OpenFile(int descriptor) : descriptor(descriptor) {}
  OpenFile(const OpenFile &) = delete;
  ~OpenFile() { close(); }

  explicit operator bool() const { return descriptor >= 0; }
  int get() const { return descriptor; }
  std::string getPath() const {
    return "/proc/self/fd/" + std::to_string(descriptor);
  }
  void close() {
    if (descriptor >= 0)
      ::close(descriptor);
    descriptor = -1;
  }

private:
  int descriptor;
};
} // namespace

static llvm::Error makeSystemError(const char *what) {
  return llvm::createStringError(
      std::error_code(errno, std::generic_category()), "cannot %s", what);
}

static bool writeAll(int descriptor, StringRef bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      return false;
    bytes = bytes.drop_front(count);
  }
  return true;
}

static void readAll(int descriptor, std::string &bytes) {
  char part[65536];
  for (;;) {
    ssize_t count = ::read(descriptor, part, sizeof(part));
    if (count > 0)
      bytes.append(part, count);
    else if (count == 0 || errno != EINTR)
      return;
  }
}

/// Returns the folder of the library or program that contains this code.
static std::string getOwnFolder() {
  static const char anchor = 0;
  Dl_info own{}, program{};
  ::dladdr(&anchor, &own);
  ::dladdr(reinterpret_cast<void *>(::getauxval(AT_ENTRY)), &program);
  // The loader knows a program by the name that it was called by.
  bool isProgram = !own.dli_fname || own.dli_fbase == program.dli_fbase;
  llvm::SmallString<256> path;
  if (llvm::sys::fs::real_path(isProgram ? "/proc/self/exe" : own.dli_fname,
                               path))
    return "";
  return llvm::sys::path::parent_path(path).str();
}

/// Finds the parallel runtime in this folder, or in the library folder next to
/// it.
static llvm::Expected<std::string> findRuntime() {
  std::string folder = getOwnFolder();
  for (StringRef relative : {"", "../lib", "../" DIFF_LIBRARY_FOLDER}) {
    llvm::SmallString<256> path(folder);
    llvm::sys::path::append(path, relative, kRuntime);
    if (llvm::sys::fs::exists(path))
      return path.str().str();
  }
  return llvm::createStringError("no " + kRuntime + " in '" + folder +
                                 "' or the library folder next to it");
}

/// Returns the arguments of ld and lld after the name of the program. The code
/// has no undefined symbols but those of the runtime and of the C library.
static std::vector<std::string>
getArguments(const std::string &output,
             const std::vector<std::string> &inputs) {
  std::vector<std::string> arguments{"-shared", "-o", output};
  arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  return arguments;
}

/// Returns the first error in the output of a linker.
static std::string getLinkerError(StringRef text) {
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef line : lines)
    if (line.contains("error: "))
      return line.split("error: ").second.str();
  return lines.empty() ? "the linker failed" : lines.back().str();
}

#ifdef DIFF_HAVE_LLD

static llvm::Expected<std::string>
link(const std::vector<std::string> &inputs) {
  // lld creates a file next to a regular output file, but writes to a pipe
  // directly.
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return makeSystemError("create a pipe");
  OpenFile reader(ends[0]), writer(ends[1]);
  std::vector<std::string> arguments = getArguments(writer.getPath(), inputs);
  std::vector<const char *> words{"ld.lld", "--threads=1"};
  for (const std::string &argument : arguments)
    words.push_back(argument.c_str());
  std::string bytes, errors;
  std::thread receive([&] { readAll(reader.get(), bytes); });
  llvm::raw_string_ostream stream(errors);
  // lld has global variables.
  static std::mutex mutex;
  lld::Result result;
  {
    std::lock_guard<std::mutex> guard(mutex);
    result = lld::lldMain(words, stream, stream, {{lld::Gnu, &lld::elf::link}});
  }
  writer.close();
  receive.join();
  if (result.retCode != 0 || bytes.empty())
    return llvm::createStringError(getLinkerError(errors));
  return bytes;
}

#else

static llvm::Expected<std::string>
link(const std::vector<std::string> &inputs) {
  std::string program;
  // ld.lld cannot write to a file in memory.
  for (const char *name : {"ld", "cc"})
    if (auto found = llvm::sys::findProgramByName(name)) {
      program = *found;
      break;
    }
  if (program.empty())
    return llvm::createStringError("no linker (ld or cc) in PATH");
  OpenFile output(::memfd_create("library", 0)), log(::memfd_create("log", 0));
  if (!output || !log)
    return makeSystemError("create a file in memory");
  std::vector<std::string> arguments = getArguments(output.getPath(), inputs);
  arguments.insert(arguments.begin(), program);
  llvm::SmallVector<StringRef> words(arguments.begin(), arguments.end());
  std::string logPath = log.getPath(), message;
  std::optional<StringRef> streams[] = {StringRef(""), StringRef(logPath),
                                        StringRef(logPath)};
  int status = llvm::sys::ExecuteAndWait(program, words, std::nullopt, streams,
                                         0, 0, &message);
  std::string bytes, errors;
  ::lseek(log.get(), 0, SEEK_SET);
  readAll(log.get(), errors);
  ::lseek(output.get(), 0, SEEK_SET);
  readAll(output.get(), bytes);
  if (status != 0 || bytes.empty())
    return llvm::createStringError(
        program + ": " + (message.empty() ? getLinkerError(errors) : message));
  return bytes;
}

#endif

/// Fills a file in memory, which a linker reads. A program that links inherits
/// it.
static llvm::Error fill(OpenFile &file, StringRef bytes) {
  if (file && writeAll(file.get(), bytes))
    return llvm::Error::success();
  return makeSystemError("write a file in memory");
}

/// Links for another architecture, whose parallel runtime is not here. The
/// result needs the runtime by its name.
static llvm::Expected<std::string> linkForOther(const OpenFile &object,
                                                StringRef triple) {
#ifdef DIFF_HAVE_LLD
  // A library with the name of the runtime and other contents.
  llvm::Expected<std::string> named =
      link({object.getPath(), "-soname=" + kRuntime.str()});
  if (!named)
    return named;
  OpenFile runtime(::memfd_create("runtime", 0));
  if (llvm::Error error = fill(runtime, *named))
    return error;
  return link({object.getPath(), runtime.getPath()});
#else
  return llvm::createStringError(
      "only lld links code for " + triple +
      " on this machine, and this build has no lld; emit an object");
#endif
}

llvm::Expected<std::string> mlir::diff::linkHostLibrary(StringRef object,
                                                        StringRef triple) {
  llvm::Triple wanted(triple), own(llvm::sys::getProcessTriple());
  if (!wanted.isOSBinFormatELF())
    return llvm::createStringError("code for " + triple +
                                   " is linked by the linker of its system; "
                                   "emit an object");
  OpenFile file(::memfd_create("object", 0));
  if (llvm::Error error = fill(file, object))
    return error;
  if (wanted.getArch() != own.getArch())
    return linkForOther(file, triple);
  llvm::Expected<std::string> runtime = findRuntime();
  if (!runtime)
    return runtime.takeError();
  return link({file.getPath(), *runtime});
}
