//===- UndefinedTest.cpp - Where undefined values go ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An undefined value may be moved, computed with and dropped. It is a finding
// where it decides something or reaches global memory.
//
//===----------------------------------------------------------------------===//

#include "RunPTX.h"

using namespace ptxsim;
using namespace ptxsim::test;

/// Returns the findings of a warp that runs the body. %rd0 is the address of 16
/// bytes of global memory for each thread, %r0 the thread's number, %r1 its
/// slot of 16 bytes in shared memory, %r2 the slot of the lane with this number
/// modulo 8. %r3 to %r7, %f<8>, %h<4>, %rd1 to %rd7 and %p<4> are unwritten.
static std::vector<Finding> runBody(const std::string &body,
                                    const SimOptions &options = {}) {
  Device device(*lookUpChip("sm_90a"));
  Diagnostic error;
  std::string text = ".version 8.0\n.target sm_90a\n.address_size 64\n"
                     ".visible .entry k(.param .u64 p)\n{\n.reg .b32 %r<8>;\n"
                     ".reg .b16 %h<4>;\n.reg .b64 %rd<8>;\n.reg .f32 %f<8>;\n"
                     ".reg .pred %p<4>;\n.shared .align 16 .b8 s[1024];\n"
                     "ld.param.u64 %rd0, [p];\nmov.u32 %r0, %tid.x;\n"
                     "{\n.reg .b32 %t;\n.reg .b64 %o;\nmov.u32 %t, s;\n"
                     "mad.lo.u32 %r1, %r0, 16, %t;\nand.b32 %r2, %r0, 7;\n"
                     "mad.lo.u32 %r2, %r2, 16, %t;\n"
                     "mul.wide.u32 %o, %r0, 16;\nadd.u64 %rd0, %rd0, %o;\n}\n" +
                     body + "\nret;\n}\n";
  auto module = Module::parse(text, error);
  if (!module) {
    ADD_FAILURE() << body << ": " << error.message;
    return {};
  }
  auto loaded = device.load(module, error);
  DevicePtr pointer = device.allocate(16 * 32, error);
  device.set(pointer, 0, 4, 4 * 32, error);
  std::vector<uint8_t> parameters(8);
  std::memcpy(parameters.data(), &pointer, 8);
  LaunchConfig config;
  config.block.x = 32;
  LaunchResult result;
  if (!loaded || !device.launch(*loaded, *module->findKernel("k"), config,
                                parameters, options, result, error))
    ADD_FAILURE() << body << ": " << error.message;
  return result.findings;
}

static std::string format(const std::vector<Finding> &findings) {
  std::string text;
  for (const Finding &finding : findings)
    text += finding.format() + "\n";
  return text;
}

static void expectClean(const std::string &body) {
  EXPECT_EQ(format(runBody(body)), "") << body;
}
static void expectUndefined(const std::string &body) {
  std::vector<Finding> findings = runBody(body);
  ASSERT_EQ(findings.size(), 1u) << body << "\n" << format(findings);
  EXPECT_EQ(findings[0].check, CheckInit) << body;
}

//===----------------------------------------------------------------------===//
// Ways from %r7 to %r6
//===----------------------------------------------------------------------===//

/// Fills 1024 bytes of shared memory.
#define WMMA_TILE(value)                                                       \
  "st.shared.v4.u32 [%r1], {" value ", " value ", " value ", " value "}; "     \
  "st.shared.v4.u32 [%r1+512], {" value ", " value ", " value ", " value       \
  "}; bar.warp.sync -1; "
#define F8 "%f0, %f1, %f2, %f3, %f4, %f5, %f6, %f7"

