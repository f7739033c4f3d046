//===- ControlTest.cpp - Branches, calls, forward progress ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Threads.h"

using namespace ptxsim;
using namespace ptxsim::test;

static Threads makeThreads(const std::string &body,
                           const std::string &declarations = "") {
  Threads threads;
  threads.body = body;
  threads.declarations = declarations;
  threads.block.x = 48; // a whole warp and half of one
  threads.grid.x = 3;
  return threads;
}

//===----------------------------------------------------------------------===//
// Divergence and reconvergence
//===----------------------------------------------------------------------===//

TEST(Control, NestedBranches) {
  makeThreads(R"(
  and.b32 %r3, %r1, 1;
  and.b32 %r4, %r1, 6;
  setp.eq.u32 %p0, %r3, 0;
  @%p0 bra EVEN;
  setp.eq.u32 %p1, %r4, 2;
  @!%p1 bra OTHER;
  add.u32 %r2, %r2, 100;
  bra JOIN;
OTHER:
  add.u32 %r2, %r2, 200;
JOIN:
  add.u32 %r2, %r2, 10;
  bra.uni END;
EVEN:
  setp.gt.u32 %p2, %r4, 2;
  @%p2 add.u32 %r2, %r2, 400;
END:
  activemask.b32 %r5;
  popc.b32 %r5, %r5;
  mad.lo.u32 %r2, %r5, 1000, %r2;
)")
      .expect([](uint32_t n) -> uint32_t {
        uint32_t t = n % 48, lanes = t < 32 ? 32 : 16;
        uint32_t own = t & 1 ? (t & 6) == 2 ? 110 : 210 : (t & 6) > 2 ? 400 : 0;
        return lanes * 1000 + own;
      });
}

TEST(Control, LoopsOfDifferentLengths) {
  // continue for multiples of 3, break at 5 * (thread % 4) + 2.
  makeThreads(R"(
  mov.u32 %r3, 0;
  and.b32 %r4, %r1, 3;
  mad.lo.u32 %r4, %r4, 5, 2;
LOOP:
  setp.ge.u32 %p0, %r3, %r1;
  @%p0 bra DONE;
  add.u32 %r3, %r3, 1;
  rem.u32 %r5, %r3, 3;
  setp.eq.u32 %p1, %r5, 0;
  @%p1 bra LOOP;
  setp.eq.u32 %p2, %r3, %r4;
  @%p2 bra DONE;
  add.u32 %r2, %r2, %r3;
  bra LOOP;
DONE:
  activemask.b32 %r6;
  popc.b32 %r6, %r6;
  mad.lo.u32 %r2, %r6, 10000, %r2;
)")
      .expect([](uint32_t n) {
        uint32_t t = n % 48, sum = 0;
        for (uint32_t i = 1; i <= t; ++i) {
          if (i % 3 == 0)
            continue;
          if (i == t % 4 * 5 + 2)
            break;
          sum += i;
        }
        return (t < 32 ? 32 : 16) * 10000 + sum;
      });
}

TEST(Control, NestedLoopsLeftAtOnce) {
  makeThreads(R"(
  mov.u32 %r3, 0;
OUTER:
  mov.u32 %r4, 0;
INNER:
  add.u32 %r2, %r2, 1;
  mad.lo.u32 %r5, %r3, 8, %r4;
  setp.ge.u32 %p0, %r5, %r1;
  @%p0 bra OUT;
  add.u32 %r4, %r4, 1;
  setp.lt.u32 %p1, %r4, 8;
  @%p1 bra INNER;
  add.u32 %r3, %r3, 1;
  bra OUTER;
OUT:
)")
      .expect([](uint32_t n) { return n % 48 + 1; });
}

