//===- MoveTest.cpp - mov, address spaces, undefined halves ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RunPTX.h"

using namespace ptxsim::test;

using Kinds = std::vector<std::string>;
static const Kinds kClean = {};
static const Kinds kUndefined = {"uninitialized-register"};

TEST(Move, Registers) {
  for (unsigned bits : {16u, 32u, 64u})
    for (const char *kind : {"b", "u", "s"}) {
      std::string reg = "b" + std::to_string(bits);
      check(makeOp("mov." + (kind + std::to_string(bits)), reg, {reg}),
            {integers(bits)}, [](const Values &v) { return v[0]; });
    }
  check(makeOp("mov.f32", "b32", {"b32"}), {floats32()},
        [](const Values &v) { return v[0]; });
  check(makeOp("mov.f64", "b64", {"b64"}), {floats64()},
        [](const Values &v) { return v[0]; });
  check(makeOp("mov.pred", "pred", {"pred"}), {{0, 1, 1, 0}},
        [](const Values &v) { return v[0]; });
  check({"mov.pred %d0, !%s0;", {"pred"}, {"pred"}}, {{0, 1, 1, 0}},
        [](const Values &v) { return !v[0]; });
  check({"mov.f32 %d0, 0f40490FDB;", {"b32"}, {"b32"}}, {{0}},
        [](const Values &) { return 0x40490fdb; });
  check({"mov.f64 %d0, 0d400921FB54442D18;", {"b64"}, {"b32"}}, {{0}},
        [](const Values &) { return 0x400921fb54442d18; });
}

TEST(Move, Packing) {
  check({"mov.b32 %d0, {%s0, %s1};", {"b32"}, {"b16", "b16"}},
        cross({integers(16), integers(16)}),
        [](const Values &v) { return v[0] | v[1] << 16; });
  check({"mov.b64 %d0, {%s0, %s1};", {"b64"}, {"b32", "b32"}},
        cross({integers(32), integers(32)}),
        [](const Values &v) { return v[0] | v[1] << 32; });
  check({"mov.b64 %d0, {%s0, %s1, %s2, %s3};",
         {"b64"},
         {"b16", "b16", "b16", "b16"}},
        cross({integers(16), integers(16), integers(16), integers(16)}, 2000),
        [](const Values &v) {
          return v[0] | v[1] << 16 | v[2] << 32 | v[3] << 48;
        });
  check({"mov.b32 %d0, {%s0, 7};", {"b32"}, {"b16"}}, {integers(16)},
        [](const Values &v) { return v[0] | 7 << 16; });
}

TEST(Move, Unpacking) {
  checkOp({"mov.b32 {%d0, %d1}, %s0;", {"b16", "b16"}, {"b32"}}, {integers(32)},
          [](const Values &v) { return Values{v[0], v[0] >> 16}; });
  checkOp({"mov.b64 {%d0, %d1}, %s0;", {"b32", "b32"}, {"b64"}}, {integers(64)},
          [](const Values &v) { return Values{v[0], v[0] >> 32}; });
  checkOp({"mov.b64 {%d0, _, %d1, _}, %s0;", {"b16", "b16"}, {"b64"}},
          {integers(64)},
          [](const Values &v) { return Values{v[0], v[0] >> 32}; });
  checkOp({"mov.b64 {_, %d0}, %s0;", {"b32"}, {"b64"}}, {integers(64)},
          [](const Values &v) { return Values{v[0] >> 32}; });
}

TEST(Move, WideValues) {
  for (const char *unpack :
       {"mov.b128 {%d1, %d0}, %w1; }",
        "mov.b128 {%x0, %x1, %x2, %x3}, %w1; mov.b64 %d0, {%x2, %x3}; "
        "mov.b64 %d1, {%x0, %x1}; }"}) {
    Op op{"{ .reg .b128 %w<2>; .reg .b32 %x<4>; mov.b128 %w0, {%s0, %s1}; "
          "mov.b128 %w1, %w0; " +
              std::string(unpack),
          {"b64", "b64"},
          {"b64", "b64"}};
    // A guard applies to one instruction, so there is no guarded run here.
    Runner runner;
    std::vector<Values> srcs = {integers(64), integers(64)};
    auto results = runner.run(op, srcs, false);
    ASSERT_EQ(results.size(), 2u);
    EXPECT_EQ(results[0], srcs[1]);
    EXPECT_EQ(results[1], srcs[0]);
  }
}

TEST(Move, Clocks) {
  Runner runner;
  Op op{"mov.u32 %d0, %clock; mov.u64 %d1, %clock64; "
        "mov.u64 %d2, %globaltimer; mov.u64 %d3, %clock64;",
        {"b32", "b64", "b64", "b64"},
        {"b32"}};
  auto results = runner.run(op, {Values(32)}, false);
  ASSERT_EQ(results.size(), 4u);
  EXPECT_LT(results[1][0], results[3][0]);
}

