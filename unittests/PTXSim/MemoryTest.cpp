//===- MemoryTest.cpp - Device memory, loads and stores -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixTest.h"
#include <random>

using namespace ptxsim;
using namespace ptxsim::test;

//===----------------------------------------------------------------------===//
// A location of 64 bytes for each thread, in every space
//===----------------------------------------------------------------------===//

namespace {
struct Place {
  const char *name;
  const char *suffix; // of ld and st
  const char *declaration;
  const char *address; // to %rd30
};
} // namespace

#define SHARED_PLACE ".shared .align 32 .b8 m[4096];\n"
#define LOCAL_PLACE ".local .align 32 .b8 m[64];\n"
#define OWN_PART "mul.wide.u32 %rd31, %r0, 64;\nadd.u64 %rd30, %rd30, %rd31;\n"

static const Place kPlaces[] = {
    {"global", ".global", "", "mov.u64 %rd30, %rd2;\n" OWN_PART},
    {"shared", ".shared", SHARED_PLACE, "mov.u64 %rd30, m;\n" OWN_PART},
    {"shared::cta", ".shared::cta", SHARED_PLACE,
     "mov.u64 %rd30, m;\n" OWN_PART},
    {"local", ".local", LOCAL_PLACE, "mov.u64 %rd30, m;\n"},
    {"generic global", "", "",
     "cvta.to.global.u64 %rd30, %rd2;\ncvta.global.u64 %rd30, "
     "%rd30;\n" OWN_PART},
    {"generic shared", "", SHARED_PLACE,
     "mov.u64 %rd30, m;\ncvta.shared.u64 %rd30, %rd30;\n" OWN_PART},
    {"generic local", "", LOCAL_PLACE,
     "mov.u64 %rd30, m;\ncvta.local.u64 %rd30, %rd30;\n"},
};

static constexpr unsigned kThreads = 64;
static constexpr uint64_t kOld = 0x5aa5'1234'8765'3c3cull;

/// Lanes that execute instructions after `@G` in a guarded run.
static bool isActive(size_t thread) { return thread % 3 != 1; }

static void replaceAll(std::string &text, const std::string &from,
                       const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
}

/// Runs a body in 64 threads: %rd10 and %rd11 are the inputs of the thread,
/// %rd20 and %rd21 its results, which start as kOld. LD and ST are `ld` and
/// `st` of the location at %rd30, `@G` guards.
static std::vector<uint64_t> runAt(const Place &place, std::string body,
                                   const std::vector<uint64_t> &inputs,
                                   bool guarded, unsigned checks,
                                   const std::string &target = "sm_80") {
  replaceAll(body, "LD", std::string("ld") + place.suffix);
  replaceAll(body, "ST", std::string("st") + place.suffix);
  replaceAll(body, "@G", guarded ? "@%p7" : "");
  std::string old = std::to_string(kOld);
  std::string text = makeKernel(
      target, 3, place.declaration,
      std::string(place.address) +
          "mul.wide.u32 %rd31, %r0, 16;\nadd.u64 %rd32, %rd0, %rd31;\n"
          "ld.global.v2.u64 {%rd10, %rd11}, [%rd32];\n"
          "mov.u64 %rd20, " +
          old + ";\nmov.u64 %rd21, " + old +
          ";\n"
          "rem.u32 %r2, %r0, 3;\nsetp.ne.u32 %p7, %r2, 1;\n" +
          body +
          "add.u64 %rd32, %rd1, %rd31;\n"
          "st.global.v2.u64 [%rd32], {%rd20, %rd21};\n");
  std::vector<Bytes> buffers = {toBytes(inputs), Bytes(kThreads * 16),
                                Bytes(kThreads * 64)};
  SimOptions options;
  options.checks = checks;
  EXPECT_CLEAN(run(text, buffers, kThreads, options, 2)) << text;
  return fromBytes<uint64_t>(buffers[1]);
}

