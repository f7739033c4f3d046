//===- MbarrierTest.cpp - mbarrier objects --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"

using namespace ptxsim;
using namespace ptxsim::test;

namespace {
class Mbarrier : public testing::TestWithParam<AsyncPolicy> {
protected:
  SimOptions options() const {
    SimOptions result;
    result.async = GetParam();
    return result;
  }
};
} // namespace

INSTANTIATE_TEST_SUITE_P(Policies, Mbarrier,
                         testing::Values(AsyncPolicy::Late, AsyncPolicy::Eager,
                                         AsyncPolicy::Random));

/// `bar` is an mbarrier for `count` arrivals; every thread has an output word
/// at %rd12 and 16 bytes of the tile at %r4 and of p0 at %rd11.
static std::string makeBarrierKernel(unsigned count, const std::string &body,
                                     const std::string &target = "sm_90") {
  return makeKernel(
      target, 2,
      ".shared .align 8 .b64 bar;\n.shared .align 16 .b8 tile[4096];\n",
      "mov.u32 %r2, tile;\nmad.lo.u32 %r4, %r0, 16, %r2;\n"
      "mul.wide.u32 %rd10, %r0, 16;\nadd.u64 %rd11, %rd0, %rd10;\n"
      "mul.wide.u32 %rd10, %r0, 4;\nadd.u64 %rd12, %rd1, %rd10;\n"
      "mov.u32 %r3, bar;\nsetp.eq.u32 %p1, %r0, 0;\n"
      "@%p1 mbarrier.init.shared.b64 [%r3], " +
          std::to_string(count) + ";\nbar.sync 0;\n" + body);
}

static std::string waitParity(unsigned parity, const std::string &label) {
  return label + ":\nmbarrier.try_wait.parity.shared.b64 %p2, [%r3], " +
         std::to_string(parity) + ";\n@!%p2 bra " + label + ";\n";
}

/// The words stored by 64 threads.
static std::vector<uint32_t> runWords(const std::string &text,
                                      const SimOptions &options,
                                      LaunchResult &result,
                                      unsigned threads = 64) {
  Bytes input(threads * 16);
  for (size_t i = 0; i < input.size(); ++i)
    input[i] = uint8_t(i / 16 + 1);
  std::vector<Bytes> buffers = {input, Bytes(threads * 4)};
  result = run(text, buffers, threads, options);
  return fromBytes<uint32_t>(buffers[1]);
}

static bool finds(const std::string &kind, const std::string &text,
                  const SimOptions &options) {
  LaunchResult result;
  runWords(text, options, result);
  EXPECT_TRUE(hasFinding(result, kind)) << formatFindings(result);
  return hasFinding(result, kind);
}

TEST_P(Mbarrier, OrdersThreadsOverManyPhases) {
  // Each thread passes its number to its neighbor, four times.
  std::string body;
  for (unsigned phase = 0; phase < 4; ++phase) {
    std::string n = std::to_string(phase);
    body += "add.u32 %r5, %r0, " + n + ";\nst.shared.b32 [%r4+" +
            std::to_string(4 * phase) +
            "], %r5;\n"
            "mbarrier.arrive.shared.b64 %rd15, [%r3];\n" +
            waitParity(phase & 1, "L" + n) +
            "add.u32 %r6, %r0, 33;\nand.b32 %r6, %r6, 63;\n"
            "mad.lo.u32 %r7, %r6, 16, %r2;\nld.shared.b32 %r8, [%r7+" +
            std::to_string(4 * phase) + "];\n";
  }
  LaunchResult result;
  auto words =
      runWords(makeBarrierKernel(64, body + "st.global.b32 [%rd12], %r8;\n"),
               options(), result);
  EXPECT_CLEAN(result);
  for (unsigned i = 0; i < 64; ++i)
    EXPECT_EQ(words[i], ((i + 33) & 63) + 3);
}

TEST_P(Mbarrier, WaitsForTokens) {
  const std::string loop = "L:\nmbarrier.test_wait.shared.b64 %p2, [%r3], "
                           "%rd15;\n@!%p2 bra L;\n";
  LaunchResult result;
  auto words = runWords(
      makeBarrierKernel(64,
                        "mbarrier.arrive.shared.b64 %rd15, [%r3];\n" + loop +
                            "mbarrier.pending_count.b64 %r5, %rd15;\n"
                            "st.global.b32 [%rd12], %r5;\n",
                        "sm_80"),
      options(), result);
  EXPECT_CLEAN(result);
  // The counts before each arrival are 1 to 64 in some order.
  std::vector<bool> seen(65);
  for (uint32_t word : words) {
    ASSERT_TRUE(word >= 1 && word <= 64 && !seen[word]);
    seen[word] = true;
  }
}

