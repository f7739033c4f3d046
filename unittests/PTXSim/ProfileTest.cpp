//===- ProfileTest.cpp - Counters, bounds, the chip table -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The conventions: shared memory has 32 banks of 4 bytes. 4 bytes per lane take
// one pass, 8 bytes two half warps, 16 bytes four quarters. The wavefronts of a
// pass are the most distinct words in one bank. A matrix of ldmatrix is one
// pass over its 8 rows. Global memory has sectors of 32 bytes.
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"

using namespace ptxsim;
using namespace ptxsim::test;

namespace {

LaunchResult profile(const std::string &text, std::vector<Bytes> buffers = {},
                     unsigned threads = 32) {
  SimOptions options;
  options.profile = true;
  options.checks = 0;
  return run(text, buffers, threads, options);
}

const char *const kMemory = ".shared .align 128 .b8 memory[32768];\n";

/// A load of `bytes` per lane from shared memory, at lane * stride bytes.
Counters countLoad(unsigned bytes, unsigned stride,
                   const std::string &guard = "") {
  std::string what = bytes == 4   ? "u32 %r3"
                     : bytes == 8 ? "v2.u32 {%r3, %r4}"
                     : bytes == 2 ? "u16 %h1"
                                  : "v4.u32 {%r3, %r4, %r5, %r6}";
  return profile(makeKernel("sm_80", 0, kMemory,
                            "mov.u32 %r7, memory;\nsetp.lt.u32 %p1, %r1, 16;\n"
                            "mad.lo.u32 %r2, %r1, " +
                                std::to_string(stride) + ", %r7;\n" + guard +
                                " ld.shared." + what + ", [%r2];\n"))
      .counters;
}

TEST(Profile, sharedLoads) {
  struct Row {
    unsigned bytes, stride, wavefronts, ideal;
  };
  const Row rows[] = {
      {4, 4, 1, 1},     // side by side
      {4, 0, 1, 1},     // one word for all
      {4, 8, 2, 1},     // every other bank
      {4, 128, 32, 1},  // one bank
      {4, 132, 1, 1},   // padded
      {2, 2, 1, 1},     // two lanes share a word
      {2, 64, 16, 1},   // two banks
      {8, 8, 2, 2},     // two half warps
      {8, 128, 32, 2},  // 16 words in each of two banks, twice
      {16, 16, 4, 4},   // four quarters
      {16, 128, 32, 4}, // 8 words in each of four banks, four times
      {16, 144, 4, 4},  // padded
  };
  for (const Row &row : rows) {
    Counters counters = countLoad(row.bytes, row.stride);
    std::string what =
        std::to_string(row.bytes) + " by " + std::to_string(row.stride);
    EXPECT_EQ(counters.sharedAccesses, 1u) << what;
    EXPECT_EQ(counters.sharedBytes, 32u * row.bytes) << what;
    EXPECT_EQ(counters.sharedWavefronts, row.wavefronts) << what;
    EXPECT_EQ(counters.sharedIdealWavefronts, row.ideal) << what;
  }
  // Inactive lanes request nothing.
  Counters half = countLoad(4, 128, "@%p1");
  EXPECT_EQ(half.sharedWavefronts, 16u);
  EXPECT_EQ(half.sharedBytes, 64u);
  EXPECT_EQ(half.sharedIdealWavefronts, 1u);
}

TEST(Profile, ldmatrix) {
  auto count = [](const std::string &tiles, const std::string &registers,
                  const std::string &row) {
    return profile(makeKernel("sm_80", 0, kMemory,
                              "mov.u32 %r7, memory;\n" + row +
                                  "add.u32 %r2, %r2, %r7;\n"
                                  "ldmatrix.sync.aligned.m8n8." +
                                  tiles + ".shared.b16 {" + registers +
                                  "}, [%r2];\n"))
        .counters;
  };
  std::string four = "%r10, %r11, %r12, %r13";
  // Rows of 128 bytes: all rows of a matrix are in the same four banks.
  Counters same = count("x4", four, "shl.b32 %r2, %r1, 7;\n");
  EXPECT_EQ(same.sharedAccesses, 1u);
  EXPECT_EQ(same.sharedBytes, 512u);
  EXPECT_EQ(same.sharedWavefronts, 32u);
  EXPECT_EQ(same.sharedIdealWavefronts, 4u);
  // Rows of 64 bytes: two of them in 128 bytes.
  EXPECT_EQ(count("x4", four, "shl.b32 %r2, %r1, 6;\n").sharedWavefronts, 16u);
  // Padded by 16 bytes, and adjacent.
  EXPECT_EQ(count("x4", four, "mul.lo.u32 %r2, %r1, 144;\n").sharedWavefronts,
            4u);
  EXPECT_EQ(count("x4", four, "shl.b32 %r2, %r1, 4;\n").sharedWavefronts, 4u);
  // The swizzle of 128 bytes: the 16-byte piece depends on the row.
  EXPECT_EQ(count("x4", four,
                  "shl.b32 %r2, %r1, 7;\nand.b32 %r3, %r1, 7;\n"
                  "shl.b32 %r3, %r3, 4;\nxor.b32 %r2, %r2, %r3;\n")
                .sharedWavefronts,
            4u);
  // The same row eight times is one row.
  EXPECT_EQ(count("x1", "%r10", "mov.u32 %r2, 0;\n").sharedWavefronts, 1u);
  Counters two = count("x2", "%r10, %r11", "shl.b32 %r2, %r1, 7;\n");
  EXPECT_EQ(two.sharedWavefronts, 16u);
  EXPECT_EQ(two.sharedIdealWavefronts, 2u);
}

TEST(Profile, cpAsync) {
  auto count = [](unsigned bytes, unsigned stride, const std::string &size) {
    std::string cache = bytes == 16 ? "cg" : "ca";
    return profile(makeKernel("sm_80", 1, kMemory,
                              "mov.u32 %r7, memory;\nmad.lo.u32 %r2, %r1, " +
                                  std::to_string(stride) +
                                  ", %r7;\nmul.wide.u32 %rd5, %r1, " +
                                  std::to_string(bytes) +
                                  ";\nadd.u64 %rd5, %rd5, %rd0;\n"
                                  "setp.lt.u32 %p1, %r1, 8;\n"
                                  "selp.u32 %r3, 4, 0, %p1;\ncp.async." +
                                  cache + ".shared.global [%r2], [%rd5], " +
                                  std::to_string(bytes) + size +
                                  ";\ncp.async.wait_all;\n"),
                   {Bytes(512)})
        .counters;
  };
  Counters wide = count(16, 16, "");
  EXPECT_EQ(wide.sharedAccesses, 1u);
  EXPECT_EQ(wide.sharedWavefronts, 4u);
  EXPECT_EQ(wide.sharedIdealWavefronts, 4u);
  EXPECT_EQ(wide.globalSectors, 16u);
  EXPECT_EQ(wide.globalBytes, 512u);
  EXPECT_EQ(wide.globalLoadBytes, 512u);
  EXPECT_EQ(wide.globalUniqueBytes, 512u);
  EXPECT_EQ(count(16, 128, "").sharedWavefronts, 32u);
  EXPECT_EQ(count(16, 144, "").sharedWavefronts, 4u);
  EXPECT_EQ(count(8, 8, "").sharedWavefronts, 2u);
  EXPECT_EQ(count(4, 4, "").sharedWavefronts, 1u);
  EXPECT_EQ(count(4, 128, "").sharedWavefronts, 32u);
  // Eight lanes read 4 bytes, the others fill with zeros.
  Counters filled = count(16, 16, ", %r3");
  EXPECT_EQ(filled.sharedBytes, 512u);
  EXPECT_EQ(filled.sharedWavefronts, 4u);
  EXPECT_EQ(filled.globalBytes, 32u);
  EXPECT_EQ(filled.globalUniqueBytes, 32u);
  EXPECT_EQ(filled.globalSectors, 4u);
}

TEST(Profile, globalMemory) {
  auto count = [](unsigned stride, unsigned times) {
    std::string body = "mul.wide.u32 %rd5, %r1, " + std::to_string(stride) +
                       ";\nadd.u64 %rd5, %rd5, %rd0;\n";
    for (unsigned i = 0; i < times; ++i)
      body += "ld.global.u32 %r3, [%rd5];\n";
    body += "st.global.u32 [%rd5], %r1;\n";
    return profile(makeKernel("sm_80", 1, "", body), {Bytes(4096)}).counters;
  };
  Counters dense = count(4, 3);
  EXPECT_EQ(dense.globalAccesses, 4u);
  EXPECT_EQ(dense.globalSectors, 16u);
  EXPECT_EQ(dense.globalLoadBytes, 384u);
  EXPECT_EQ(dense.globalStoreBytes, 128u);
  EXPECT_EQ(dense.globalUniqueBytes, 128u);
  Counters sparse = count(128, 1);
  EXPECT_EQ(sparse.globalSectors, 64u);
  EXPECT_EQ(sparse.globalUniqueBytes, 128u);
  EXPECT_EQ(count(0, 1).globalSectors, 2u);
}

TEST(Profile, operations) {
  LaunchResult result = profile(
      makeKernel("sm_90", 0, "",
                 "mov.f32 %f1, 0f3F800000;\nmov.b32 %r2, 0;\n"
                 "ex2.approx.ftz.f32 %f2, %f1;\nex2.approx.f16x2 %r3, %r2;\n"
                 "rcp.approx.f32 %f2, %f2;\nbar.sync 0;\nbar.sync 0;\n"
                 "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%f4, %f5, %f6, %f7}, {%r2, %r2, %r2, %r2}, {%r2, %r2}, "
                 "{%f1, %f1, %f1, %f1};\n"),
      {}, 64);
  const Counters &counters = result.counters;
  EXPECT_EQ(counters.sfuOperations, 64u * 4);
  EXPECT_EQ(counters.barriers, 2u);
  EXPECT_EQ(counters.tensorCount.at("bf16.f32"), 2u);
  EXPECT_EQ(counters.tensorFlops.at("bf16.f32"), 2u * 2 * 16 * 8 * 16);
  EXPECT_EQ(counters.byOpcode.at("bar.sync"), 4u);
  EXPECT_EQ(counters.byClass.at("tensor"), 2u);
  EXPECT_EQ(counters.threadInstructions, 32 * counters.warpInstructions);
}

TEST(Profile, bounds) {
  // 20 loads of one bank: 640 wavefronts of 128 bytes on one multiprocessor.
  std::string body = "shl.b32 %r2, %r1, 7;\nmov.u32 %r7, memory;\n"
                     "add.u32 %r2, %r2, %r7;\n";
  for (unsigned i = 0; i < 20; ++i)
    body += "ld.shared.u32 %r3, [%r2];\n";
  Bound bound = profile(makeKernel("sm_80", 0, kMemory, body)).bound;
  EXPECT_EQ(bound.pipe, "shared");
  EXPECT_DOUBLE_EQ(bound.cycles, 640.0);
  EXPECT_EQ(bound.blocks, 1u);
  EXPECT_EQ(bound.multiprocessors, 108u);
  // 163 KiB, with 33 KiB for each block.
  EXPECT_EQ(bound.blocksPerSM, 4u);
  EXPECT_EQ(bound.warpsPerSM, 4u);
  EXPECT_EQ(bound.occupancyLimit, "shared memory");
  // Products of 4096 FLOP: two cycles on an A100, one on an H100.
  std::string product =
      "mov.b32 %r2, 0;\nmov.f32 %f1, 0f00000000;\n"
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f4, %f5, %f6, %f7}, "
      "{%r2, %r2, %r2, %r2}, {%r2, %r2}, {%f1, %f1, %f1, %f1};\n";
  EXPECT_DOUBLE_EQ(profile(makeKernel("sm_80", 0, "", product))
                       .bound.cyclesByPipe.at("tensor"),
                   2.0);
  EXPECT_DOUBLE_EQ(profile(makeKernel("sm_90", 0, "", product))
                       .bound.cyclesByPipe.at("tensor"),
                   1.0);
}