static std::vector<uint64_t> makeInputs() {
  static std::mt19937_64 random(7);
  std::vector<uint64_t> inputs(kThreads * 2);
  for (uint64_t &value : inputs)
    value = random();
  inputs[0] = 0;
  inputs[2] = ~uint64_t(0);
  inputs[4] = 0x8080808080808080;
  inputs[6] = 0x7f7f7f7f7f7f7f7f;
  return inputs;
}

/// Every run: all lanes and some lanes, checkers on and off.
template <typename Fn> static void forRuns(Fn fn) {
  for (bool guarded : {false, true})
    for (unsigned checks : {unsigned(CheckAll), unsigned(CheckNone)})
      fn(guarded, checks);
}

static uint64_t lowBits(uint64_t value, unsigned bytes) {
  return bytes >= 8 ? value : value & ((uint64_t(1) << 8 * bytes) - 1);
}

namespace {
struct MemoryType {
  const char *name;
  unsigned bytes;
  bool isSigned;
};
} // namespace

static const MemoryType kTypes[] = {
    {"b8", 1, false},  {"u8", 1, false},  {"s8", 1, true},   {"b16", 2, false},
    {"u16", 2, false}, {"s16", 2, true},  {"b32", 4, false}, {"u32", 4, false},
    {"s32", 4, true},  {"f32", 4, false}, {"b64", 8, false}, {"u64", 8, false},
    {"s64", 8, true},  {"f64", 8, false}};

/// A register of 2, 4 or 8 bytes from %rd20, and back.
static std::string getRegister(unsigned bytes) {
  return bytes == 2 ? "%h5" : bytes == 4 ? "%r5" : "%rd5";
}
static std::string narrow(unsigned bytes, const std::string &from) {
  return "cvt.u" + std::to_string(8 * bytes) + ".u64 " + getRegister(bytes) +
         ", " + from + ";\n";
}
static std::string widen(unsigned bytes, const std::string &to) {
  return "cvt.u64.u" + std::to_string(8 * bytes) + " " + to + ", " +
         getRegister(bytes) + ";\n";
}

TEST(LoadStore, LoadsExtendToTheRegister) {
  std::vector<uint64_t> inputs = makeInputs();
  for (const Place &place : kPlaces)
    for (const MemoryType &type : kTypes)
      for (unsigned width = std::max(2u, type.bytes); width <= 8; width *= 2)
        forRuns([&](bool guarded, unsigned checks) {
          unsigned offset = 8 - type.bytes;
          std::string body =
              "ST.b64 [%rd30+8], %rd10;\n" + narrow(width, "%rd20") + "@G LD." +
              type.name + " " + getRegister(width) + ", [%rd30+" +
              std::to_string(8 + offset) + "];\n" + widen(width, "%rd20");
          std::vector<uint64_t> results =
              runAt(place, body, inputs, guarded, checks);
          for (unsigned t = 0; t < kThreads; ++t) {
            uint64_t value = inputs[2 * t] >> 8 * offset;
            unsigned spare = 64 - 8 * type.bytes;
            if (type.isSigned)
              value = uint64_t(int64_t(value << spare) >> spare);
            else
              value = lowBits(value, type.bytes);
            if (guarded && !isActive(t))
              value = kOld;
            ASSERT_EQ(results[2 * t], lowBits(value, width))
                << place.name << " ld." << type.name << " to " << width
                << " bytes, thread " << t;
          }
        });
}

TEST(LoadStore, StoresTakeTheLowPartOfTheRegister) {
  std::vector<uint64_t> inputs = makeInputs();
  for (const Place &place : kPlaces)
    for (const MemoryType &type : kTypes)
      for (unsigned width = std::max(2u, type.bytes); width <= 8; width *= 2)
        forRuns([&](bool guarded, unsigned checks) {
          unsigned offset = 8 - type.bytes;
          std::string body =
              "ST.b64 [%rd30+16], %rd11;\nST.b64 [%rd30+24], %rd11;\n" +
              narrow(width, "%rd10") + "@G ST." + type.name + " [%rd30+" +
              std::to_string(16 + offset) + "], " + getRegister(width) +
              ";\nLD.v2.b64 {%rd20, %rd21}, [%rd30+16];\n";
          std::vector<uint64_t> results =
              runAt(place, body, inputs, guarded, checks);
          for (unsigned t = 0; t < kThreads; ++t) {
            uint64_t value = inputs[2 * t + 1];
            if (!guarded || isActive(t)) {
              if (offset)
                value = lowBits(value, offset) | inputs[2 * t] << 8 * offset;
              else
                value = inputs[2 * t];
            }
            ASSERT_EQ(results[2 * t], value)
                << place.name << " st." << type.name << " from " << width
                << " bytes, thread " << t;
            ASSERT_EQ(results[2 * t + 1], inputs[2 * t + 1]);
          }
        });
}

