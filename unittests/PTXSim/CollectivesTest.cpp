//===- CollectivesTest.cpp - What lanes and blocks do together ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Threads.h"

using namespace ptxsim;
using namespace ptxsim::test;

static Threads makeThreads(const std::string &body, uint32_t threads = 32) {
  Threads result;
  result.body = body;
  result.block.x = threads;
  return result;
}

/// A value that differs between the threads.
static uint32_t valueOf(uint32_t n) { return n * 7 + 3; }
static const char *kValue = "mad.lo.u32 %r3, %r1, 7, 3;\n";

//===----------------------------------------------------------------------===//
// Shuffles
//===----------------------------------------------------------------------===//

/// The source lane as specified by the ISA, -1 if it is out of range.
static int getShuffleSource(const std::string &mode, int lane, int b,
                            unsigned c) {
  int segment = int(c >> 8) & 31, clamp = int(c) & 31;
  int least = lane & segment;
  int most = (lane & segment) | (clamp & ~segment);
  b &= 31;
  int source = mode == "up"     ? lane - b
               : mode == "down" ? lane + b
               : mode == "bfly" ? lane ^ b
                                : least | (b & ~segment);
  bool isInRange = mode == "up" ? source >= most : source <= most;
  return isInRange ? source : -1;
}

TEST(Shuffle, AllModesAndSegments) {
  for (const std::string mode : {"up", "down", "bfly", "idx"})
    for (unsigned segment : {0u, 16u, 24u, 28u, 30u, 31u})
      for (unsigned clamp : {0u, 31u, 7u})
        for (int b : {0, 1, 3, 5, 8, 17, 31, 33}) {
          unsigned c = segment << 8 | clamp;
          // Lanes that stay in range read lanes of the warp only.
          makeThreads(kValue + ("shfl.sync." + mode + ".b32 %r4|%p0, %r3, " +
                                std::to_string(b) + ", " + std::to_string(c) +
                                ", -1;\nselp.u32 %r5, 1, 0, %p0;\n"
                                "mad.lo.u32 %r2, %r5, 10000, %r4;\n"))
              .expect([&](uint32_t n) {
                int source = getShuffleSource(mode, int(n), b, c);
                return source < 0 ? valueOf(n)
                                  : 10000 + valueOf(uint32_t(source));
              });
          if (HasFailure())
            return;
        }
}

TEST(Shuffle, LanesOfTheirOwn) {
  // The source lane, the clamp and the mask are registers.
  makeThreads(std::string(kValue) + R"(
  mad.lo.u32 %r4, %r1, 5, 2;
  mov.u32 %r5, 31;
  mov.u32 %r6, -1;
  shfl.sync.idx.b32 %r2, %r3, %r4, %r5, %r6;
)")
      .expect([](uint32_t n) { return valueOf((n * 5 + 2) % 32); });
}

TEST(Shuffle, PartsOfAWarp) {
  // Two halves shuffle separately in different branches.
  makeThreads(std::string(kValue) + R"(
  and.b32 %r4, %r1, 1;
  setp.eq.u32 %p0, %r4, 0;
  @%p0 bra EVEN;
  shfl.sync.bfly.b32 %r2, %r3, 2, 31, 0xaaaaaaaa;
  bra.uni END;
EVEN:
  shfl.sync.bfly.b32 %r2, %r3, 4, 31, 0x55555555;
END:
)")
      .expect([](uint32_t n) { return valueOf(n ^ (n & 1 ? 2 : 4)); });
}

TEST(Shuffle, OneInstructionForTwoGroups) {
  // The member masks distinguish them; they execute together.
  makeThreads(std::string(kValue) + R"(
  setp.lt.u32 %p0, %r1, 16;
  selp.b32 %r6, 0x0000ffff, 0xffff0000, %p0;
  shfl.sync.down.b32 %r4|%p1, %r3, 1, 0x100f, %r6;
  selp.u32 %r2, %r4, 77, %p1;
)")
      .expect([](uint32_t n) { return n % 16 == 15 ? 77 : valueOf(n + 1); });
}

TEST(Shuffle, WarpOfSomeLanes) {
  makeThreads(std::string(kValue) + R"(
  shfl.sync.up.b32 %r4|%p0, %r3, 1, 0, -1;
  selp.u32 %r2, %r4, 5, %p0;
)",
              45)
      .expect([](uint32_t n) { return n % 32 ? valueOf(n - 1) : 5; });
}

TEST(Shuffle, Scan) {
  makeThreads(R"(
  add.u32 %r2, %r1, 1;
  mov.u32 %r5, 1;
STEP:
  shfl.sync.up.b32 %r4|%p0, %r2, %r5, 0, 0xffffffff;
  @%p0 add.u32 %r2, %r2, %r4;
  shl.b32 %r5, %r5, 1;
  setp.lt.u32 %p1, %r5, 32;
  @%p1 bra STEP;
)")
      .expect([](uint32_t n) { return (n + 1) * (n + 2) / 2; });
}