TEST(Control, IndirectBranches) {
  makeThreads(R"(
  rem.u32 %r3, %r1, 5;
  setp.ne.u32 %p0, %r3, 4;
TABLE: .branchtargets A, B, C, B;
  @%p0 brx.idx %r3, TABLE;
  mov.u32 %r2, 7;
  bra.uni END;
A:
  mov.u32 %r2, 1;
  bra.uni END;
B:
  add.u32 %r2, %r3, 10;
C:
  add.u32 %r2, %r2, 100;
END:
  activemask.b32 %r6;
  popc.b32 %r6, %r6;
  mad.lo.u32 %r2, %r6, 10000, %r2;
)")
      .expect([](uint32_t n) -> uint32_t {
        uint32_t t = n % 48, i = t % 5;
        uint32_t own = i == 0 ? 1 : i == 4 ? 7 : i == 2 ? 100 : i + 110;
        return (t < 32 ? 32 : 16) * 10000 + own;
      });
}

TEST(Control, ThreadsThatEndEarly) {
  makeThreads(R"(
  rem.u32 %r3, %r1, 3;
  setp.eq.u32 %p0, %r3, 0;
  mov.u32 %r2, 3;
  @%p0 st.global.u32 [%a0], %r2;
  @%p0 exit;
  setp.eq.u32 %p0, %r3, 1;
  mov.u32 %r2, 4;
  @%p0 st.global.u32 [%a0], %r2;
  @%p0 ret;
  activemask.b32 %r6;
  popc.b32 %r2, %r6;
)")
      .expect([](uint32_t n) -> uint32_t {
        uint32_t t = n % 48;
        return t % 3 == 0 ? 3 : t % 3 == 1 ? 4 : t < 32 ? 10 : 6;
      });
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

static const char *kFunctions = R"(
.func (.reg .b32 %out) twice(.reg .b32 %in)
{
  shl.b32 %out, %in, 1;
  ret;
}
.func (.param .b32 result) collatz(.param .b32 start)
{
  .reg .b32 %r<4>;
  .reg .pred %p<2>;
  ld.param.u32 %r0, [start];
  mov.u32 %r1, 0;
  st.param.u32 [result], %r1;
  setp.eq.u32 %p0, %r0, 0;
  @%p0 ret;
STEP:
  setp.eq.u32 %p0, %r0, 1;
  @%p0 bra DONE;
  and.b32 %r2, %r0, 1;
  setp.eq.u32 %p1, %r2, 1;
  shr.u32 %r3, %r0, 1;
  @%p1 mad.lo.u32 %r3, %r0, 3, 1;
  mov.u32 %r0, %r3;
  add.u32 %r1, %r1, 1;
  bra STEP;
DONE:
  st.param.u32 [result], %r1;
  ret;
}
.func (.param .b32 result) chain(.param .b32 start)
{
  .reg .b32 %r<4>;
  .param .b32 given;
  .param .b32 got;
  ld.param.u32 %r0, [start];
  call (%r1), twice, (%r0);
  add.u32 %r1, %r1, 1;
  st.param.u32 [given], %r1;
  call.uni (got), collatz, (given);
  ld.param.u32 %r2, [got];
  st.param.u32 [result], %r2;
}
.func bump(.param .b64 .ptr .global where, .param .b32 by)
{
  .reg .b32 %r<2>;
  .reg .b64 %rd<1>;
  ld.param.u64 %rd0, [where];
  ld.param.u32 %r0, [by];
  atom.global.add.u32 %r1, [%rd0], %r0;
}
)";

static uint32_t collatz(uint32_t n) {
  uint32_t steps = 0;
  for (; n > 1; ++steps)
    n = n & 1 ? 3 * n + 1 : n / 2;
  return steps;
}

TEST(Control, CallsFromDivergentCode) {
  makeThreads(R"(
  .param .b32 in;
  .param .b32 out;
  and.b32 %r3, %r1, 3;
  setp.eq.u32 %p0, %r3, 0;
  setp.eq.u32 %p1, %r3, 1;
  setp.eq.u32 %p2, %r3, 2;
  st.param.u32 [in], %r1;
  @%p0 bra FIRST;
  @%p1 call (out), chain, (in);
  @%p1 ld.param.u32 %r2, [out];
  @%p2 call (%r2), twice, (%r1);
  bra.uni END;
FIRST:
  call (out), collatz, (in);
  ld.param.u32 %r2, [out];
  call (%r2), twice, (%r2);
END:
  activemask.b32 %r6;
  popc.b32 %r6, %r6;
  mad.lo.u32 %r2, %r6, 10000, %r2;
)",
              kFunctions)
      .expect([](uint32_t n) {
        uint32_t t = n % 48, k = t % 4;
        uint32_t own = k == 0   ? 2 * collatz(t)
                       : k == 1 ? collatz(2 * t + 1)
                       : k == 2 ? 2 * t
                                : 0;
        return (t < 32 ? 32 : 16) * 10000 + own;
      });
}