TEST(LoadStore, Vectors) {
  std::vector<uint64_t> inputs = makeInputs();
  for (const Place &place : kPlaces)
    forRuns([&](bool guarded, unsigned checks) {
      // 16 bytes by elements of one size, back by those of another one.
      std::string bodies[] = {
          "mov.b64 {%r10, %r11}, %rd10;\nmov.b64 {%r12, %r13}, %rd11;\n"
          "ST.v4.b32 [%rd30], {%r10, %r11, %r12, %r13};\n"
          "@G LD.v2.b64 {%rd20, %rd21}, [%rd30];\n",

          "ST.v2.u64 [%rd30+16], {%rd10, %rd11};\n"
          "mov.b64 {%r10, %r11}, %rd20;\nmov.b64 {%r12, %r13}, %rd21;\n"
          "@G LD.v4.s32 {%r10, %r11, %r12, %r13}, [%rd30+16];\n"
          "mov.b64 %rd20, {%r10, %r11};\nmov.b64 %rd21, {%r12, %r13};\n",

          "ST.v2.f64 [%rd30+32], {%rd10, %rd11};\n"
          "mov.b64 {%h0, %h1, %h2, %h3}, %rd20;\n"
          "mov.b64 {%h4, %h5, %h6, %h7}, %rd21;\n"
          "@G LD.v4.u16 {%h0, %h1, %h2, %h3}, [%rd30+32];\n"
          "@G LD.v2.b16 {%h4, %h5}, [%rd30+40];\n"
          "@G LD.v2.b16 {%h6, %h7}, [%rd30+44];\n"
          "mov.b64 %rd20, {%h0, %h1, %h2, %h3};\n"
          "mov.b64 %rd21, {%h4, %h5, %h6, %h7};\n",

          // b128, and a sink.
          "mov.b64 {%r10, %r11}, %rd20;\n{\n.reg .b128 %q;\n"
          "mov.b128 %q, {%rd10, %rd11};\nST.b128 [%rd30+48], %q;\n"
          "mov.b128 %q, {%rd20, %rd21};\n@G LD.b128 %q, [%rd30+48];\n"
          "mov.b128 {%rd20, %rd21}, %q;\n}\n"
          "@G LD.v4.b32 {_, %r11, _, _}, [%rd30+48];\n"
          "mov.b64 {%r12, %r13}, %rd20;\nmov.b64 %rd20, {%r12, %r11};\n"};
      for (const std::string &body : bodies) {
        std::vector<uint64_t> results =
            runAt(place, body, inputs, guarded, checks, "sm_90");
        for (unsigned t = 0; t < kThreads; ++t)
          for (unsigned i = 0; i < 2; ++i)
            ASSERT_EQ(results[2 * t + i],
                      guarded && !isActive(t) ? kOld : inputs[2 * t + i])
                << place.name << ", thread " << t << "\n"
                << body;
      }
    });
}