//===----------------------------------------------------------------------===//
// Votes, match, redux, elect
//===----------------------------------------------------------------------===//

TEST(Vote, AllModes) {
  makeThreads(R"(
  and.b32 %r3, %r1, 3;
  setp.eq.u32 %p0, %r3, 1;
  setp.lt.u32 %p1, %r3, 9;
  vote.sync.all.pred %p2, %p0, -1;
  vote.sync.any.pred %p3, %p0, -1;
  vote.sync.uni.pred %p4, %p0, -1;
  vote.sync.all.pred %p5, %p1, -1;
  vote.sync.any.pred %p6, !%p1, -1;
  vote.sync.uni.pred %p7, !%p1, -1;
  vote.sync.ballot.b32 %r4, !%p0, -1;
  selp.u32 %r2, 1, 0, %p2;
  @%p3 or.b32 %r2, %r2, 2;
  @%p4 or.b32 %r2, %r2, 4;
  @%p5 or.b32 %r2, %r2, 8;
  @%p6 or.b32 %r2, %r2, 16;
  @%p7 or.b32 %r2, %r2, 32;
  xor.b32 %r2, %r2, %r4;
)",
              40)
      .expect([](uint32_t n) {
        return (0xdddddddd & (n < 32 ? 0xffffffff : 0xff)) ^ (2 | 8 | 32);
      });
}

TEST(Vote, OfSomeLanes) {
  makeThreads(R"(
  setp.lt.u32 %p0, %r1, 20;
  @!%p0 bra END;
  and.b32 %r3, %r1, 1;
  setp.eq.u32 %p1, %r3, 0;
  @%p1 vote.sync.ballot.b32 %r2, %p0, 0x00055555;
  vote.sync.all.pred %p2, %p0, 0x000fffff;
  @!%p2 mov.u32 %r2, 5;
END:
)")
      .expect([](uint32_t n) { return n < 20 && n % 2 == 0 ? 0x55555 : 0; });
}

TEST(Match, AnyAndAll) {
  makeThreads(R"(
  rem.u32 %r3, %r1, 5;
  match.any.sync.b32 %r4, %r3, -1;
  cvt.u64.u32 %rd1, %r3;
  shl.b64 %rd1, %rd1, 40;
  match.any.sync.b64 %r5, %rd1, -1;
  xor.b32 %r6, %r4, %r5;
  match.all.sync.b32 %r7|%p0, %r3, -1;
  shr.u32 %r8, %r3, 3;
  match.all.sync.b32 %r9|%p1, %r8, -1;
  selp.u32 %r10, 1, 0, %p0;
  selp.u32 %r11, 1, 0, %p1;
  not.b32 %r9, %r9;
  or.b32 %r6, %r6, %r7;
  or.b32 %r6, %r6, %r9;
  or.b32 %r6, %r6, %r10;
  xor.b32 %r11, %r11, 1;
  or.b32 %r6, %r6, %r11;
  setp.eq.u32 %p2, %r6, 0;
  selp.u32 %r2, %r4, 0, %p2;
)")
      .expect([](uint32_t n) {
        uint32_t mask = 0;
        for (uint32_t l = 0; l < 32; ++l)
          mask |= uint32_t(l % 5 == n % 5) << l;
        return mask;
      });
}

TEST(Redux, AllOperations) {
  struct Case {
    const char *op;
    int64_t (*combine)(int64_t, int64_t);
  } cases[] = {
      {"add.u32", [](int64_t a, int64_t b) { return a + b; }},
      {"add.s32", [](int64_t a, int64_t b) { return a + b; }},
      {"min.s32",
       [](int64_t a, int64_t b) {
         return int64_t(std::min(int32_t(a), int32_t(b)));
       }},
      {"max.s32",
       [](int64_t a, int64_t b) {
         return int64_t(std::max(int32_t(a), int32_t(b)));
       }},
      {"min.u32",
       [](int64_t a, int64_t b) {
         return int64_t(std::min(uint32_t(a), uint32_t(b)));
       }},
      {"max.u32",
       [](int64_t a, int64_t b) {
         return int64_t(std::max(uint32_t(a), uint32_t(b)));
       }},
      {"and.b32", [](int64_t a, int64_t b) { return a & b; }},
      {"or.b32", [](int64_t a, int64_t b) { return a | b; }},
      {"xor.b32", [](int64_t a, int64_t b) { return a ^ b; }},
  };
  auto value = [](uint32_t n) { return (n * 0x9e3779b9u) | 0x400u; };
  for (const Case &test : cases)
    makeThreads("mul.lo.u32 %r3, %r1, 0x9e3779b9;\nor.b32 %r3, %r3, 0x400;\n"
                "redux.sync." +
                    std::string(test.op) + " %r2, %r3, -1;\n",
                40)
        .expect([&](uint32_t n) {
          uint32_t first = n < 32 ? 0 : 32, last = n < 32 ? 32 : 40;
          int64_t result = value(first);
          for (uint32_t l = first + 1; l < last; ++l)
            result = test.combine(result, value(l));
          return uint32_t(result);
        });
}