TEST(Control, CallsForTheirEffect) {
  makeThreads(R"(
  .param .b64 where;
  .param .b32 by;
  st.param.u64 [where], %rd0;
  add.u32 %r3, %r1, 1;
  st.param.u32 [by], %r3;
  call bump, (where, by);
  mov.u32 %r2, 1;
  bar.sync 0;
  setp.eq.u32 %p0, %r1, 0;
  @!%p0 bra END;
WAIT:
  atom.global.or.b32 %r2, [%rd0], 0;
  setp.lt.u32 %p1, %r2, 3528;
  @%p1 bra WAIT;
END:
)",
              kFunctions)
      .expect(
          [](uint32_t n) -> uint32_t { return n % 48 ? 1 : 3 * 48 * 49 / 2; });
}

//===----------------------------------------------------------------------===//
// Forward progress
//===----------------------------------------------------------------------===//

TEST(Progress, LanesTakeTurnsAtALock) {
  // The lock protects a non-atomic value.
  Threads threads = makeThreads(R"(
  add.u64 %rd1, %rd0, 128;
TRY:
  atom.global.acquire.gpu.cas.b32 %r3, [%rd0], 0, 1;
  setp.ne.u32 %p0, %r3, 0;
  @%p0 bra TRY;
  ld.global.u32 %r4, [%rd1];
  add.u32 %r4, %r4, 1;
  st.global.u32 [%rd1], %r4;
  atom.global.release.gpu.exch.b32 %r3, [%rd0], 0;
  atom.global.acq_rel.gpu.add.u32 %r3, [%rd0+4], 1;
WAIT:
  ld.acquire.gpu.global.u32 %r3, [%rd0+4];
  setp.lt.u32 %p0, %r3, 144;
  @%p0 bra WAIT;
  ld.global.u32 %r2, [%rd1];
)");
  threads.expect([](uint32_t) { return 144; });
}

TEST(Progress, LaneWaitsForLane) {
  // The waiting lanes are first in the text, and last.
  for (bool first : {true, false}) {
    std::string wait = "WAIT:\nld.relaxed.gpu.global.u32 %r3, [%rd2];\n"
                       "setp.eq.u32 %p1, %r3, 0;\n@%p1 bra WAIT;\n"
                       "mov.u32 %r2, %r3;\nbra.uni END;\n";
    std::string give = "mov.u32 %r2, 5;\nst.relaxed.gpu.global.u32 [%rd2], "
                       "%r2;\nbra.uni END;\n";
    Threads threads;
    threads.grid.x = 1;
    threads.body = "mov.u64 %rd2, %rd0;\nsetp.eq.u32 %p0, %r1, 17;\n@" +
                   std::string(first ? "%p0" : "!%p0") + " bra OTHER;\n" +
                   (first ? wait : give) + "OTHER:\n" + (first ? give : wait) +
                   "END:\n";
    threads.expect([](uint32_t) { return 5; });
  }
}

TEST(Progress, LoopsByIndirectBranches) {
  Threads threads;
  threads.body = R"(
  setp.eq.u32 %p0, %r1, 3;
TABLE: .branchtargets AGAIN, GO;
  @%p0 bra GIVE;
AGAIN:
  ld.volatile.global.u32 %r3, [%rd0];
  brx.idx %r3, TABLE;
GIVE:
  mov.u32 %r3, 1;
  st.volatile.global.u32 [%rd0], %r3;
GO:
  mov.u32 %r2, 9;
)";
  threads.expect([](uint32_t) { return 9; });
}

