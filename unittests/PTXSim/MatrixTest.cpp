//===- MatrixTest.cpp - ldmatrix, stmatrix, movmatrix ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"

using namespace ptxsim;
using namespace ptxsim::test;

static std::string list(unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", %r" : "%r") + std::to_string(first + i);
  return text + "}";
}

/// Rows are 48 bytes apart, and the bytes between them must not be accessed.
/// p0: 32 rows of 16 bytes; p1: registers of ldmatrix; p2: the 32 rows that
/// stmatrix stores from them.
static std::string makeRowsKernel(unsigned count, const std::string &load,
                                  const std::string &store, bool isGeneric) {
  std::string address = "mov.u32 %r2, tile;\nmov.u32 %r3, other;\n"
                        "mad.lo.u32 %r4, %r1, 48, %r2;\n"
                        "mad.lo.u32 %r5, %r1, 48, %r3;\n";
  std::string from = "[%r4]", to = "[%r5]", space = ".shared";
  if (isGeneric) {
    address += "cvt.u64.u32 %rd10, %r4;\ncvta.shared.u64 %rd10, %rd10;\n";
    from = "[%rd10]";
    space = "";
  }
  std::string n = ".x" + std::to_string(count);
  std::string body =
      address +
      "mul.wide.u32 %rd11, %r1, 16;\nadd.u64 %rd12, %rd0, %rd11;\n"
      "ld.global.v4.b32 {%r6, %r7, %r8, %r9}, [%rd12];\n"
      "st.shared.v4.b32 [%r4], {%r6, %r7, %r8, %r9};\n"
      "bar.warp.sync -1;\n"
      "ldmatrix.sync.aligned.m8n8" +
      n + load + space + ".b16 " + list(20, count) + ", " + from +
      ";\n"
      "mul.wide.u32 %rd13, %r1, 4;\nadd.u64 %rd14, %rd1, %rd13;\n";
  for (unsigned i = 0; i < count; ++i)
    body += "st.global.b32 [%rd14+" + std::to_string(128 * i) + "], %r" +
            std::to_string(20 + i) + ";\n";
  body += "stmatrix.sync.aligned.m8n8" + n + store + ".shared.b16 " + to +
          ", " + list(20, count) +
          ";\nbar.warp.sync -1;\n"
          "setp.ge.u32 %p1, %r1, " +
          std::to_string(8 * count) +
          ";\n"
          "@%p1 ret;\n"
          "ld.shared.v4.b32 {%r6, %r7, %r8, %r9}, [%r5];\n"
          "add.u64 %rd15, %rd2, %rd11;\n"
          "st.global.v4.b32 [%rd15], {%r6, %r7, %r8, %r9};\n";
  return makeKernel("sm_90", 3,
                    ".shared .align 16 .b8 tile[1536];\n"
                    ".shared .align 16 .b8 other[1536];\n",
                    body);
}

TEST(Matrix, LoadsStoresAndTransposes) {
  std::mt19937 random(3);
  std::vector<uint16_t> rows(32 * 8);
  for (uint16_t &x : rows)
    x = uint16_t(random());
  for (unsigned count : {1u, 2u, 4u})
    for (unsigned modes = 0; modes < 8; ++modes) {
      bool loadTrans = modes & 1, storeTrans = modes & 2, generic = modes & 4;
      std::vector<Bytes> buffers = {toBytes(rows), Bytes(128 * count),
                                    Bytes(32 * 16)};
      LaunchResult result =
          run(makeRowsKernel(count, loadTrans ? ".trans" : "",
                             storeTrans ? ".trans" : "", generic),
              buffers);
      EXPECT_CLEAN(result);
      auto fragments = fromBytes<uint32_t>(buffers[1]);
      auto stored = fromBytes<uint16_t>(buffers[2]);
      for (unsigned t = 0; t < count; ++t) {
        const uint16_t *tile = &rows[64 * t];
        for (unsigned lane = 0; lane < 32; ++lane)
          for (unsigned half = 0; half < 2; ++half) {
            unsigned i = lane / 4, j = lane % 4 * 2 + half;
            ASSERT_EQ(fragments[32 * t + lane] >> 16 * half & 0xffff,
                      tile[loadTrans ? j * 8 + i : i * 8 + j]);
          }
        for (unsigned i = 0; i < 8; ++i)
          for (unsigned j = 0; j < 8; ++j)
            ASSERT_EQ(stored[64 * t + 8 * i + j],
                      tile[loadTrans != storeTrans ? 8 * j + i : 8 * i + j]);
      }
    }
}

