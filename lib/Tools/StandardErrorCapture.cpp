//===- StandardErrorCapture.cpp - Collects standard error -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Tools/StandardErrorCapture.h"
#include "llvm/Support/raw_ostream.h"
#include <unistd.h>
#include <utility>

using namespace mlir::diff;

static StandardErrorCapture *innermost = nullptr;

StandardErrorCapture::StandardErrorCapture()
    : outer(std::exchange(innermost, this)), file(std::tmpfile()) {
  if (!file)
    return;
  llvm::errs().flush();
  saved = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
}

StandardErrorCapture::~StandardErrorCapture() {
  restore();
  innermost = outer;
  if (file)
    std::fclose(file);
}

void StandardErrorCapture::abandonAll() {
  for (StandardErrorCapture *capture = innermost; capture;
       capture = capture->outer)
    capture->restore();
}

std::string StandardErrorCapture::finish() {
  restore();
  std::string text;
  if (!file)
    return text;
  std::rewind(file);
  char buffer[4096];
  while (size_t size = std::fread(buffer, 1, sizeof(buffer), file))
    text.append(buffer, size);
  return text;
}

void StandardErrorCapture::restore() {
  if (saved < 0)
    return;
  llvm::errs().flush();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  saved = -1;
}