static const char *const kWays[] = {
    // Shared memory, in all sizes and spaces.
    "st.shared.u32 [%r1], %r7; ld.shared.u32 %r6, [%r1];",
    "st.volatile.shared.u32 [%r1], %r7; ld.volatile.shared.u32 %r6, [%r1];",
    "st.relaxed.cta.shared.u32 [%r1], %r7; ld.relaxed.cta.shared.u32 %r6, "
    "[%r1];",
    "cvt.u64.u32 %rd1, %r1; cvta.shared.u64 %rd1, %rd1; st.u32 [%rd1], %r7; "
    "ld.u32 %r6, [%rd1];",
    "cvt.u16.u32 %h0, %r7; st.shared.u8 [%r1], %h0; ld.shared.u8 %r6, [%r1];",
    "cvt.u16.u32 %h0, %r7; st.shared.u16 [%r1], %h0; ld.shared.s16 %r6, [%r1];",
    "mov.b64 %rd1, {%r0, %r7}; st.shared.u64 [%r1], %rd1; "
    "ld.shared.u32 %r6, [%r1+4];",
    "st.shared.v2.u32 [%r1], {%r0, %r7}; ld.shared.u32 %r6, [%r1+4];",
    "st.shared.v4.u32 [%r1], {%r0, %r0, %r0, %r7}; "
    "ld.shared.v4.u32 {%r3, %r4, %r5, %r6}, [%r1];",
    // One address for all lanes.
    "st.shared.u32 [s], %r7; bar.warp.sync -1; ld.shared.u32 %r6, [s];",
    // Some of the lanes.
    "setp.lt.u32 %p1, %r0, 4; mov.u32 %r6, 0; @%p1 st.shared.u32 [%r1], %r7; "
    "@%p1 ld.shared.u32 %r6, [%r1];",
    // Between lanes.
    "shfl.sync.bfly.b32 %r6, %r7, 1, 31, -1;",
    "shfl.sync.up.b32 %r6|%p1, %r7, 1, 0, -1;",
    "shfl.sync.idx.b32 %r7, %r7, 3, 31, -1; mov.u32 %r6, %r7;",
    "redux.sync.add.u32 %r6, %r7, -1;",
    // Selections.
    "prmt.b32 %r6, %r7, %r0, 0x7610;",
    "setp.eq.u32 %p1, %r0, %r0; selp.b32 %r6, %r7, %r0, %p1;",
    "setp.eq.u32 %p1, %r0, %r0; mov.u32 %r6, 0; @%p1 mov.u32 %r6, %r7;",
    "setp.lt.u32 %p1, %r7, 3; selp.b32 %r6, 1, 0, %p1;",
    "setp.lt.u32 %p1, %r7, 3; mov.u32 %r6, 0; @%p1 mov.u32 %r6, 1;",
    "setp.lt.u32 %p1, %r7, 3; mov.u32 %r6, 0; @!%p1 add.u32 %r6, %r6, 1;",
    "mov.b32 %f1, %r7; testp.number.f32 %p1, %f1; selp.b32 %r6, 1, 0, %p1;",
    "set.lt.u32.u32 %r6, %r7, 3;",
    "max.u32 %r6, %r7, %r0;",
    // Atomic operations.
    "st.shared.u32 [%r1], 0; atom.shared.exch.b32 %r5, [%r1], %r7; "
    "ld.shared.u32 %r6, [%r1];",
    "st.shared.u32 [%r1], %r7; atom.shared.exch.b32 %r6, [%r1], 1;",
    "st.shared.u32 [%r1], %r7; atom.shared.add.u32 %r5, [%r1], 1; "
    "ld.shared.u32 %r6, [%r1];",
    "st.shared.u32 [%r1], 0; red.shared.max.u32 [%r1], %r7; "
    "ld.shared.u32 %r6, [%r1];",
    "st.shared.u32 [%r1], 0; atom.shared.cas.b32 %r5, [%r1], 0, %r7; "
    "ld.shared.u32 %r6, [%r1];",
    "cvt.u64.u32 %rd1, %r1; cvta.shared.u64 %rd1, %rd1; st.u32 [%rd1], %r7; "
    "atom.add.u32 %r6, [%rd1], 1;",
    // Matrices.
    "st.shared.v4.u32 [%r1], {%r7, %r7, %r7, %r7}; bar.warp.sync -1; "
    "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r6}, [%r1];",
    "st.shared.v4.u32 [%r1], {%r7, %r7, %r7, %r7}; bar.warp.sync -1; "
    "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r3, %r4, %r5, %r6}, "
    "[%r1];",
    "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r7}; "
    "bar.warp.sync -1; ld.shared.u32 %r6, [%r2+4];",
    "stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%r2], {%r7}; "
    "bar.warp.sync -1; ld.shared.u32 %r6, [%r2+12];",
    "movmatrix.sync.aligned.m8n8.trans.b16 %r6, %r7;",
    // Products: an operand or the addend.
    "mov.b32 %f0, 0; mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1, "
    "%f2, %f3, %f4}, {%r7, %r0, %r0, %r0}, {%r0, %r0}, {%f0, %f0, %f0, %f0}; "
    "mov.b32 %r6, %f2;",
    "mov.b32 %f0, 0; mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%f1, "
    "%f2, %f3, %f4}, {%r0, %r0, %r0, %r0}, {%r0, %r7}, {%f0, %f0, %f0, %f0}; "
    "mov.b32 %r6, %f3;",
    "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%r6, %r5}, "
    "{%r0, %r0, %r0, %r0}, {%r0, %r0}, {%r7, %r0};",
    "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32 {%r6, %r5, %r4, %r3}, "
    "{%r0, %r0, %r7, %r0}, {%r0, %r0}, {%r0, %r0, %r0, %r0};",
    "mov.b64 %rd1, {%r7, %r0}; mov.b64 %rd2, {%r0, %r0}; mma.sync.aligned.m8n8"
    "k4.row.col.f64.f64.f64.f64 {%rd3, %rd4}, {%rd1}, {%rd2}, {%rd2, %rd2}; "
    "mov.b64 {%r5, %r6}, %rd3;",
    // Fragments.
    WMMA_TILE("%r7") "wmma.load.c.sync.aligned.row.m16n16k16.shared.f32 {" F8
                     "}, [s], 16; wmma.store.d.sync.aligned.col.m16n16k16."
                     "shared.f32 [s], {" F8 "}, 16; bar.warp.sync -1; "
                     "ld.shared.u32 %r6, [s];",
    WMMA_TILE("%r7") "wmma.load.a.sync.aligned.row.m16n16k16.shared.s8 {%r3, "
                     "%r4}, [s], 16; mov.u32 %r5, 0; wmma.mma.sync.aligned.row."
                     "col.m16n16k16.s32.s8.s8.s32 {%r6, %r5, %r5, %r5, %r5, "
                     "%r5, %r5, %r5}, {%r3, %r4}, {%r5, %r5}, {%r5, %r5, %r5, "
                     "%r5, %r5, %r5, %r5, %r5};",
    WMMA_TILE("%r7") "wmma.load.b.sync.aligned.col.m8n8k4.shared.f64 {%rd1}, "
                     "[s], 4; mov.u64 %rd2, 0; wmma.mma.sync.aligned.row.col."
                     "m8n8k4.rn.f64.f64.f64.f64 {%rd3, %rd4}, {%rd2}, {%rd1}, "
                     "{%rd2, %rd2}; mov.b64 {%r5, %r6}, %rd3;",
};