TEST(Move, Spaces) {
  // A generic address of each space refers to the same bytes.
  EXPECT_EQ(getFindings(".shared .b32 s[32];\nmov.u32 %r0, 7;\n"
                        "mov.u64 %rd1, s;\ncvta.shared.u64 %rd2, %rd1;\n"
                        "cvta.to.shared.u64 %rd3, %rd2;\n"
                        "isspacep.shared %p0, %rd2;\nisspacep.global %p1, %rd2;"
                        "\nisspacep.global %p2, %rd0;\n"
                        "isspacep.shared %p3, %rd0;\n"
                        "setp.eq.and.u64 %p0, %rd1, %rd3, %p0;\n"
                        "setp.ne.or.u64 %p1, %rd1, %rd3, %p1;\n"
                        "@!%p0 ld.global.b32 %r1, [0];\n"
                        "@%p1 ld.global.b32 %r1, [0];\n"
                        "@!%p2 ld.global.b32 %r1, [0];\n"
                        "@%p3 ld.global.b32 %r1, [0];\n"),
            kClean);
  EXPECT_EQ(getFindings(".local .b32 l[4];\nmov.u64 %rd1, l;\n"
                        "cvta.local.u64 %rd2, %rd1;\nisspacep.local %p0, %rd2;"
                        "\n@!%p0 ld.global.b32 %r1, [0];\n"
                        "isspacep.shared %p2, %rd2;\n"
                        "@%p2 ld.global.b32 %r1, [0];\n"
                        "st.b32 [%rd2+4], 5;\nld.local.b32 %r0, [%rd1+4];\n"
                        "setp.ne.u32 %p1, %r0, 5;\n"
                        "@%p1 ld.global.b32 %r1, [0];\n"),
            kClean);
  // The check itself can fail.
  EXPECT_EQ(getFindings("isspacep.shared %p0, %rd0;\n"
                        "@!%p0 ld.global.b32 %r1, [0];\n"),
            Kinds{"out-of-bounds"});
}

TEST(Move, UndefinedHalves) {
  const std::string store = "st.global.b32 [%rd0], %r0;\n";
  // %h1 was never written.
  const std::string pack = "mov.b16 %h0, 1;\nmov.b32 %r1, {%h0, %h1};\n";
  EXPECT_EQ(getFindings(pack + "mov.b32 %r0, %r1;\n" + store), kUndefined);
  EXPECT_EQ(getFindings(pack + "and.b32 %r0, %r1, 0xffff;\n" + store), kClean);
  EXPECT_EQ(getFindings(pack + "and.b32 %r0, %r1, 0x1ffff;\n" + store),
            kUndefined);
  EXPECT_EQ(getFindings(pack + "or.b32 %r0, %r1, 0xffff0000;\n" + store),
            kClean);
  EXPECT_EQ(getFindings(pack + "shl.b32 %r0, %r1, 16;\n" + store), kClean);
  EXPECT_EQ(getFindings(pack + "shl.b32 %r0, %r1, 15;\n" + store), kUndefined);
  EXPECT_EQ(getFindings(pack + "shr.u32 %r0, %r1, 16;\n" + store), kUndefined);
  EXPECT_EQ(getFindings(pack + "prmt.b32 %r0, %r1, 0, 0x1010;\n" + store),
            kClean);
  EXPECT_EQ(getFindings(pack + "prmt.b32 %r0, %r1, 0, 0x2010;\n" + store),
            kUndefined);
  EXPECT_EQ(getFindings(pack + "bfe.u32 %r0, %r1, 4, 12;\n" + store), kClean);
  EXPECT_EQ(getFindings(pack + "bfe.u32 %r0, %r1, 4, 13;\n" + store),
            kUndefined);
  EXPECT_EQ(getFindings(pack + "bfi.b32 %r0, 5, %r1, 16, 16;\n" + store),
            kClean);
  EXPECT_EQ(getFindings(pack + "bfi.b32 %r0, 5, %r1, 16, 15;\n" + store),
            kUndefined);
  EXPECT_EQ(getFindings(pack + "lop3.b32 %r0, %r1, 0xffff, 0, 0xc0;\n" + store),
            kClean);
  EXPECT_EQ(getFindings(pack + "lop3.b32 %r0, %r1, 0xffff, 0, 0xfc;\n" + store),
            kUndefined);
  EXPECT_EQ(getFindings(pack + "cvt.u32.u16 %r0, %r1;\n" + store), kClean);
  EXPECT_EQ(getFindings(pack + "bfi.b32 %r0, 5, 6, 0, %r1;\n" + store),
            kUndefined);
  // The other half does not change.
  const std::string halves = "mov.b32 {%h2, %h3}, %r2;\n";
  EXPECT_EQ(getFindings(pack + "and.b32 %r2, %r1, -2;\n" + halves +
                        "st.global.b16 [%rd0], %h2;\n"),
            kClean);
  EXPECT_EQ(getFindings(pack + "and.b32 %r2, %r1, -2;\n" + halves +
                        "st.global.b16 [%rd0], %h3;\n"),
            kUndefined);
  EXPECT_EQ(getFindings(pack + "add.u32 %r0, %r1, 1;\n" + store), kUndefined);
  EXPECT_EQ(getFindings(pack + "add.u32 %r2, %r1, 1;\n"), kClean);
  EXPECT_EQ(getFindings(pack + "mov.b32 {%h2, %h3}, %r1;\n"
                               "st.global.b16 [%rd0], %h2;\n"),
            kClean);
  EXPECT_EQ(getFindings(pack + "mov.b32 {%h2, %h3}, %r1;\n"
                               "st.global.b16 [%rd0], %h3;\n"),
            kUndefined);
  EXPECT_EQ(getFindings(pack + "fma.rn.f16x2 %r2, %r1, %r1, %r1;\n"
                               "mov.b32 {%h2, %h3}, %r2;\n"
                               "st.global.b16 [%rd0], %h2;\n"),
            kClean);
  EXPECT_EQ(getFindings(pack + "fma.rn.f16x2 %r0, %r1, %r1, %r1;\n" + store),
            kUndefined);
}