TEST(LoadStore, WideVectorsOfNewerChips) {
  std::vector<uint64_t> inputs = makeInputs();
  forRuns([&](bool guarded, unsigned checks) {
    std::vector<uint64_t> results = runAt(
        kPlaces[0],
        "ST.v4.b64 [%rd30+32], {%rd10, %rd11, %rd11, %rd10};\n"
        "mov.b64 {%r10, %r11}, %rd20;\nmov.b64 {%r12, %r13}, %rd21;\n"
        "mov.u32 %r14, 0;\n"
        "@G LD.v8.b32 {%r10, %r11, %r12, %r13, _, _, %r14, _}, [%rd30+32];\n"
        "mov.b64 %rd20, {%r10, %r11};\nmov.b64 %rd21, {%r12, %r13};\n"
        "cvt.u64.u32 %rd22, %r14;\nxor.b64 %rd21, %rd21, %rd22;\n",
        inputs, guarded, checks, "sm_100a");
    for (unsigned t = 0; t < kThreads; ++t) {
      bool active = !guarded || isActive(t);
      uint64_t a = inputs[2 * t], b = inputs[2 * t + 1];
      EXPECT_EQ(results[2 * t], active ? a : kOld);
      EXPECT_EQ(results[2 * t + 1], active ? b ^ uint32_t(a) : kOld);
    }
  });
}

//===----------------------------------------------------------------------===//
// Parameters, constants, variables
//===----------------------------------------------------------------------===//

TEST(LoadStore, ConstantsAndParameters) {
  const std::string text = R"(
.version 8.0
.target sm_80
.address_size 64
.const .align 4 .u32 table[4] = {10, 20, 30, 40};
.global .align 4 .u32 counter = 5;
.global .align 8 .u64 pointer = generic(counter);
.visible .entry k(.param .u64 p0, .param .align 8 .b8 bytes[24],
                  .param .s8 small)
{
  .reg .b32 %r<16>;
  .reg .b64 %rd<8>;
  mov.u32 %r0, %tid.x;
  and.b32 %r1, %r0, 3;
  mul.wide.u32 %rd1, %r1, 4;
  mov.u64 %rd2, table;
  add.u64 %rd2, %rd2, %rd1;
  ld.const.u32 %r2, [%rd2];
  cvta.const.u64 %rd3, %rd2;
  ld.u32 %r3, [%rd3];
  ld.const.v2.u32 {%r9, %r10}, [table+8];
  mov.b32 %r11, bytes;
  add.u32 %r11, %r11, %r1;
  ld.param.u8 %r4, [%r11+20];
  ld.param.v2.u32 {%r5, %r6}, [bytes+8];
  ld.param.s8 %r7, [small];
  ld.global.u64 %rd4, [pointer];
  ld.u32 %r8, [%rd4];
  ld.param.u64 %rd5, [p0];
  mad.wide.u32 %rd5, %r0, 36, %rd5;
  st.global.u32 [%rd5], %r2;
  st.global.u32 [%rd5+4], %r3;
  st.global.u32 [%rd5+8], %r4;
  st.global.u32 [%rd5+12], %r5;
  st.global.u32 [%rd5+16], %r6;
  st.global.u32 [%rd5+20], %r7;
  st.global.u32 [%rd5+24], %r8;
  st.global.u32 [%rd5+28], %r9;
  st.global.u32 [%rd5+32], %r10;
  ret;
}
)";
  Diagnostic error;
  auto module = Module::parse(text, error);
  ASSERT_TRUE(module) << error.format("text");
  Device device(*lookUpChip("sm_80"));
  auto loaded = device.load(module, error);
  ASSERT_TRUE(loaded) << error.message;
  DevicePtr out = device.allocate(32 * 36, error);
  const KernelInfo &kernel = *module->findKernel("k");
  std::vector<uint8_t> parameters(kernel.parameterBytes);
  std::memcpy(parameters.data(), &out, 8);
  for (unsigned i = 0; i < 24; ++i)
    parameters[kernel.parameters[1].offset + i] = uint8_t(i + 1);
  parameters[kernel.parameters[2].offset] = 0xfe;
  LaunchConfig config;
  config.block.x = 32;
  LaunchResult result;
  ASSERT_TRUE(device.launch(*loaded, kernel, config, parameters, SimOptions(),
                            result, error))
      << error.message;
  EXPECT_CLEAN(result);
  uint32_t found[32][9];
  ASSERT_TRUE(device.copyToHost(found, out, sizeof(found), error));
  for (uint32_t t = 0; t < 32; ++t) {
    uint32_t expected[9] = {10 * (t % 4 + 1),
                            10 * (t % 4 + 1),
                            21 + t % 4,
                            0x0c0b0a09,
                            0x100f0e0d,
                            0xfffffffe,
                            5,
                            30,
                            40};
    for (unsigned i = 0; i < 9; ++i)
      EXPECT_EQ(found[t][i], expected[i]) << "thread " << t << ", word " << i;
  }
}