TEST(Elect, OneOfTheMembers) {
  makeThreads(R"(
  setp.ge.u32 %p0, %r1, 8;
  @!%p0 bra END;
  elect.sync %r3|%p1, 0xffffff00;
  elect.sync _|%p2, 0xffffff00;
  elect.sync %r4|_, 0xffffff00;
  selp.u32 %r5, 100, 0, %p1;
  @%p2 add.u32 %r5, %r5, 100;
  add.u32 %r5, %r5, %r4;
  add.u32 %r2, %r5, %r3;
END:
)")
      .expect([](uint32_t n) { return n < 8    ? 0
                                      : n == 8 ? 216
                                               : 16; });
}

TEST(ActiveMask, OfABranch) {
  makeThreads(R"(
  rem.u32 %r3, %r1, 3;
  setp.eq.u32 %p0, %r3, 0;
  @%p0 activemask.b32 %r2;
)",
              40)
      .expect([](uint32_t n) {
        return n % 3 ? 0 : n < 32 ? 0x49249249 : 0x92;
      });
}

//===----------------------------------------------------------------------===//
// Barriers
//===----------------------------------------------------------------------===//

TEST(Barrier, Reductions) {
  makeThreads(R"(
  setp.ge.u32 %p0, %r1, 30;
  bar.red.popc.u32 %r3, 1, %p0;
  bar.cta.red.popc.u32 %r4, 2, 96, !%p0;
  barrier.cta.red.and.aligned.pred %p1, 0, %p0;
  bar.red.or.pred %p2, 0, %p0;
  setp.lt.u32 %p4, %r1, 200;
  bar.red.and.pred %p3, 15, %p4;
  mad.lo.u32 %r2, %r4, 100, %r3;
  @%p1 add.u32 %r2, %r2, 10000;
  @%p2 add.u32 %r2, %r2, 20000;
  @%p3 add.u32 %r2, %r2, 40000;
)",
              96)
      .expect([](uint32_t) { return 60000 + 3000 + 66; });
}

TEST(Barrier, WithAWarpOfSomeLanes) {
  makeThreads(R"(
  setp.ge.u32 %p0, %r1, 30;
  bar.red.popc.u32 %r3, 0, %p0;
  bar.sync 0;
  bar.sync 3, 64;
  bar.red.popc.u32 %r4, 3, 64, %p0;
  mad.lo.u32 %r2, %r4, 100, %r3;
)",
              40)
      .expect([](uint32_t) { return 1010; });
}

TEST(Barrier, ProducerAndConsumers) {
  // Warp 0 produces values in two slots; warps 1 and 2 consume them. bar.arrive
  // does not wait.
  Threads threads = makeThreads(R"(
  mov.u32 %r10, slots;
  and.b32 %r11, %r1, 31;
  mad.lo.u32 %r10, %r11, 4, %r10;
  mov.u32 %r4, 0;
  setp.ge.u32 %p0, %r1, 32;
  @%p0 bra CONSUMER;
PRODUCER:
  and.b32 %r5, %r4, 1;
  mad.lo.u32 %r6, %r5, 128, %r10;
  setp.lt.u32 %p1, %r4, 2;
  add.u32 %r8, %r5, 3;
  @%p1 bra FREE;
  bar.sync %r8, 96;
FREE:
  mad.lo.u32 %r7, %r4, 1000, %r11;
  st.shared.u32 [%r6], %r7;
  add.u32 %r8, %r5, 1;
  bar.arrive %r8, 96;
  add.u32 %r4, %r4, 1;
  setp.lt.u32 %p1, %r4, 8;
  @%p1 bra PRODUCER;
  bra.uni END;
CONSUMER:
  and.b32 %r5, %r4, 1;
  mad.lo.u32 %r6, %r5, 128, %r10;
  add.u32 %r8, %r5, 1;
  bar.sync %r8, 96;
  ld.shared.u32 %r7, [%r6];
  add.u32 %r2, %r2, %r7;
  add.u32 %r4, %r4, 1;
  setp.gt.u32 %p1, %r4, 6;
  @%p1 bra TAKEN;
  add.u32 %r8, %r5, 3;
  bar.arrive %r8, 96;
TAKEN:
  setp.lt.u32 %p1, %r4, 8;
  @%p1 bra CONSUMER;
END:
)",
                                96);
  threads.declarations = ".shared .align 4 .b8 slots[256];\n";
  threads.grid.x = 2;
  threads.expect([](uint32_t n) {
    uint32_t t = n % 96;
    return t < 32 ? 0 : 28000 + 8 * (t % 32);
  });
}

