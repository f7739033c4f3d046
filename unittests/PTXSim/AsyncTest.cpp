//===- AsyncTest.cpp - cp.async under every policy ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"

using namespace ptxsim;
using namespace ptxsim::test;

namespace {
class Async : public testing::TestWithParam<AsyncPolicy> {
protected:
  SimOptions options(uint64_t seed = 1) const {
    SimOptions result;
    result.async = GetParam();
    result.seed = seed;
    return result;
  }
};
} // namespace

INSTANTIATE_TEST_SUITE_P(Policies, Async,
                         testing::Values(AsyncPolicy::Late, AsyncPolicy::Eager,
                                         AsyncPolicy::Random));

static const char *const kTile = ".shared .align 16 .b8 tile[4096];\n";

/// %r4: this thread's 16 bytes of the tile; %rd11, %rd12: those of p0 and p1.
static std::string makeCopyKernel(const std::string &body,
                                  const std::string &declarations = "") {
  return makeKernel("sm_90", 2, kTile + declarations,
                    "mov.u32 %r2, tile;\nmad.lo.u32 %r4, %r0, 16, %r2;\n"
                    "mul.wide.u32 %rd10, %r0, 16;\n"
                    "add.u64 %rd11, %rd0, %rd10;\n"
                    "add.u64 %rd12, %rd1, %rd10;\n" +
                        body);
}

static const std::string kStoreOwn =
    "ld.shared.v4.b32 {%r6, %r7, %r8, %r9}, [%r4];\n"
    "st.global.v4.b32 [%rd12], {%r6, %r7, %r8, %r9};\n";

static Bytes makeInput(size_t bytes) {
  std::mt19937 random(2);
  Bytes input(bytes);
  for (uint8_t &x : input)
    x = uint8_t(random());
  return input;
}

TEST_P(Async, CopiesAndFillsWithZeros) {
  struct {
    const char *instruction;
    unsigned width, copied;
  } cases[] = {
      {"cp.async.cg.shared.global [%r4], [%rd11], 16", 16, 16},
      {"cp.async.ca.shared.global [%r4], [%rd11], 16", 16, 16},
      {"cp.async.ca.shared::cta.global.L2::128B [%r4], [%rd11], 8", 8, 8},
      {"cp.async.ca.shared.global [%r4], [%rd11], 4", 4, 4},
      {"cp.async.cg.shared.global [%r4], [%rd11], 16, 6", 16, 6},
      {"cp.async.cg.shared.global [%r4], [%rd11], 16, %r10", 16, 3},
      {"cp.async.cg.shared.global [%r4], [%rd11], 16, 0", 16, 0},
      {"cp.async.ca.shared.global [%r4], [%rd11], 8, %p1", 8, 0},
      {"cp.async.ca.shared.global [%r4], [%rd11], 8, !%p1", 8, 8},
      {"cp.async.cg.shared.global.L2::cache_hint [%r4], [%rd11], 16, %rd20", 16,
       16},
  };
  for (const auto &c : cases) {
    Bytes input = makeInput(32 * 16);
    std::vector<Bytes> buffers = {input, Bytes(32 * 16)};
    LaunchResult result =
        run(makeCopyKernel("mov.b32 %r10, 3;\nmov.b64 %rd20, 0;\n"
                           "setp.eq.u32 %p1, %r10, 3;\nmov.b32 %r11, -1;\n"
                           "st.shared.v4.b32 [%r4], {%r11, %r11, %r11, "
                           "%r11};\n" +
                           std::string(c.instruction) +
                           ";\ncp.async.wait_all;\n" + kStoreOwn),
            buffers, 32, options());
    EXPECT_CLEAN(result);
    for (unsigned i = 0; i < 32 * 16; ++i) {
      uint8_t expected = i % 16 < c.copied  ? input[i]
                         : i % 16 < c.width ? 0
                                            : 0xff;
      ASSERT_EQ(buffers[1][i], expected) << c.instruction << " at " << i;
    }
  }
}