TEST(Progress, WarpsTakeTurns) {
  Threads threads;
  threads.declarations = ".shared .align 4 .b32 turn;\n";
  threads.block.x = 128;
  threads.body = R"(
  mov.u32 %r3, 0;
  setp.eq.u32 %p0, %r1, 0;
  @%p0 st.volatile.shared.u32 [turn], %r3;
  bar.sync 0;
  and.b32 %r4, %r1, 31;
  setp.ne.u32 %p1, %r4, 0;
  @%p1 bra END;
  shr.u32 %r5, %r1, 5;
  sub.u32 %r5, 3, %r5;
  mov.u32 %r7, 0;
ROUND:
  ld.volatile.shared.u32 %r6, [turn];
  and.b32 %r6, %r6, 3;
  setp.ne.u32 %p2, %r6, %r5;
  @%p2 bra ROUND;
  ld.volatile.shared.u32 %r6, [turn];
  add.u32 %r2, %r2, %r6;
  add.u32 %r6, %r6, 1;
  st.volatile.shared.u32 [turn], %r6;
  add.u32 %r7, %r7, 1;
  setp.lt.u32 %p2, %r7, 10;
  @%p2 bra ROUND;
END:
)";
  threads.expect([](uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t round = 0; round < 10; ++round)
      sum += round * 4 + (3 - n / 32);
    return n % 32 ? 0 : sum;
  });
}

/// Each block waits for the next one, with this instruction.
static void expectBlocksWait(const std::string &poll, unsigned blocks) {
  Threads threads;
  threads.grid.x = blocks;
  threads.body = R"(
  mov.u32 %r3, %ctaid.x;
  mov.u32 %r4, %nctaid.x;
  add.u32 %r5, %r3, 1;
  mul.wide.u32 %rd1, %r3, 4;
  add.u64 %rd1, %rd0, %rd1;
  setp.ne.u32 %p0, %r1, 0;
  @%p0 bra END;
  mov.u32 %r6, 0;
  setp.eq.u32 %p1, %r5, %r4;
  @%p1 bra GIVE;
WAIT:
)" + poll + R"(
  setp.eq.u32 %p1, %r6, 0;
  @%p1 bra WAIT;
GIVE:
  add.u32 %r2, %r6, 1;
  fence.acq_rel.gpu;
  st.relaxed.gpu.global.u32 [%rd1], %r2;
END:
)";
  threads.expect([&](uint32_t n) { return n % 32 ? 0 : blocks - n / 32; });
}

TEST(Progress, BlocksWaitForLaterOnes) {
  expectBlocksWait("ld.acquire.gpu.global.u32 %r6, [%rd1+4];", 16);
  expectBlocksWait("ld.volatile.global.u32 %r6, [%rd1+4];\nfence.acq_rel.gpu;",
                   16);
}

TEST(Progress, BlocksWaitByAtomics) {
  expectBlocksWait("atom.acquire.gpu.global.or.b32 %r6, [%rd1+4], 0;", 8);
  expectBlocksWait("atom.acquire.gpu.global.cas.b32 %r6, [%rd1+4], 0, 0;", 8);
}

TEST(Progress, BlocksThatCountWhileTheyWait) {
  expectBlocksWait("ld.acquire.gpu.global.u32 %r6, [%rd1+4];\n"
                   "atom.global.add.u32 %r7, [%rd0+4000], 1;",
                   6);
}

TEST(Progress, CollectiveWithoutLanesThatHaveExited) {
  // Lanes 16 to 31 wait for lanes that exit, and lane 0 for the result.
  Threads threads;
  threads.body = R"(
  setp.lt.u32 %p0, %r1, 16;
  @%p0 bra OTHERS;
  bar.warp.sync 0xfffffffe;
  mov.u32 %r2, 1;
  setp.eq.u32 %p1, %r1, 16;
  @%p1 st.volatile.global.u32 [%rd0], %r2;
  bra.uni END;
OTHERS:
  setp.eq.u32 %p1, %r1, 0;
  @%p1 bra WAIT;
  mov.u32 %r2, 1;
  st.global.u32 [%a0], %r2;
  exit;
WAIT:
  ld.volatile.global.u32 %r2, [%rd0];
  setp.eq.u32 %p1, %r2, 0;
  @%p1 bra WAIT;
END:
)";
  threads.expect([](uint32_t) { return 1; });
}