TEST(Matrix, MovesTwiceIsIdentity) {
  std::mt19937 random(5);
  std::vector<uint16_t> values(64);
  for (uint16_t &x : values)
    x = uint16_t(random());
  std::string text =
      makeKernel("sm_80", 3, "",
                 "mul.wide.u32 %rd10, %r1, 4;\nadd.u64 %rd11, %rd0, %rd10;\n"
                 "add.u64 %rd12, %rd1, %rd10;\nadd.u64 %rd13, %rd2, %rd10;\n"
                 "ld.global.b32 %r2, [%rd11];\n"
                 "movmatrix.sync.aligned.m8n8.trans.b16 %r3, %r2;\n"
                 "movmatrix.sync.aligned.m8n8.trans.b16 %r4, %r3;\n"
                 "st.global.b32 [%rd12], %r3;\nst.global.b32 [%rd13], %r4;\n");
  std::vector<Bytes> buffers = {toBytes(values), Bytes(128), Bytes(128)};
  EXPECT_CLEAN(run(text, buffers));
  auto once = fromBytes<uint16_t>(buffers[1]);
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned j = 0; j < 8; ++j)
      ASSERT_EQ(once[8 * i + j], values[8 * j + i]);
  EXPECT_EQ(fromBytes<uint16_t>(buffers[2]), values);
}

/// Findings of an ldmatrix in a block with 1024 bytes of written memory.
static LaunchResult load(const std::string &count, const std::string &address) {
  std::string text = makeKernel(
      "sm_80", 0, ".shared .align 16 .b8 tile[1024];\n",
      "mov.u32 %r2, tile;\nmad.lo.u32 %r3, %r1, 32, %r2;\n"
      "mov.b32 %r4, 0;\n"
      "st.shared.v4.b32 [%r3], {%r4, %r4, %r4, %r4};\n"
      "st.shared.v4.b32 [%r3+16], {%r4, %r4, %r4, %r4};\n"
      "bar.warp.sync -1;\n" +
          address + "ldmatrix.sync.aligned.m8n8." + count + ".shared.b16 " +
          (count == "x1" ? "{%r10}" : "{%r10, %r11, %r12, %r13}") +
          ", [%r5];\n");
  std::vector<Bytes> buffers;
  return run(text, buffers);
}

TEST(Matrix, ChecksRowAddresses) {
  EXPECT_CLEAN(load("x4", "mad.lo.u32 %r5, %r1, 16, %r2;\n"));
  EXPECT_TRUE(
      hasFinding(load("x4", "mad.lo.u32 %r5, %r1, 8, %r2;\n"), "misaligned"));
  EXPECT_TRUE(hasFinding(load("x4", "mad.lo.u32 %r5, %r1, 64, %r2;\n"),
                         "out-of-bounds"));
  // Only the addresses of the first eight lanes are used.
  EXPECT_CLEAN(load("x1", "mad.lo.u32 %r5, %r1, 128, %r2;\n"));
  EXPECT_CLEAN(load("x1", "setp.ge.u32 %p1, %r1, 8;\n"
                          "@!%p1 mov.b32 %r5, %r2;\n"));
  EXPECT_TRUE(hasFinding(load("x1", "setp.ge.u32 %p1, %r1, 7;\n"
                                    "@!%p1 mov.b32 %r5, %r2;\n"),
                         "uninitialized-register"));
}

TEST(Matrix, StoreNeedsHopper) {
  Diagnostic error;
  EXPECT_FALSE(Module::parse(
      makeKernel("sm_80", 0, "",
                 "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r3};\n"),
      error));
  EXPECT_NE(error.message.find("sm_90"), std::string::npos) << error.message;
}