TEST_P(Mbarrier, FreshOneLetsOddParityPass) {
  LaunchResult result;
  auto words =
      runWords(makeBarrierKernel(
                   1, "mbarrier.test_wait.parity.shared.b64 %p2, [%r3], 1;\n"
                      "mbarrier.test_wait.parity.shared.b64 %p3, [%r3], 0;\n"
                      "selp.b32 %r5, 1, 0, %p2;\nselp.b32 %r6, 2, 0, %p3;\n"
                      "or.b32 %r5, %r5, %r6;\nst.global.b32 [%rd12], %r5;\n"),
               options(), result);
  EXPECT_CLEAN(result);
  EXPECT_EQ(words, std::vector<uint32_t>(64, 1));
}

TEST_P(Mbarrier, CountsTransactions) {
  // Not complete before the bytes are; complete_tx simulates the copy engine.
  LaunchResult result;
  auto words =
      runWords(makeBarrierKernel(
                   1, "setp.ne.u32 %p3, %r0, 0;\n@%p3 bra WAIT;\n"
                      "mbarrier.arrive.expect_tx.shared.b64 _, [%r3], 48;\n"
                      "mbarrier.complete_tx.shared.b64 [%r3], 32;\n"
                      "mbarrier.test_wait.parity.shared.b64 %p4, [%r3], 0;\n"
                      "mov.b32 %r5, 77;\n@%p4 mov.b32 %r5, 78;\n"
                      "st.shared.b32 [%r2], %r5;\n"
                      "mbarrier.expect_tx.relaxed.cta.shared.b64 [%r3], 16;\n"
                      "mbarrier.complete_tx.shared.b64 [%r3], 16;\n"
                      "mbarrier.complete_tx.shared.b64 [%r3], 16;\n"
                      "WAIT:\n" +
                          waitParity(0, "L") +
                          "bar.sync 0;\nld.shared.b32 %r5, [%r2];\n"
                          "st.global.b32 [%rd12], %r5;\n"),
               options(), result);
  EXPECT_CLEAN(result);
  EXPECT_EQ(words, std::vector<uint32_t>(64, 77));
}

TEST_P(Mbarrier, DropsArrivals) {
  // 32 threads drop out in the first phase; the others continue without them.
  LaunchResult result;
  auto words = runWords(
      makeBarrierKernel(
          64,
          "mov.b32 %r5, 5;\nsetp.ge.u32 %p3, %r0, 32;\n@!%p3 bra STAY;\n"
          "mbarrier.arrive_drop.shared.b64 %rd15, [%r3];\nbra DONE;\n"
          "STAY:\n"
          "mbarrier.arrive.shared.b64 %rd15, [%r3];\n" +
              waitParity(0, "L0") +
              "mbarrier.arrive.release.cta.shared::cta.b64 %rd15, [%r3], 1;\n" +
              waitParity(1, "L1") +
              "mov.b32 %r5, 6;\nDONE:\nst.global.b32 [%rd12], %r5;\n"),
      options(), result);
  EXPECT_CLEAN(result);
  for (unsigned i = 0; i < 64; ++i)
    EXPECT_EQ(words[i], i < 32 ? 6u : 5u);
}

/// All threads copy, and read each other's bytes after a wait for `bar`.
static std::string makeCopies(const std::string &arrive, unsigned count,
                              const std::string &wait) {
  return makeBarrierKernel(
      count, "cp.async.cg.shared.global [%r4], [%rd11], 16;\n" + arrive + wait +
                 "xor.b32 %r6, %r0, 32;\nmad.lo.u32 %r7, %r6, 16, %r2;\n"
                 "ld.shared.b32 %r8, [%r7];\nst.global.b32 [%rd12], %r8;\n");
}

TEST_P(Mbarrier, TracksCopies) {
  const std::string noinc =
      "cp.async.mbarrier.arrive.noinc.shared.b64 [%r3];\n";
  const std::string inc = "cp.async.mbarrier.arrive.shared.b64 [%r3];\n"
                          "mbarrier.arrive.shared.b64 %rd15, [%r3];\n";
  for (const std::string &arrive : {noinc, inc}) {
    LaunchResult result;
    auto words =
        runWords(makeCopies(arrive, 64, waitParity(0, "L")), options(), result);
    EXPECT_CLEAN(result);
    for (unsigned i = 0; i < 64; ++i)
      EXPECT_EQ(words[i], 0x01010101u * ((i ^ 32) + 1));
    EXPECT_TRUE(finds("in-flight", makeCopies(arrive, 64, ""), options()));
  }
  // No arrival for the copies: the barrier does not cover them.
  EXPECT_TRUE(finds("in-flight",
                    makeCopies("mbarrier.arrive.shared.b64 %rd15, [%r3];\n", 64,
                               waitParity(0, "L")),
                    options()));
}