/// Four groups; the wait leaves `pending` groups in flight, then `read` is
/// read.
static std::string makeGroupsKernel(unsigned pending, unsigned read) {
  std::string body;
  for (unsigned i = 0; i < 4; ++i)
    body += "cp.async.cg.shared.global [%r4+" + std::to_string(1024 * i) +
            "], [%rd11+" + std::to_string(512 * i) +
            "], 16;\ncp.async.commit_group;\n";
  return makeCopyKernel(body + "cp.async.wait_group " +
                        std::to_string(pending) + ";\nadd.u32 %r4, %r4, " +
                        std::to_string(1024 * read) + ";\n" + kStoreOwn);
}

TEST_P(Async, WaitsForOldestGroups) {
  for (unsigned pending = 0; pending < 6; ++pending)
    for (unsigned read = 0; read < 4; ++read) {
      Bytes input = makeInput(4 * 512);
      std::vector<Bytes> buffers = {input, Bytes(512)};
      LaunchResult result = run(makeGroupsKernel(pending, read), buffers, 32,
                                options(pending * 4 + read));
      bool isCovered = read + pending < 4;
      EXPECT_EQ(hasFinding(result, "in-flight"), !isCovered)
          << pending << " " << read << " " << formatFindings(result);
      if (isCovered) {
        EXPECT_CLEAN(result);
        EXPECT_EQ(std::memcmp(buffers[1].data(), &input[512 * read], 512), 0);
      }
    }
}

/// Returns the finding of a body between issue and the end, if any.
static bool isInFlight(const std::string &body, const SimOptions &options) {
  std::vector<Bytes> buffers = {makeInput(64 * 16), makeInput(64 * 16)};
  return hasFinding(run(makeCopyKernel(body), buffers, 64, options),
                    "in-flight");
}

TEST_P(Async, FindsAccessesInFlight) {
  const std::string issue =
      "cp.async.cg.shared.global [%r4], [%rd11], 16;\ncp.async.commit_group;\n";
  const std::string wait = "cp.async.wait_group 0;\n";
  struct {
    std::string bad, access;
  } cases[] = {
      {"read", "ld.shared.b32 %r5, [%r4];\n"},
      {"write", "st.shared.b32 [%r4+12], %r0;\n"},
      {"atomic", "atom.shared.add.u32 %r5, [%r4+4], 1;\n"},
      {"source", "st.global.b32 [%rd11+8], %r0;\n"},
      {"ldmatrix", "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r5}, [%r4];\n"},
  };
  for (const auto &c : cases) {
    EXPECT_TRUE(isInFlight(issue + c.access + wait, options())) << c.bad;
    EXPECT_TRUE(isInFlight(issue + c.access, options())) << c.bad;
    EXPECT_FALSE(isInFlight(issue + wait + c.access, options())) << c.bad;
  }
  // Two copies to one location.
  EXPECT_TRUE(isInFlight(issue + issue + wait, options()));
  EXPECT_FALSE(isInFlight(issue + wait + issue + wait, options()));
  // Another thread's destination: its wait does not help before the barrier.
  const std::string other = "xor.b32 %r6, %r0, 32;\n"
                            "mad.lo.u32 %r7, %r6, 16, %r2;\n";
  EXPECT_TRUE(isInFlight(other + issue +
                             "bar.sync 0;\n"
                             "ld.shared.b32 %r5, [%r7];\n" +
                             wait,
                         options()));
  EXPECT_FALSE(isInFlight(other + issue + wait +
                              "bar.sync 0;\nld.shared.b32 %r5, [%r7];\n",
                          options()));
  // Accesses next to a copy are legal.
  EXPECT_FALSE(isInFlight("cp.async.ca.shared.global [%r4], [%rd11], 8;\n"
                          "st.shared.b64 [%r4+8], %rd0;\n"
                          "st.global.b64 [%rd11+8], %rd0;\n"
                          "cp.async.wait_all;\n",
                          options()));
}

