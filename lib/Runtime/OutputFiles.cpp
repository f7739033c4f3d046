//===- OutputFiles.cpp - Output files that are written atomically ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Runtime/OutputFiles.h"
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir::diff;

static std::string describeFailure(const std::string &path) {
  std::string name = path == "-" ? "standard output" : "'" + path + "'";
  return "cannot write " + name + ": " + std::strerror(errno);
}

/// Writes all bytes. Returns false and sets errno on failure.
static bool writeAll(int descriptor, const char *data, size_t size) {
  while (size) {
    ssize_t written = ::write(descriptor, data, size);
    if (written < 0) {
      if (errno == EINTR)
        continue;
      return false;
    }
    data += written;
    size -= written;
  }
  return true;
}

/// The permissions of a new file.
static mode_t getDefaultMode() {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return 0666 & ~mask;
}

OutputFiles::~OutputFiles() {
  for (const File &file : files)
    if (!file.temporary.empty())
      ::unlink(file.temporary.c_str());
}

std::string OutputFiles::add(const std::string &path, const std::string &header,
                             const char *data, size_t size) {
  auto keep = [&] {
    files.push_back({path, "", header});
    if (size)
      files.back().contents.append(data, size);
    return std::string();
  };
  if (path.empty())
    return "cannot write to a file with an empty name";
  if (path == "-")
    return keep();
  // Replaces the target of a link, not the link.
  std::string place = path;
  mode_t mode = getDefaultMode();
  struct stat status;
  if (::stat(path.c_str(), &status) == 0) {
    if (S_ISDIR(status.st_mode)) {
      errno = EISDIR;
      return describeFailure(path);
    }
    if (!S_ISREG(status.st_mode))
      return keep();
    if (::access(path.c_str(), W_OK) != 0)
      return describeFailure(path);
    mode = status.st_mode & 07777;
    char resolved[PATH_MAX];
    if (::realpath(path.c_str(), resolved))
      place = resolved;
  }
  std::string temporary = place + ".XXXXXX";
  int descriptor = ::mkstemp(temporary.data());
  if (descriptor < 0)
    return describeFailure(path);
  files.push_back({place, temporary, ""});
  bool written = writeAll(descriptor, header.data(), header.size()) &&
                 writeAll(descriptor, data, size) &&
                 ::fchmod(descriptor, mode) == 0;
  std::string error = written ? "" : describeFailure(path);
  if (::close(descriptor) != 0 && error.empty())
    error = describeFailure(path);
  return error;
}

std::string OutputFiles::commit() {
  for (File &file : files) {
    if (!file.temporary.empty()) {
      if (::rename(file.temporary.c_str(), file.path.c_str()) != 0)
        return describeFailure(file.path);
      file.temporary.clear();
      continue;
    }
    bool standard = file.path == "-";
    int descriptor =
        standard ? STDOUT_FILENO : ::open(file.path.c_str(), O_WRONLY);
    if (descriptor < 0)
      return describeFailure(file.path);
    bool written =
        writeAll(descriptor, file.contents.data(), file.contents.size());
    std::string error = written ? "" : describeFailure(file.path);
    if (!standard)
      ::close(descriptor);
    if (!error.empty())
      return error;
  }
  files.clear();
  return "";
}