TEST_P(Mbarrier, WithoutItThereIsARace) {
  EXPECT_TRUE(
      finds("race",
            makeBarrierKernel(64, "st.shared.b32 [%r4], %r0;\n"
                                  "mbarrier.arrive.shared.b64 %rd15, [%r3];\n"
                                  "xor.b32 %r6, %r0, 32;\n"
                                  "mad.lo.u32 %r7, %r6, 16, %r2;\n"
                                  "ld.shared.b32 %r8, [%r7];\n"),
            options()));
}

TEST_P(Mbarrier, FindsMisuse) {
  const char *bodies[] = {
      // Too many arrivals at once, over several threads, out of range.
      "@%p1 mbarrier.arrive.shared.b64 %rd15, [%r3], 65;\n",
      "@%p1 mbarrier.arrive.shared.b64 %rd15, [%r3], 0;\n",
      "mbarrier.arrive.noComplete.shared.b64 %rd15, [%r3], 1;\n",
      "@%p1 mbarrier.init.shared.b64 [%r3+8], 0;\n",
      // Objects that are live or not live.
      "@%p1 mbarrier.init.shared.b64 [%r3], 64;\n",
      "@%p1 mbarrier.inval.shared.b64 [%r3];\n"
      "@%p1 mbarrier.arrive.shared.b64 %rd15, [%r3];\n",
      "@%p1 mbarrier.arrive.shared.b64 %rd15, [%r2];\n",
      "@%p1 mbarrier.inval.shared.b64 [%r2];\n",
      "@%p1 ld.shared.b64 %rd15, [%r3];\n",
      "@%p1 st.shared.b32 [%r3+4], %r0;\n",
      // An invalid or outdated state; an invalid parity.
      "mov.b64 %rd15, 5;\n"
      "@%p1 mbarrier.test_wait.shared.b64 %p2, [%r3], %rd15;\n",
      "@%p1 mbarrier.arrive.shared.b64 %rd15, [%r3], 64;\n"
      "@%p1 mbarrier.arrive.shared.b64 %rd16, [%r3], 64;\n"
      "@%p1 mbarrier.test_wait.shared.b64 %p2, [%r3], %rd15;\n",
      "@%p1 mbarrier.test_wait.parity.shared.b64 %p2, [%r3], 2;\n",
      // Transactions out of range.
      "@%p1 mbarrier.expect_tx.relaxed.cta.shared.b64 [%r3], 1048576;\n",
  };
  for (const char *body : bodies)
    EXPECT_TRUE(finds("mbarrier", makeBarrierKernel(64, body), options()))
        << body;
}

TEST_P(Mbarrier, EndsAndBeginsAgain) {
  LaunchResult result;
  runWords(
      makeBarrierKernel(64, "mbarrier.arrive.shared.b64 %rd15, [%r3];\n" +
                                waitParity(0, "L0") +
                                "bar.sync 0;\n"
                                "@%p1 mbarrier.inval.shared.b64 [%r3];\n"
                                "@%p1 st.shared.b64 [%r3], %rd0;\n"
                                "@%p1 mbarrier.init.shared.b64 [%r3], 64;\n"
                                "bar.sync 0;\n"
                                "mbarrier.arrive.shared.b64 %rd15, [%r3];\n" +
                                waitParity(0, "L1")),
      options(), result);
  EXPECT_CLEAN(result);
}

TEST_P(Mbarrier, DeadlockIsFound) {
  EXPECT_TRUE(
      finds("deadlock",
            makeBarrierKernel(65, "mbarrier.arrive.shared.b64 %rd15, [%r3];\n" +
                                      waitParity(0, "L")),
            options()));
  // Copies in flight do not replace a missing arrival.
  EXPECT_TRUE(finds("deadlock",
                    makeCopies("cp.async.mbarrier.arrive.noinc.shared.b64 "
                               "[%r3];\n",
                               65, waitParity(0, "L")),
                    options()));
}

TEST(MbarrierForms, DependOnTarget) {
  Diagnostic error;
  EXPECT_FALSE(Module::parse(
      makeBarrierKernel(1, "mbarrier.arrive.shared.b64 %rd15, [%r3], 2;\n",
                        "sm_80"),
      error));
  EXPECT_FALSE(
      Module::parse(makeBarrierKernel(1, waitParity(0, "L"), "sm_80"), error));
  EXPECT_TRUE(Module::parse(
      makeBarrierKernel(
          1, "mbarrier.arrive.noComplete.shared.b64 %rd15, [%r3], 2;\n",
          "sm_80"),
      error))
      << error.message;
}
