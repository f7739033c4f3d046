//===- Control.cpp - Branches, exits and hints ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Program/Decoder.h"
#include "Warp.h"

using namespace ptxsim;

static void doNothing(Warp &, const Inst &, uint32_t) {}

static bool buildBranch(Decoder &d, const Match &, Inst &inst) {
  inst.flow = Flow::Branch;
  inst.init = InitRule::Define;
  return d.expect(1) && d.label(0, inst);
}

static bool buildBranchIndexed(Decoder &d, const Match &, Inst &inst) {
  inst.flow = Flow::BranchIdx;
  inst.init = InitRule::Demand;
  return d.expect(2) && d.src(0, Type::U32, inst.a) && d.branchTable(1, inst);
}

template <Flow flow>
static bool buildEnd(Decoder &d, const Match &, Inst &inst) {
  inst.flow = flow;
  inst.init = InitRule::Define;
  return d.expect(0);
}

/// Performance hints, which have no effect here.
static bool buildHint(Decoder &d, const Match &match, Inst &inst) {
  inst.exec = doNothing;
  inst.init = InitRule::Demand;
  if (match.type() == Type::None)
    return d.expect(0, 1);
  return d.expect(1) && d.src(0, match.type(), inst.a);
}

static constexpr Form kForms[] = {
    {"bra", "uni?", InstClass::Control, buildBranch},
    {"brx", "idx uni?", InstClass::Control, buildBranchIndexed},
    {"ret", "uni?", InstClass::Control, buildEnd<Flow::Return>},
    {"exit", "", InstClass::Control, buildEnd<Flow::Exit>},
    {"trap", "", InstClass::Control, buildEnd<Flow::Trap>},
    {"brkpt", "", InstClass::Control, buildEnd<Flow::Trap>},
    {"nanosleep", ":u32", InstClass::Control, buildHint},
    {"pmevent", "mask?", InstClass::Other, buildHint},
    {"griddepcontrol", "action=wait|launch_dependents", InstClass::Control,
     buildHint},
};

FormTable ptxsim::getControlForms() { return makeTable(kForms); }