TEST(AsyncPolicies, DecideWhatIsSeenTooEarly) {
  SimOptions options;
  options.checks = CheckNone;
  Bytes input = makeInput(512);
  for (AsyncPolicy policy : {AsyncPolicy::Late, AsyncPolicy::Eager}) {
    options.async = policy;
    std::vector<Bytes> buffers = {input, Bytes(512)};
    run(makeCopyKernel("cp.async.cg.shared.global [%r4], [%rd11], 16;\n" +
                       kStoreOwn),
        buffers, 32, options);
    EXPECT_EQ(buffers[1],
              policy == AsyncPolicy::Eager ? input : Bytes(512, 0xff));
  }
}

TEST(AsyncPolicies, RandomOnesDependOnSeed) {
  SimOptions options;
  options.checks = CheckNone;
  options.async = AsyncPolicy::Random;
  Bytes input = makeInput(512);
  auto runWith = [&](uint64_t seed) {
    options.seed = seed;
    std::vector<Bytes> buffers = {input, Bytes(512)};
    run(makeCopyKernel("cp.async.cg.shared.global [%r4], [%rd11], 16;\n" +
                       kStoreOwn),
        buffers, 32, options);
    return buffers[1];
  };
  Bytes first = runWith(1);
  EXPECT_EQ(first, runWith(1));
  EXPECT_NE(first, runWith(2));
  EXPECT_NE(first, input);
  EXPECT_NE(first, Bytes(512, 0xff));
}

TEST_P(Async, ChecksOperands) {
  struct {
    const char *kind, *body;
  } cases[] = {
      {"misaligned", "cp.async.cg.shared.global [%r4+8], [%rd11], 16;\n"},
      {"misaligned", "cp.async.cg.shared.global [%r4], [%rd11+8], 16;\n"},
      {"misaligned", "cp.async.cg.shared.global [%r4], [%rd11+8], 16, 4;\n"},
      {"out-of-bounds", "cp.async.cg.shared.global [%r4+4096], [%rd11], 16;\n"},
      {"out-of-bounds", "cp.async.cg.shared.global [%r4], [%rd11+512], 16;\n"},
      {"copy-size", "mov.b32 %r5, 17;\n"
                    "cp.async.cg.shared.global [%r4], [%rd11], 16, %r5;\n"},
  };
  for (const auto &c : cases) {
    std::vector<Bytes> buffers = {makeInput(512), makeInput(512)};
    EXPECT_TRUE(
        hasFinding(run(makeCopyKernel(c.body), buffers, 32, options()), c.kind))
        << c.body;
  }
  // Nothing is read, so the source may be anywhere.
  std::vector<Bytes> buffers = {makeInput(512), makeInput(512)};
  EXPECT_CLEAN(run(makeCopyKernel("cp.async.cg.shared.global [%r4], "
                                  "[%rd11+512], 16, 0;\n"),
                   buffers, 32, options()));
}

TEST_P(Async, UnwrittenSourceStaysUnwritten) {
  const std::string copy =
      "cp.async.cg.shared.global [%r4], [%rd11], 16;\ncp.async.wait_all;\n";
  std::vector<Bytes> buffers = {makeInput(512), makeInput(512)};
  EXPECT_CLEAN(run(makeCopyKernel(copy), buffers, 32, options(), 0));
  EXPECT_TRUE(hasFinding(
      run(makeCopyKernel(copy + kStoreOwn), buffers, 32, options(), 0),
      "uninitialized-register"));
}

TEST(AsyncForms, RefusesWhatDoesNotExist) {
  for (const char *body :
       {"cp.async.cg.shared.global [%r4], [%rd11], 8;\n",
        "cp.async.ca.shared.global [%r4], [%rd11], 12;\n",
        "cp.async.ca.shared.global [%r4], [%rd11], %r5;\n",
        "cp.async.wait_group -1;\n",
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes "
        "[%r4], [%rd11], 16, [%r5];\n"}) {
    Diagnostic error;
    EXPECT_FALSE(Module::parse(makeCopyKernel(body), error)) << body;
    EXPECT_TRUE(error);
  }
}