/// The published numbers of the vendor, by chip.
TEST(Profile, chips) {
  struct Row {
    const char *name;
    unsigned multiprocessors;
    double clock;
    unsigned flops16, flops16Acc, flops8, ops8;
    unsigned l2MiB;
    double gigabytes;
    unsigned blocks, warps, sharedKiB, sharedPerBlockKiB, fp32;
  };
  const Row rows[] = {
      {"sm_80", 108, 1.41, 2048, 2048, 0, 4096, 40, 2039, 32, 64, 164, 163, 64},
      {"sm_86", 82, 1.695, 512, 1024, 0, 2048, 6, 936, 16, 48, 100, 99, 128},
      {"sm_89", 128, 2.52, 512, 1024, 1024, 2048, 72, 1008, 24, 48, 100, 99,
       128},
      {"sm_90a", 132, 1.83, 4096, 4096, 8192, 8192, 50, 3350, 32, 64, 228, 227,
       128},
      {"sm_100a", 148, 1.86, 8192, 8192, 16384, 16384, 126, 8000, 32, 64, 228,
       227, 128},
      {"sm_120", 170, 2.41, 512, 1024, 1024, 2048, 96, 1792, 24, 48, 100, 99,
       128},
  };
  for (const Row &row : rows) {
    const Chip *chip = lookUpChip(row.name);
    ASSERT_TRUE(chip) << row.name;
    EXPECT_EQ(chip->multiprocessors, row.multiprocessors) << row.name;
    EXPECT_EQ(chip->clockGHz, row.clock) << row.name;
    EXPECT_EQ(chip->tensorFlops16, row.flops16) << row.name;
    EXPECT_EQ(chip->tensorFlops16Acc, row.flops16Acc) << row.name;
    EXPECT_EQ(chip->tensorFlops8, row.flops8) << row.name;
    EXPECT_EQ(chip->tensorOps8, row.ops8) << row.name;
    EXPECT_EQ(chip->l2Bytes, row.l2MiB << 20) << row.name;
    EXPECT_NEAR(chip->dramBytes * chip->clockGHz, row.gigabytes, 1e-9)
        << row.name;
    EXPECT_EQ(chip->maxBlocksPerSM, row.blocks) << row.name;
    EXPECT_EQ(chip->maxWarpsPerSM, row.warps) << row.name;
    EXPECT_EQ(chip->sharedPerSM, row.sharedKiB << 10) << row.name;
    EXPECT_EQ(chip->sharedPerBlock, row.sharedPerBlockKiB << 10) << row.name;
    EXPECT_EQ(chip->fp32, row.fp32) << row.name;
    // Common values of all chips.
    EXPECT_EQ(chip->sfu, 16) << row.name;
    EXPECT_EQ(chip->sharedBytes, 128) << row.name;
    EXPECT_EQ(chip->registersPerSM, 65536u) << row.name;
    EXPECT_EQ(chip->maxRegistersPerThread, 255u) << row.name;
    EXPECT_EQ(chip->registerUnitPerWarp, 256u) << row.name;
    EXPECT_EQ(chip->sharedReservedPerBlock, 1024u) << row.name;
    EXPECT_EQ(chip->sharedPerBlockDefault, 48u << 10) << row.name;
  }
}

} // namespace
