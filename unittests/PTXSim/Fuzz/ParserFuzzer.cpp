//===- ParserFuzzer.cpp - Any bytes as PTX --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A libFuzzer target: a text is parsed and decoded, or rejected with a message
// that has a location in the text. Anything else is an error.
//
//===----------------------------------------------------------------------===//

#include "ptxsim/Module.h"
#include <algorithm>
#include <cstddef>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view text(reinterpret_cast<const char *>(data), size);
  ptxsim::Diagnostic error;
  auto module = ptxsim::Module::parse(text, error);
  auto lines = size_t(std::count(text.begin(), text.end(), '\n')) + 1;
  if (module ? bool(error) : !error || error.line > lines)
    std::abort();
  return 0;
}
