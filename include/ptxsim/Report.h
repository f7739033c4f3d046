//===- Report.h - Findings and costs of a launch ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef PTXSIM_REPORT_H
#define PTXSIM_REPORT_H

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ptxsim {

struct Chip;

/// The checkers, as bits of a set.
enum Check : unsigned {
  CheckMemory = 1, // out of bounds, misaligned
  CheckInit = 2,   // unwritten memory or registers
  CheckRace = 4,
  CheckSync = 8,       // barriers, .aligned, deadlock
  CheckAsync = 16,     // memory of an asynchronous operation in flight
  CheckSameValue = 32, // unordered stores of the same value; on request only
  CheckNone = 0,
  CheckAll = 31
};

/// `none` or a list such as `memory,race` or `all,same-value`; false if a word
/// is unknown.
bool parseChecks(const std::string &text, unsigned &checks);
const char *getCheckName(Check check);

/// The moment when a copy in flight takes effect.
enum class AsyncPolicy { Late, Eager, Random };
bool parseAsyncPolicy(const std::string &text, AsyncPolicy &policy);

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// An error that a checker found. Equal errors at the same line are one
/// finding: `count` is their number, block and thread are those of the first
/// one.
struct Finding {
  Check check;
  /// `out-of-bounds`, `misaligned`, `uninitialized-memory`,
  /// `uninitialized-register`, `race`, `barrier-divergence`, `not-converged`,
  /// `deadlock`, `in-flight`, ...
  std::string kind;
  std::string message;
  unsigned line = 0;
  /// Of the other access, for a race or a copy in flight; else 0.
  unsigned otherLine = 0;
  /// A race with the completion of a copy, not with its issue.
  bool isAtWait = false;
  /// For an undefined value: where the block had loaded undefined values from
  /// shared memory by then.
  std::vector<unsigned> origins;
  std::string text; // of the PTX line
  Dim3 block{0, 0, 0};
  Dim3 thread{0, 0, 0};
  uint64_t count = 1;

  /// `LINE: block (x,y,z), thread (x,y,z): kind: message`
  std::string format() const;
};

/// The executed operations of a launch. They are counted, not estimated.
struct Counters {
  uint64_t warpInstructions = 0;
  uint64_t threadInstructions = 0;
  std::map<std::string, uint64_t> byOpcode; // with its qualifiers
  std::map<std::string, uint64_t> byClass;
  /// Tensor-core instructions and FLOPs by type, `f16.f32`, `bf16.f32`, ...
  std::map<std::string, uint64_t> tensorCount;
  std::map<std::string, uint64_t> tensorFlops;
  /// Lane operations.
  uint64_t sfuOperations = 0;
  std::map<std::string, uint64_t> laneOperations; // by pipe
  uint64_t sharedAccesses = 0;                    // warp instructions
  uint64_t sharedBytes = 0;
  uint64_t sharedWavefronts = 0;
  uint64_t sharedIdealWavefronts = 0;
  uint64_t globalAccesses = 0;
  uint64_t globalSectors = 0;
  uint64_t globalBytes = 0;     // requested
  uint64_t globalLoadBytes = 0; // of them, loads
  uint64_t globalStoreBytes = 0;
  uint64_t globalUniqueBytes = 0; // touched
  uint64_t barriers = 0;          // completed, block-wide or named
  struct LineCounters {
    uint64_t executions = 0; // warps
    uint64_t wavefronts = 0;
    uint64_t idealWavefronts = 0;
    uint64_t sectors = 0;
    uint64_t globalBytes = 0;
  };
  std::map<unsigned, LineCounters> byLine;
};

/// A lower bound of the cycles of a launch, by pipe, on a full chip. It is a
/// bound, not a measurement, and ignores latencies and stalls.
struct Bound {
  std::map<std::string, double> cyclesByPipe;
  double cycles = 0;
  std::string pipe; // the limiting pipe
  /// The blocks of the launch, and the multiprocessors of the chip. Each
  /// multiprocessor has all pipes except "dram". The bound divides the work of
  /// these pipes by the smaller of the two numbers.
  uint64_t blocks = 0;
  unsigned multiprocessors = 0;
  unsigned blocksPerSM = 0;
  unsigned warpsPerSM = 0;
  std::string occupancyLimit; // the resource that limits it
};

struct LaunchResult {
  std::vector<Finding> findings;
  bool hasCounters = false;
  Counters counters;
  Bound bound;
  double seconds = 0;
  /// Why the launch was stopped at SimOptions::maxSteps; empty if it was not.
  std::string stepLimit;
};

/// Returns the JSON report (the README of the library documents its keys).
std::string formatReport(const LaunchResult &result);
/// Returns the profile as a table for people.
std::string formatProfile(const LaunchResult &result);

} // namespace ptxsim

#endif // PTXSIM_REPORT_H
