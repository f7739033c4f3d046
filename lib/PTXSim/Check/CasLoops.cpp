//===- CasLoops.cpp - Loads before compare-and-swap loops -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CasLoops.h"
#include "Program/Program.h"
#include <algorithm>

using namespace ptxsim;

/// Maximum number of instructions between the load and the end of the loop.
static constexpr size_t kReach = 64;

std::vector<bool> ptxsim::findCasLoads(const KernelCode &kernel,
                                       const Program &program) {
  const std::vector<Inst> &code = kernel.code;
  std::vector<bool> loads(code.size());
  for (size_t i = 0; i < code.size(); ++i) {
    const Inst &cas = code[i];
    const std::string &name = program.opcodeNames[cas.opcodeName];
    if (name.compare(0, 5, "atom.") || name.find(".cas.") == std::string::npos)
      continue;
    for (size_t n = i - std::min(i, kReach); n < i; ++n) {
      const Inst &load = code[n];
      loads[n] = loads[n] ||
                 (load.numDsts == 1 && load.a.offset == cas.a.offset &&
                  load.imm == cas.imm && load.space == cas.space &&
                  getTypeSize(load.type) == getTypeSize(cas.type) &&
                  !program.opcodeNames[load.opcodeName].compare(0, 3, "ld."));
    }
  }
  return loads;
}
