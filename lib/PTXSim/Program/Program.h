//===- Program.h - Decoded code ---------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel is one flat list of instructions, its own and those of the functions
// that it calls. An operand is an offset into the register file of a warp,
// which holds registers, constants and special registers, with 32 lanes each. A
// handler is a loop over lanes.
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_PROGRAM_PROGRAM_H
#define PTXSIM_PROGRAM_PROGRAM_H

#include "Frontend/AST.h"
#include "ptxsim/Module.h"
#include <memory>
#include <vector>

namespace ptxsim {

struct Warp;
struct Inst;

constexpr unsigned kLanes = 32;
constexpr uint32_t kAllLanes = 0xffffffffu;

/// Executes an instruction for the lanes of the mask (never empty).
using ExecFn = void (*)(Warp &, const Inst &, uint32_t mask);

/// A register, constant or special register in the register file. A value of 8
/// or 16 bits takes 64 bytes (32 lanes of 16 bits), one of 32 bits 128, of 64
/// bits 256, of 128 bits 512 (the 16 bytes of a lane together). A predicate
/// takes 64, of which the first four are the bits of the lanes. The unit of 64
/// bytes is also that of the marks of undefined values: see Warp::undefined.
struct Ref {
  int32_t offset = -1; // bytes; -1: absent
  /// 16-bit halves that the instruction reads or writes: 1 for a predicate.
  uint8_t halves = 0;
  /// A predicate that is read negated.
  bool negated = false;
  /// Bytes of a lane's value in the file: 2, 4, 8 or 16; 0 for a predicate.
  /// More than those of the type if a wider register is allowed (ld, st, cvt).
  uint8_t size = 0;

  explicit operator bool() const { return offset >= 0; }
};

/// The control flow of an instruction.
enum class Flow : uint8_t {
  Next,      // exec, then the next one
  Branch,    // target
  BranchIdx, // targets[a]
  Call,      // target
  Return,    // to the caller; exit in a kernel
  Exit,
  Trap,       // trap, brkpt
  Collective, // exec when all lanes of `members` (absent: the warp) are here
  Barrier,    // barriers of the block: see Barriers.cpp
  Poll,       // like Next, but may poll the action of another thread: a wait
              // on an mbarrier, a volatile load, an atomic
};

/// The rule that propagates or checks undefined values in an instruction.
enum class InitRule : uint8_t {
  /// Any undefined source half makes the whole destination undefined.
  Propagate,
  /// Halves of d come from halves of the sources in order, as in moves and
  /// packs.
  Move,
  /// Every source must be defined, because the instruction decides the control
  /// flow or writes outside of the block; destinations become defined.
  Demand,
  /// `rule` of the instruction implements it.
  Custom,
  /// No source is read; destinations become defined.
  Define,
};

/// The counter of an instruction, which also names the pipe. The first ones, up
/// to Compare, are for instructions that compute registers from registers.
enum class InstClass : uint8_t {
  Integer,
  Float32,
  Float16,
  Float64,
  Convert,
  Sfu,
  Move,
  Logic,
  Compare,
  Control,
  Collective,
  Barrier,
  LoadGlobal, // and stores, atomics: by space
  LoadShared,
  LoadOther,
  Async,
  Tensor,
  Fence,
  Other,
};
constexpr unsigned kInstClasses = unsigned(InstClass::Other) + 1;
const char *getInstClassName(InstClass cls);

/// Results of the lanes for the tensor counters.
struct TensorShape {
  uint16_t m = 0, n = 0, k = 0;
  const char *types = nullptr; // "bf16.f32": operands and accumulator
};

struct Inst {
  ExecFn exec = nullptr;
  /// For InitRule::Custom; runs before `exec`, only with marks on.
  ExecFn initRule = nullptr;

  /// The operands of most instructions. The handler defines their meaning.
  Ref d, a, b, c;
  /// Longer lists (vectors, matrices): in Program::refs.
  uint32_t dsts = 0, srcs = 0;
  uint8_t numDsts = 0, numSrcs = 0;

  Flow flow = Flow::Next;
  InitRule init = InitRule::Propagate;
  InstClass cls = InstClass::Other;
  Space space = Space::Generic;
  Type type = Type::None;  // that of memory, or the result
  Type type2 = Type::None; // the source's, where it differs
  /// Bits with a meaning for the handler: rounding mode, comparison, ...
  uint32_t mode = 0;
  uint32_t mode2 = 0;
  /// Displacement of an address, or an immediate.
  int64_t imm = 0;
  Ref guard;
  /// The member mask of a Collective (32 bits); absent: the whole warp,
  /// converged.
  Ref members;
  uint32_t target = 0; // instruction, or index of BranchIdx's list
  uint32_t line = 0;
  uint32_t opcodeName = 0; // index into Program::opcodeNames
  TensorShape tensor;
  /// The number in the list of the kernel, for counters.
  uint32_t number = 0;
};

/// A constant or special register that is written when a warp starts.
struct Constant {
  int32_t offset;
  uint8_t size; // 2, 4, 8 or 16 bytes a lane, 0: a predicate
  uint64_t bits[2];
};
struct SpecialSlot {
  int32_t offset;
  Special special;
};

/// An address that is known when the module is loaded: the lanes' constant at
/// `offset` is the address of the variable plus the addend.
struct AddressConstant {
  int32_t offset;
  uint8_t size;
  int variable; // of the module
  int64_t addend;
  bool generic;
};

/// A decoded kernel.
struct KernelCode {
  KernelInfo info;
  std::vector<Inst> code;
  std::vector<Ref> refs;
  std::vector<std::vector<uint32_t>> branchTables;
  uint32_t registerBytes = 0;
  /// Bytes of the file that instructions may write. The others are constants
  /// and specials, which are always defined.
  uint32_t writableBytes = 0;
  std::vector<Constant> constants;
  std::vector<SpecialSlot> specials;
  std::vector<AddressConstant> addressConstants;
  /// The local memory of a thread: .local variables and the .param space of
  /// calls.
  uint32_t localBytes = 0;
  /// Shared variables start at kSharedBase; dynamic memory follows them.
  uint32_t staticShared = 0;
  uint32_t dynamicSharedAlignment = 16;
  unsigned maxCallDepth = 0;

  const Ref *getDsts(const Inst &inst) const { return &refs[inst.dsts]; }
  const Ref *getSrcs(const Inst &inst) const { return &refs[inst.srcs]; }
};

/// A decoded module.
struct Program {
  std::unique_ptr<Tree> tree;
  std::vector<std::string_view> lines;
  std::vector<KernelCode> kernels;
  std::vector<KernelInfo> infos;
  std::vector<std::string> opcodeNames;
};

/// The offset of a block's variables in its shared window: CUDA reserves the
/// memory below it on sm_80 and newer, so no variable has address 0.
constexpr uint32_t kSharedBase = 1024;

/// Windows of the generic address space. All other addresses are global memory.
constexpr uint64_t kSharedWindow = 0x0000'7000'0000'0000;
constexpr uint64_t kLocalWindow = 0x0000'7100'0000'0000;
constexpr uint64_t kParamWindow = 0x0000'7200'0000'0000;
constexpr uint64_t kWindowSize = 0x0000'0000'0100'0000;

} // namespace ptxsim

#endif // PTXSIM_PROGRAM_PROGRAM_H