class Undefined : public ::testing::TestWithParam<const char *> {};

TEST_P(Undefined, MayBeDropped) { expectClean(GetParam()); }

TEST_P(Undefined, MustNotReachGlobalMemory) {
  expectUndefined(std::string(GetParam()) + " st.global.u32 [%rd0], %r6;");
}

TEST_P(Undefined, IsUndefinedOnlyThen) {
  expectClean("mov.u32 %r7, 5; " + std::string(GetParam()) +
              " st.global.u32 [%rd0], %r6;");
}

INSTANTIATE_TEST_SUITE_P(Ways, Undefined, ::testing::ValuesIn(kWays));

//===----------------------------------------------------------------------===//
// Where it is a finding
//===----------------------------------------------------------------------===//

TEST(UndefinedValue, Decides) {
  const char *const bodies[] = {
      "setp.eq.u32 %p1, %r7, 0; @%p1 bra X; X:",
      "setp.eq.u32 %p1, %r7, 0; @%p1 st.global.u32 [%rd0], %r0;",
      "setp.eq.u32 %p1, %r7, 0; @%p1 st.shared.u32 [%r1], %r0;",
      "setp.eq.u32 %p1, %r7, 0; vote.sync.any.pred %p2, %p1, -1;",
      "and.b32 %r7, %r7, 4; add.u32 %r7, %r1, %r7; ld.shared.u32 %r6, [%r7];",
      "and.b32 %r7, %r7, 4; add.u32 %r7, %r1, %r7; st.shared.u32 [%r7], %r0;",
      "match.any.sync.b32 %r6, %r7, -1;",
      "shfl.sync.idx.b32 %r6, %r0, %r7, 31, -1;",
      "st.global.u32 [%rd0], %r7;",
      "st.global.v2.u32 [%rd0], {%r0, %r7};",
      "red.global.add.u32 [%rd0], %r7;",
      "atom.add.u32 %r6, [%rd0], %r7;",
      // No thread has written there.
      "ld.shared.u32 %r6, [%r1]; st.global.u32 [%rd0], %r6;",
      "ld.shared.u32 %r6, [%r1]; setp.eq.u32 %p1, %r6, 0; @%p1 bra X; X:",
      "red.shared.add.u32 [%r1], 1; ld.shared.u32 %r6, [%r1]; "
      "st.global.u32 [%rd0], %r6;",
  };
  for (const char *body : bodies)
    expectUndefined(body);
}