//===----------------------------------------------------------------------===//
// Qualifiers
//===----------------------------------------------------------------------===//

static std::string getError(const std::string &instruction,
                            const std::string &target) {
  Diagnostic error;
  Module::parse(makeKernel(target, 1,
                           ".shared .align 16 .b8 m[64];\n"
                           ".reg .b128 %q<2>;\n",
                           instruction + "\n"),
                error);
  return error.message;
}

TEST(LoadStore, QualifiersInAnyOrder) {
  for (const char *instruction : {
           "ld.global.nc.f32 %f1, [%rd0];",
           "ld.global.nc.L1::no_allocate.L2::128B.v4.f32 {%f1, %f2, %f3, %f4}, "
           "[%rd0];",
           "ld.global.L1::no_allocate.nc.b32 %r1, [%rd0];",
           "ld.global.L1::evict_last.L2::cache_hint.v2.b32 {%r1, %r2}, [%rd0], "
           "%rd1;",
           "ld.global.ca.u8 %h1, [%rd0];",
           "ld.global.cg.b64 %rd1, [%rd0];",
           "ld.cs.global.u32 %r1, [%rd0];",
           "ld.global.lu.u32 %r1, [%rd0];",
           "ld.global.cv.u32 %r1, [%rd0];",
           "ld.volatile.global.u32 %r1, [%rd0];",
           "ld.global.volatile.u32 %r1, [%rd0];",
           "ld.volatile.shared.v4.u32 {%r1, %r2, %r3, %r4}, [m];",
           "ld.relaxed.gpu.global.u32 %r1, [%rd0];",
           "ld.relaxed.sys.global.L1::no_allocate.u32 %r1, [%rd0];",
           "ld.acquire.cta.shared::cta.u32 %r1, [m];",
           "ld.acquire.cluster.global.u64 %rd1, [%rd0];",
           "ld.global.acquire.gpu.b32 %r1, [%rd0];",
           "ld.weak.global.b32 %r1, [%rd0];",
           "ld.acquire.sys.b32 %r1, [%rd0];",
           "ldu.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd0];",
           "ld.param::entry.u64 %rd1, [p0];",
           "st.global.wb.u32 [%rd0], %r1;",
           "st.global.wt.u32 [%rd0], %r1;",
           "st.global.cs.v4.b32 [%rd0], {%r1, %r2, %r3, %r4};",
           "st.volatile.global.u32 [%rd0], %r1;",
           "st.relaxed.gpu.global.u32 [%rd0], %r1;",
           "st.release.gpu.global.u32 [%rd0], %r1;",
           "st.release.sys.u32 [%rd0], %r1;",
           "st.weak.shared.u32 [m+4], %r1;",
           "st.global.L1::evict_first.L2::cache_hint.u32 [%rd0], %r1, %rd1;",
           "st.shared.u32 [m], 7;",
           "st.shared.v2.f32 [m], {%f1, 0f3F800000};",
           "fence.sc.gpu;",
           "fence.acq_rel.cta;",
           "fence.acq_rel.sys;",
           "fence.acquire.gpu;",
           "fence.release.cluster;",
           "fence.proxy.async;",
           "fence.proxy.async.shared::cta;",
           "fence.proxy.alias;",
           "membar.cta;",
           "membar.gl;",
           "membar.sys;",
           "prefetch.global.L2 [%rd0+64];",
           "prefetch.L1 [%rd0];",
           "prefetch.global.L2::evict_last [%rd0];",
           "prefetchu.L1 [%rd0];",
           "applypriority.global.L2::evict_normal [%rd0], 128;",
           "createpolicy.fractional.L2::evict_first.b64 %rd1, 1.0;",
           "createpolicy.fractional.L2::evict_last.L2::evict_unchanged.b64 "
           "%rd1, 0.5;",
           "createpolicy.range.global.L2::evict_last.b64 %rd1, [%rd0], 64, "
           "128;",
       })
    EXPECT_EQ(getError(instruction, "sm_90"), "") << instruction;
}