TEST(Move, UndefinedRegisters) {
  const std::string store = "st.global.b32 [%rd0], %r0;\n";
  // %r1 was never written.
  EXPECT_EQ(getFindings("xor.b32 %r0, %r1, %r1;\n" + store), kClean);
  EXPECT_EQ(getFindings("sub.s32 %r0, %r1, %r1;\n" + store), kClean);
  EXPECT_EQ(getFindings("and.b32 %r0, %r1, 0;\n" + store), kClean);
  EXPECT_EQ(getFindings("xor.b32 %r0, %r1, 5;\n" + store), kUndefined);
  EXPECT_EQ(getFindings("setp.eq.u32 %p0, %r1, 5;\n"), kClean);
  EXPECT_EQ(getFindings("setp.eq.u32 %p0, %r1, 5;\n@%p0 bra X;\nX:\n"),
            kUndefined);
  EXPECT_EQ(getFindings("mov.u32 %r2, %tid.x;\nsetp.lt.u32 %p0, %r2, 40;\n"
                        "selp.b32 %r0, %r2, %r1, %p0;\n" +
                        store),
            kClean);
  EXPECT_EQ(getFindings("mov.u32 %r2, %tid.x;\nsetp.lt.u32 %p0, %r2, 31;\n"
                        "selp.b32 %r0, %r2, %r1, %p0;\n" +
                        store),
            kUndefined);
  EXPECT_EQ(getFindings("mov.u32 %r2, %tid.x;\n"
                        "slct.b32.s32 %r0, %r2, %r1, %r2;\n" +
                        store),
            kClean);
  EXPECT_EQ(
      getFindings("mov.u32 %r2, 1;\nselp.b32 %r0, %r2, %r2, %p0;\n" + store),
      kUndefined);
  EXPECT_EQ(getFindings("mov.u32 %r2, 1;\nslct.b32.s32 %r0, %r2, %r2, %r1;\n" +
                        store),
            kUndefined);
  // The first source of a packing conversion is the high half.
  EXPECT_EQ(getFindings("mov.f32 %f0, 0f3F800000;\n"
                        "cvt.rn.f16x2.f32 %r2, %f1, %f0;\n"
                        "cvt.u32.u16 %r0, %r2;\n" +
                        store),
            kClean);
  EXPECT_EQ(getFindings("mov.f32 %f0, 0f3F800000;\n"
                        "cvt.rn.f16x2.f32 %r2, %f0, %f1;\n"
                        "cvt.u32.u16 %r0, %r2;\n" +
                        store),
            kUndefined);
  // Carries propagate marks.
  EXPECT_EQ(
      getFindings("add.cc.u32 %r2, %r1, 5;\naddc.u32 %r0, 1, 2;\n" + store),
      kUndefined);
  EXPECT_EQ(getFindings("mov.u32 %r3, 9;\nadd.cc.u32 %r2, %r3, 5;\n"
                        "addc.u32 %r0, 1, 2;\n" +
                        store),
            kClean);
}

TEST(Move, Errors) {
  EXPECT_NE(getParseError("mov.u32 %r0, {%h0, %h1};"), "");
  EXPECT_NE(getParseError("mov.b32 %r0, {%h0, %h1, %h2};"), "");
  EXPECT_NE(getParseError("mov.b32 {%r0, %r1}, %r2;"), "");
  EXPECT_NE(getParseError("mov.u64 %rd0, %tid.x;"), "");
  EXPECT_NE(getParseError("mov.u32 _, %tid.x;"), "");
  EXPECT_NE(getParseError("cvta.global.u32 %r0, %r1;"), "");
}