TEST(UndefinedValue, IsSettledByTheOtherOperand) {
  const char *const bodies[] = {
      "setp.ne.u32 %p0, %r0, %r0; setp.lt.and.u32 %p1, %r7, 3, %p0; "
      "@%p1 bra X; X:",
      "setp.eq.u32 %p0, %r0, %r0; setp.lt.or.u32 %p1, %r7, 3, %p0; "
      "@%p1 bra X; X:",
      "setp.ne.u32 %p0, %r0, %r0; setp.lt.u32 %p1, %r7, 3; "
      "and.pred %p2, %p1, %p0; @%p2 bra X; X:",
      "and.b32 %r6, %r7, 0; st.global.u32 [%rd0], %r6;",
  };
  for (const char *body : bodies)
    expectClean(body);
  expectUndefined("setp.eq.u32 %p0, %r0, %r0; "
                  "setp.lt.and.u32 %p1, %r7, 3, %p0; @%p1 bra X; X:");
}

TEST(UndefinedValue, IsOverwritten) {
  expectClean("st.shared.u32 [%r1], %r7; st.shared.u32 [%r1], %r0; "
              "ld.shared.u32 %r6, [%r1]; st.global.u32 [%rd0], %r6;");
  expectClean("st.shared.u32 [%r1], %r7; st.shared.u16 [%r1+2], 1; "
              "ld.shared.u16 %r6, [%r1+2]; st.global.u32 [%rd0], %r6;");
  expectClean("atom.shared.exch.b32 %r5, [%r1], 1; ld.shared.u32 %r6, [%r1]; "
              "st.global.u32 [%rd0], %r6;");
  expectUndefined("st.shared.u32 [%r1], %r7; st.shared.u16 [%r1+2], 1; "
                  "ld.shared.u32 %r6, [%r1]; st.global.u32 [%rd0], %r6;");
}

TEST(UndefinedValue, NamesTheLoad) {
  std::vector<Finding> findings =
      runBody("ld.shared.u32 %r6, [%r1];\nadd.u32 %r6, %r6, 1;\n"
              "st.global.u32 [%rd0], %r6;");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "uninitialized-register");
  ASSERT_EQ(findings[0].origins.size(), 1u);
  EXPECT_EQ(findings[0].origins[0] + 2, findings[0].line);
  EXPECT_NE(findings[0].message.find("loaded at line " +
                                     std::to_string(findings[0].origins[0])),
            std::string::npos);
}

//===----------------------------------------------------------------------===//
// Rows and columns of products
//===----------------------------------------------------------------------===//

static std::string product(const std::string &undefined,
                           const std::string &stored) {
  return "mov.u32 %r7, 0; mov.u32 %r5, 0; mov.b32 %f0, 0; " + undefined +
         "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, "
         "%f4}, {%r5, %r7, %r5, %r7}, {%r3, %r3}, {%f0, %f0, %f0, %f0}; " +
         stored;
}