TEST(LoadStore, WhatIsNoInstruction) {
  for (const char *instruction : {
           "ld.const.volatile.wide.u32 %r1, [%rd0];",
           "ld.global.v3.u32 {%r1, %r2, %r3}, [%rd0];",
           "ld.global.v4.b64 {%rd1, %rd2, %rd3, %rd4}, [%rd0];",
           "ld.global.v2.b128 {%q0, %q1}, [%rd0];",
           "ld.global.v2.u32 {%r1, %r2, %r3}, [%rd0];",
           "ld.global.v2.u32 %r1, [%rd0];",
           "ld.global.u32 {%r1, %r2}, [%rd0];",
           "ld.global.u64 %r1, [%rd0];",
           "ld.global.b32 %h1, [%rd0];",
           "ld.global.pred %p1, [%rd0];",
           "ld.global.wb.u32 %r1, [%rd0];",
           "ld.release.gpu.global.u32 %r1, [%rd0];",
           "ld.shared.nowhere.u32 %r1, [m];",
           "ld.global.u32 %r1, %rd0;",
           "ld.global.u32 %r1;",
           "ld.global.u32 %r1, [%rd0], %rd1;",
           "ld.global.L2::cache_hint.u32 %r1, [%rd0];",
           "st.global.ca.u32 [%rd0], %r1;",
           "st.acquire.gpu.global.u32 [%rd0], %r1;",
           "st.const.u32 [%rd0], %r1;",
           "st.global.u64 [%rd0], %r1;",
           "st.global.v2.u32 [%rd0], {%r1, %r2, %r3};",
           "st.global.v2.u32 [%rd0], %r1;",
           "st.global.u32 [%rd0], _;",
           "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r1], "
           "%r2, [%r3];",
           "fence.acq_rel;",
           "fence.sc.cta %r1;",
           "fence.warp;",
           "membar.gpu;",
           "membar;",
           "createpolicy.fractional.L2::evict_first.b32 %r1, 1.0;",
       })
    EXPECT_NE(getError(instruction, "sm_90"), "") << instruction;
}

//===----------------------------------------------------------------------===//
// Faults
//===----------------------------------------------------------------------===//

/// A wrong access of one lane does not affect the others.
TEST(Access, OtherLanesGoOn) {
  const std::string body =
      "mul.wide.u32 %rd10, %r0, 4;\nadd.u64 %rd11, %rd0, %rd10;\n"
      "add.u64 %rd12, %rd1, %rd10;\nmov.u32 %r2, 77;\n"
      "setp.eq.u32 %p1, %r0, 9;\n@%p1 add.u64 %rd11, %rd11, OFFSET;\n"
      "ld.global.u32 %r2, [%rd11];\nst.global.u32 [%rd12], %r2;\n";
  std::vector<uint32_t> input(32);
  for (unsigned i = 0; i < 32; ++i)
    input[i] = 100 + i;
  const struct {
    const char *offset, *kind;
  } faults[] = {{"4096", "out-of-bounds"},
                {"-4096", "out-of-bounds"},
                {"0x7000000000000000", "out-of-bounds"},
                {"92", "out-of-bounds"},
                {"2", "misaligned"}};
  for (const auto &fault : faults)
    for (unsigned checks : {unsigned(CheckAll), unsigned(CheckNone)}) {
      std::string text = body;
      replaceAll(text, "OFFSET", fault.offset);
      std::vector<Bytes> buffers = {toBytes(input), Bytes(128)};
      SimOptions options;
      options.checks = checks;
      LaunchResult result =
          run(makeKernel("sm_80", 2, "", text), buffers, 32, options);
      ASSERT_EQ(result.findings.size(), 1u) << fault.offset << "\n"
                                            << formatFindings(result);
      EXPECT_EQ(result.findings[0].kind, fault.kind);
      EXPECT_EQ(result.findings[0].thread.x, 9u);
      EXPECT_EQ(result.findings[0].count, 1u);
      std::vector<uint32_t> output = fromBytes<uint32_t>(buffers[1]);
      for (unsigned i = 0; i < 32; ++i)
        EXPECT_EQ(output[i], i == 9 ? 77 : 100 + i) << fault.offset;
    }
}