TEST(Barrier, UnalignedInBothBranches) {
  Threads threads = makeThreads(R"(
  and.b32 %r3, %r1, 1;
  setp.eq.u32 %p0, %r3, 0;
  mul.wide.u32 %rd1, %r1, 4;
  mov.u64 %rd2, place;
  add.u64 %rd1, %rd1, %rd2;
  @%p0 bra EVEN;
  st.shared.u32 [%rd1], %r1;
  barrier.sync 0;
  ld.shared.u32 %r2, [%rd1+-4];
  bra.uni END;
EVEN:
  mul.lo.u32 %r4, %r1, 10;
  st.shared.u32 [%rd1], %r4;
  barrier.cta.sync 0;
  ld.shared.u32 %r2, [%rd1+4];
END:
)",
                                64);
  threads.declarations = ".shared .align 4 .b8 place[256];\n";
  threads.expect([](uint32_t n) { return n & 1 ? (n - 1) * 10 : n + 1; });
}

//===----------------------------------------------------------------------===//
// Special registers
//===----------------------------------------------------------------------===//

TEST(Specials, BlocksOfThreeDimensions) {
  Threads threads;
  threads.block = {5, 3, 4};
  threads.grid = {3, 2, 2};
  threads.options.hostThreads = 1;
  threads.body = R"(
  mov.u32 %r3, %laneid;
  mov.u32 %r4, %warpid;
  mad.lo.u32 %r5, %r4, 32, %r3;
  setp.ne.u32 %p0, %r5, %r1;
  mov.u32 %r6, %nwarpid;
  setp.ne.or.u32 %p0, %r6, 2, %p0;
  mov.u32 %r6, %ntid.z;
  setp.ne.or.u32 %p0, %r6, 4, %p0;
  mov.u32 %r6, %nctaid.z;
  setp.ne.or.u32 %p0, %r6, 2, %p0;
  mov.u32 %r6, %lanemask_lt;
  mov.u32 %r7, %lanemask_ge;
  add.u32 %r6, %r6, %r7;
  setp.ne.or.u32 %p0, %r6, -1, %p0;
  mov.u32 %r6, %lanemask_le;
  mov.u32 %r7, %lanemask_gt;
  add.u32 %r6, %r6, %r7;
  setp.ne.or.u32 %p0, %r6, -1, %p0;
  mov.u32 %r6, %lanemask_eq;
  bfind.u32 %r6, %r6;
  setp.ne.or.u32 %p0, %r6, %laneid, %p0;
  selp.u32 %r2, 1, 0, %p0;
  mov.u32 %r10, %tid.x;
  mad.lo.u32 %r2, %r10, 10, %r2;
  mov.u32 %r10, %tid.y;
  mad.lo.u32 %r2, %r10, 100, %r2;
  mov.u32 %r10, %tid.z;
  mad.lo.u32 %r2, %r10, 1000, %r2;
  mov.u32 %r10, %ctaid.x;
  mad.lo.u32 %r2, %r10, 10000, %r2;
  mov.u32 %r10, %ctaid.y;
  mad.lo.u32 %r2, %r10, 100000, %r2;
  mov.u32 %r10, %ctaid.z;
  mad.lo.u32 %r2, %r10, 1000000, %r2;
  mov.u32 %r11, %nctaid.y;
  mad.lo.u32 %r10, %r10, %r11, %ctaid.y;
  mov.u32 %r11, %nctaid.x;
  mad.lo.u32 %r10, %r10, %r11, %ctaid.x;
  mad.lo.u32 %r10, %r10, 60, %r1;
  mul.wide.u32 %rd5, %r10, 4;
  add.u64 %a0, %a1, %rd5;
)";
  threads.expect([](uint32_t n) {
    uint32_t t = n % 60, b = n / 60;
    return t % 5 * 10 + t / 5 % 3 * 100 + t / 15 * 1000 + b % 3 * 10000 +
           b / 3 % 2 * 100000 + b / 6 * 1000000;
  });
}

TEST(Specials, SharedMemory) {
  Threads threads;
  threads.dynamicShared = 1000;
  threads.declarations = ".shared .align 16 .b8 fixed[64];\n";
  threads.body = R"(
  mov.u32 %r3, fixed;
  st.shared.u8 [%r3], 1;
  mov.u32 %r2, %dynamic_smem_size;
  mov.u32 %r3, %total_smem_size;
  mad.lo.u32 %r2, %r3, 10000, %r2;
)";
  // The total is a multiple of 128 bytes.
  threads.expect([](uint32_t) { return 1152 * 10000 + 1000; });
}