TEST(UndefinedValue, MakesARowOfAProductUndefined) {
  // Row 11 of A: lanes 12 to 15 of the registers of rows 8 to 15.
  const std::string row = "mov.u32 %r3, 0; shr.u32 %r4, %r0, 2; "
                          "setp.eq.u32 %p0, %r4, 3; @%p0 mov.u32 %r7, %r6; ";
  expectClean(product(row, "st.global.v2.f32 [%rd0], {%f1, %f2};"));
  expectClean(product(row, "@!%p0 st.global.v2.f32 [%rd0], {%f3, %f4};"));
  expectUndefined(product(row, "st.global.f32 [%rd0], %f3;"));
  expectUndefined(product(row, "st.global.f32 [%rd0], %f4;"));
}

TEST(UndefinedValue, MakesAColumnOfAProductUndefined) {
  // Column 5 of B: lanes 20 to 23; of the result: the odd elements of lanes
  // 4 n + 2.
  const std::string column = "mov.u32 %r3, 0; shr.u32 %r4, %r0, 2; "
                             "setp.eq.u32 %p0, %r4, 5; @%p0 mov.u32 %r3, %r6; "
                             "and.b32 %r4, %r0, 3; setp.eq.u32 %p1, %r4, 2; ";
  expectClean(product(column, "st.global.v2.f32 [%rd0], {%f1, %f3};"));
  expectClean(product(column, "@!%p1 st.global.v2.f32 [%rd0], {%f2, %f4};"));
  expectUndefined(product(column, "st.global.f32 [%rd0], %f2;"));
  expectUndefined(product(column, "st.global.f32 [%rd0], %f4;"));
}

//===----------------------------------------------------------------------===//
// The same for wmma, whose fragments come from memory.
//===----------------------------------------------------------------------===//

/// A tile of 16 x 16 elements of s8 with an undefined row (or column) is A or B
/// of a product. The elements of one row of the result are checked.
static std::string fragments(bool isA, bool byColumns, unsigned undefined,
                             unsigned storedRow, unsigned storedColumn) {
  std::string layout = byColumns ? "col" : "row";
  std::string load = std::string("wmma.load.") + (isA ? "a" : "b") +
                     ".sync.aligned." + layout +
                     ".m16n16k16.shared.s8 {%r3, %r4}, [s], 16; ";
  std::string a = isA ? "{%r3, %r4}" : "{%r5, %r5}";
  std::string b = isA ? "{%r5, %r5}" : "{%r3, %r4}";
  // Each of 16 lanes writes the 16 bytes at %r1, a row or a column.
  return "mov.u32 %r5, 0; setp.lt.u32 %p0, %r0, 16; setp.ne.and.u32 %p1, "
         "%r0, " +
         std::to_string(undefined) +
         ", %p0; @%p1 st.shared.v4.u32 [%r1], {%r5, %r5, %r5, %r5}; "
         "bar.warp.sync -1; " +
         load + "wmma.mma.sync.aligned." + (isA ? layout : "row") + "." +
         (isA ? "row" : layout) +
         ".m16n16k16.s32.s8.s8.s32 {%t0, %t1, %t2, %t3, %t4, %t5, %t6, %t7}, " +
         a + ", " + b +
         ", {%r5, %r5, %r5, %r5, %r5, %r5, %r5, %r5}; bar.warp.sync -1; "
         "wmma.store.d.sync.aligned.row.m16n16k16.shared.s32 [s], {%t0, %t1, "
         "%t2, %t3, %t4, %t5, %t6, %t7}, 16; bar.warp.sync -1; "
         "ld.shared.u32 %r6, [s+" +
         std::to_string(64 * storedRow + 4 * storedColumn) +
         "]; st.global.u32 [%rd0], %r6;";
}

TEST(UndefinedValue, StaysInItsRowOrColumnOfFragments) {
  const std::string registers = ".reg .b32 %t<8>; ";
  for (unsigned line : {0u, 5u, 15u})
    for (unsigned row : {0u, 5u, 6u, 15u})
      for (unsigned column : {0u, 5u, 11u, 15u}) {
        auto expect = [&](bool isUndefined, const std::string &body) {
          if (isUndefined)
            expectUndefined(registers + body);
          else
            expectClean(registers + body);
        };
        // A row of A; a column of B. The others reach all rows or columns.
        expect(row == line, fragments(true, false, line, row, column));
        expect(column == line, fragments(false, true, line, row, column));
        expect(true, fragments(true, true, line, row, column));
        expect(true, fragments(false, false, line, row, column));
      }
}