TEST(Access, FreedMemory) {
  Diagnostic error;
  auto module = Module::parse(
      makeKernel("sm_80", 1, "", "ld.global.u32 %r2, [%rd0];\n"), error);
  ASSERT_TRUE(module) << error.message;
  Device device(*lookUpChip("sm_80"));
  auto loaded = device.load(module, error);
  DevicePtr pointer = device.allocate(64, error);
  ASSERT_TRUE(device.set(pointer, 0, 4, 16, error));
  std::vector<uint8_t> parameters(8);
  std::memcpy(parameters.data(), &pointer, 8);
  for (bool isFreed : {false, true}) {
    if (isFreed) {
      ASSERT_TRUE(device.free(pointer, error));
    }
    LaunchResult result;
    ASSERT_TRUE(device.launch(*loaded, *module->findKernel("k"), LaunchConfig(),
                              parameters, SimOptions(), result, error));
    EXPECT_EQ(hasFinding(result, "out-of-bounds"), isFreed)
        << formatFindings(result);
  }
  EXPECT_FALSE(device.free(pointer, error));
}

//===----------------------------------------------------------------------===//
// Device memory
//===----------------------------------------------------------------------===//

TEST(DeviceMemory, StridesBeyond32Bits) {
  // 32 lanes, 1.5 GiB apart: 48 GiB, of which 32 pages are committed.
  const uint64_t stride = uint64_t(3) << 29;
  Diagnostic error;
  auto module = Module::parse(
      makeKernel("sm_80", 1, "",
                 "mul.wide.u32 %rd1, %r0, " + std::to_string(stride) +
                     ";\nadd.u64 %rd2, %rd0, %rd1;\n"
                     "st.global.u32 [%rd2+12], %r0;\n"
                     "ld.global.u32 %r3, [%rd2+12];\n"
                     "red.global.add.u32 [%rd2+12], %r3;\n"),
      error);
  ASSERT_TRUE(module) << error.message;
  Device device(*lookUpChip("sm_80"));
  auto loaded = device.load(module, error);
  DevicePtr pointer = device.allocate(31 * stride + 16, error);
  ASSERT_NE(pointer, 0u) << error.message;
  EXPECT_EQ(device.getAllocatedBytes(), 31 * stride + 16);
  std::vector<uint8_t> parameters(8);
  std::memcpy(parameters.data(), &pointer, 8);
  LaunchConfig config;
  config.block.x = 32;
  LaunchResult result;
  SimOptions options;
  options.profile = true;
  ASSERT_TRUE(device.launch(*loaded, *module->findKernel("k"), config,
                            parameters, options, result, error))
      << error.message;
  EXPECT_CLEAN(result);
  EXPECT_EQ(result.counters.globalUniqueBytes, 32u * 4);
  for (uint64_t i = 0; i < 32; ++i) {
    uint32_t value = 0;
    ASSERT_TRUE(device.copyToHost(&value, pointer + i * stride + 12, 4, error));
    EXPECT_EQ(value, 2 * i);
    EXPECT_EQ(device.countInitialized(pointer + i * stride, 16), 4u);
  }
}

TEST(DeviceMemory, PlacesOfAllocations) {
  Device device(*lookUpChip("sm_80"));
  Diagnostic error;
  std::vector<DevicePtr> pointers;
  const uint64_t sizes[] = {1, 256, 257, 4096, 100000, uint64_t(1) << 33};
  for (uint64_t size : sizes) {
    DevicePtr pointer = device.allocate(size, error);
    ASSERT_NE(pointer, 0u) << error.message;
    EXPECT_EQ(pointer % 256, 0u);
    EXPECT_GT(pointer, uint64_t(1) << 32);
    pointers.push_back(pointer);
  }
  for (size_t i = 0; i < pointers.size(); ++i) {
    DevicePtr begin = 0;
    uint64_t bytes = 0;
    ASSERT_TRUE(
        device.findAllocation(pointers[i] + sizes[i] - 1, begin, bytes));
    EXPECT_EQ(begin, pointers[i]);
    EXPECT_EQ(bytes, sizes[i]);
    // No allocation is near on either side.
    for (size_t other = 0; other < pointers.size(); ++other) {
      if (other != i) {
        EXPECT_TRUE(pointers[other] + sizes[other] + (64 << 10) <=
                        pointers[i] ||
                    pointers[i] + sizes[i] + (64 << 10) <= pointers[other]);
      }
    }
    EXPECT_FALSE(device.findAllocation(pointers[i] - 1, begin, bytes));
  }
  EXPECT_EQ(device.allocate(UINT64_MAX, error), 0u);
  EXPECT_FALSE(error.message.empty());
  EXPECT_EQ(device.allocate(uint64_t(1) << 63, error), 0u);
}

TEST(DeviceMemory, CopiesAndMarks) {
  Device device(*lookUpChip("sm_80"));
  Diagnostic error;
  DevicePtr a = device.allocate(1000, error), b = device.allocate(500, error);
  Bytes data(1000);
  for (size_t i = 0; i < data.size(); ++i)
    data[i] = uint8_t(i * 7);
  EXPECT_EQ(device.countInitialized(a, 1000), 0u);
  ASSERT_TRUE(device.copyToDevice(a + 100, data.data(), 800, error));
  EXPECT_EQ(device.countInitialized(a, 1000), 800u);
  EXPECT_EQ(device.countInitialized(a, 150), 50u);

  // A copy on the device copies the marks, also for overlapping ranges.
  ASSERT_TRUE(device.copyOnDevice(b, a, 300, error));
  EXPECT_EQ(device.countInitialized(b, 500), 200u);
  ASSERT_TRUE(device.copyOnDevice(a + 150, a + 100, 800, error));
  Bytes found(800);
  ASSERT_TRUE(device.copyToHost(found.data(), a + 150, 800, error));
  EXPECT_EQ(found, Bytes(data.begin(), data.begin() + 800));

  ASSERT_TRUE(device.poison(a, 200, error));
  EXPECT_EQ(device.countInitialized(a, 1000), 750u);
  ASSERT_TRUE(device.set(a, 0x11223344, 4, 3, error));
  ASSERT_TRUE(device.set(a + 12, 0xaabb, 2, 2, error));
  ASSERT_TRUE(device.set(a + 16, 0xcc, 1, 2, error));
  EXPECT_EQ(device.countInitialized(a, 200), 18u);
  found.resize(18);
  ASSERT_TRUE(device.copyToHost(found.data(), a, 18, error));
  EXPECT_EQ(found,
            (Bytes{0x44, 0x33, 0x22, 0x11, 0x44, 0x33, 0x22, 0x11, 0x44, 0x33,
                   0x22, 0x11, 0xbb, 0xaa, 0xbb, 0xaa, 0xcc, 0xcc}));

  EXPECT_FALSE(device.copyToDevice(b + 400, data.data(), 101, error));
  EXPECT_FALSE(device.copyToHost(data.data(), b + 500, 1, error));
  EXPECT_FALSE(device.copyToHost(data.data(), 0, 1, error));
  EXPECT_FALSE(device.copyOnDevice(b, a, 501, error));
  EXPECT_FALSE(device.copyOnDevice(a + 600, b, 500, error));
  EXPECT_FALSE(device.set(a + 1, 0, 4, 1, error));
  EXPECT_FALSE(device.set(a, 0, 3, 1, error));
  EXPECT_FALSE(device.set(a, 0, 4, UINT64_MAX / 2, error));
  EXPECT_FALSE(device.poison(b, 501, error));
  EXPECT_FALSE(device.free(a + 4, error));
  EXPECT_TRUE(device.free(a, error));
  EXPECT_TRUE(device.free(b, error));
  EXPECT_EQ(device.getAllocatedBytes(), 0u);
}
