//===- AtomicsTest.cpp - atom and red -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formats.h"
#include "MatrixTest.h"
#include <algorithm>
#include <functional>
#include <numeric>
#include <random>

using namespace ptxsim;
using namespace ptxsim::test;

//===----------------------------------------------------------------------===//
// One update of a separate location in each thread
//===----------------------------------------------------------------------===//

namespace {
/// The new value from the old one and the operands; bits of the type.
using Reference = std::function<uint64_t(uint64_t old, uint64_t b, uint64_t c)>;

struct Operation {
  std::string name; // "add.u32"
  unsigned bits;
  Reference reference;
  enum Values { Integers, Floats32, Floats64, Halves, Bfloats } values;
  bool isPacked = false;
  bool hasRed = true;
  bool isCas = false;
};
} // namespace

template <typename T, typename Fn> static Reference as(Fn fn) {
  return [fn](uint64_t old, uint64_t b, uint64_t c) {
    T values[3];
    uint64_t bits[3] = {old, b, c};
    for (int i = 0; i < 3; ++i)
      std::memcpy(&values[i], &bits[i], sizeof(T));
    T result = T(fn(values[0], values[1], values[2]));
    uint64_t found = 0;
    std::memcpy(&found, &result, sizeof(T));
    return found;
  };
}

enum class HalfOp { Add, Min, Max };

/// An operation of a 16-bit format, by its list of numbers.
static uint64_t applyHalf(const Format &format, HalfOp op, uint64_t x,
                          uint64_t y) {
  double a = format.decode(uint32_t(x)), b = format.decode(uint32_t(y));
  if (op == HalfOp::Add)
    // The sums fit into long double, or round to the same value.
    return format.encode((long double)a + b, Rounding::Nearest);
  if (a != a && b != b)
    return format.nan();
  if (a != a || b != b)
    return a != a ? y : x;
  bool less = a < b || (a == b && std::signbit(a) > std::signbit(b));
  return less == (op == HalfOp::Min) ? x : y;
}

static Operation makeHalf(const char *name, bool isBfloat, bool isPacked,
                          HalfOp op) {
  const Format &format = isBfloat ? getBfloatFormat() : getHalfFormat();
  Reference one = [&format, op](uint64_t x, uint64_t y, uint64_t) {
    return applyHalf(format, op, x, y);
  };
  Reference two = [one](uint64_t x, uint64_t y, uint64_t) {
    return one(x & 0xffff, y & 0xffff, 0) | one(x >> 16, y >> 16, 0) << 16;
  };
  return {name, isPacked ? 32u : 16u, isPacked ? two : one,
          isBfloat ? Operation::Bfloats : Operation::Halves, isPacked};
}

static std::vector<Operation> getOperations() {
  std::vector<Operation> result;
  auto add = [&](const std::string &op, const std::string &type, unsigned bits,
                 Reference reference,
                 Operation::Values values = Operation::Integers,
                 bool hasRed = true, bool isCas = false) {
    result.push_back({op + "." + type, bits, std::move(reference), values,
                      false, hasRed, isCas});
  };
  auto sum = [](auto a, auto b, auto) { return a + b; };
  auto min = [](auto a, auto b, auto) { return b < a ? b : a; };
  auto max = [](auto a, auto b, auto) { return a < b ? b : a; };
  auto bitAnd = [](auto a, auto b, auto) { return a & b; };
  auto bitOr = [](auto a, auto b, auto) { return a | b; };
  auto bitXor = [](auto a, auto b, auto) { return a ^ b; };
  auto exchange = [](auto, auto b, auto) { return b; };
  auto swap = [](auto a, auto b, auto c) { return a == b ? c : a; };
  add("and", "b32", 32, as<uint32_t>(bitAnd));
  add("or", "b32", 32, as<uint32_t>(bitOr));
  add("xor", "b32", 32, as<uint32_t>(bitXor));
  add("and", "b64", 64, as<uint64_t>(bitAnd));
  add("or", "b64", 64, as<uint64_t>(bitOr));
  add("xor", "b64", 64, as<uint64_t>(bitXor));
  add("add", "u32", 32, as<uint32_t>(sum));
  add("add", "s32", 32, as<uint32_t>(sum));
  add("add", "u64", 64, as<uint64_t>(sum));
  add("add", "s64", 64, as<uint64_t>(sum));
  add("min", "u32", 32, as<uint32_t>(min));
  add("min", "s32", 32, as<int32_t>(min));
  add("min", "u64", 64, as<uint64_t>(min));
  add("min", "s64", 64, as<int64_t>(min));
  add("max", "u32", 32, as<uint32_t>(max));
  add("max", "s32", 32, as<int32_t>(max));
  add("max", "u64", 64, as<uint64_t>(max));
  add("max", "s64", 64, as<int64_t>(max));
  add("inc", "u32", 32, as<uint32_t>([](uint32_t a, uint32_t b, uint32_t) {
        return a >= b ? 0 : a + 1;
      }));
  add("dec", "u32", 32, as<uint32_t>([](uint32_t a, uint32_t b, uint32_t) {
        return a == 0 || a > b ? b : a - 1;
      }));
  add("exch", "b32", 32, as<uint32_t>(exchange), Operation::Integers, false);
  add("exch", "b64", 64, as<uint64_t>(exchange), Operation::Integers, false);
  add("cas", "b16", 16, as<uint16_t>(swap), Operation::Integers, false, true);
  add("cas", "b32", 32, as<uint32_t>(swap), Operation::Integers, false, true);
  add("cas", "b64", 64, as<uint64_t>(swap), Operation::Integers, false, true);
  add("add", "f32", 32, as<float>(sum), Operation::Floats32);
  add("add", "f64", 64, as<double>(sum), Operation::Floats64);
  for (bool packed : {false, true}) {
    std::string x2 = packed ? "x2" : "";
    result.push_back(
        makeHalf(("add.noftz.f16" + x2).c_str(), false, packed, HalfOp::Add));
    result.push_back(
        makeHalf(("min.noftz.f16" + x2).c_str(), false, packed, HalfOp::Min));
    result.push_back(
        makeHalf(("max.noftz.f16" + x2).c_str(), false, packed, HalfOp::Max));
    result.push_back(
        makeHalf(("add.noftz.bf16" + x2).c_str(), true, packed, HalfOp::Add));
    result.push_back(
        makeHalf(("min.noftz.bf16" + x2).c_str(), true, packed, HalfOp::Min));
    result.push_back(
        makeHalf(("max.noftz.bf16" + x2).c_str(), true, packed, HalfOp::Max));
  }
  return result;
}

static uint64_t maskOf(unsigned bits) {
  return bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1;
}

/// Edge values of the operation's type.
static std::vector<uint64_t> getEdges(const Operation &op) {
  switch (op.values) {
  case Operation::Integers: {
    uint64_t ones = maskOf(op.bits), top = uint64_t(1) << (op.bits - 1);
    return {0, 1, 2, 7, ones, ones - 1, top, top - 1, top + 1, 0x1234 & ones};
  }
  case Operation::Floats32:
    return {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f7fffff,
            0x3f800001, 0x33800000, 0x7f800000, 0xff800000, 0x42f6e979};
  case Operation::Floats64:
    return {0,
            0x8000000000000000,
            0x3ff0000000000000,
            0xbff0000000000000,
            0x7fefffffffffffff,
            0x3ca0000000000000,
            0x7ff0000000000000,
            1};
  case Operation::Halves:
    return {0,      0x8000, 0x3c00, 0xbc00, 0x7bff, 0x0001,
            0x8001, 0x03ff, 0x7c00, 0xfc00, 0x7e00, 0x1234};
  case Operation::Bfloats:
    return {0,      0x8000, 0x3f80, 0xbf80, 0x7f7f, 0x3f81,
            0xbc00, 0x0080, 0x7f80, 0xff80, 0x7fc0, 0x4049};
  }
  return {};
}

static bool isNaN(const Operation &op, uint64_t bits) {
  if (op.values == Operation::Floats32)
    return (bits & 0x7fffffff) > 0x7f800000;
  if (op.values == Operation::Floats64)
    return (bits & 0x7fffffffffffffff) > 0x7ff0000000000000;
  return false;
}
/// The same value. Any NaN matches any other one, but 16-bit operations return
/// the canonical one.
static bool isSame(const Operation &op, uint64_t found, uint64_t expected) {
  return found == expected || (isNaN(op, found) && isNaN(op, expected));
}

static constexpr unsigned kThreads = 256;

/// Threads 3, 6, ... do not take part in a guarded run.
static bool isActive(size_t t) { return t % 3 != 0 || !t; }

namespace {
struct AtomicSpace {
  const char *suffix;
  const char *address; // to %rd20: 16 bytes for each thread
};
} // namespace

static const AtomicSpace kSpaces[] = {
    {".global", "mul.wide.u32 %rd20, %r0, 16;\nadd.u64 %rd20, %rd20, %rd3;\n"},
    {".shared", "mul.wide.u32 %rd20, %r0, 16;\nmov.u64 %rd21, m;\n"
                "add.u64 %rd20, %rd20, %rd21;\n"},
    {".shared::cta", "mul.wide.u32 %rd20, %r0, 16;\nmov.u64 %rd21, m;\n"
                     "add.u64 %rd20, %rd20, %rd21;\n"},
    {"", "mul.wide.u32 %rd20, %r0, 16;\nadd.u64 %rd20, %rd20, %rd3;\n"},
    {"", "mul.wide.u32 %rd20, %r0, 16;\nmov.u64 %rd21, m;\n"
         "cvta.shared.u64 %rd21, %rd21;\nadd.u64 %rd20, %rd20, %rd21;\n"},
    // Side by side.
    {".global",
     "mul.wide.u32 %rd20, %r0, SIZE;\nadd.u64 %rd20, %rd20, %rd3;\n"},
    {".shared", "mul.wide.u32 %rd20, %r0, SIZE;\nmov.u64 %rd21, m;\n"
                "add.u64 %rd20, %rd20, %rd21;\n"},
};

static void replaceAll(std::string &text, const std::string &from,
                       const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
}

TEST(Atomics, OnePlaceForEachThread) {
  std::mt19937_64 random(11);
  for (const Operation &op : getOperations())
    for (const AtomicSpace &space : kSpaces)
      for (bool isAtom : {true, false}) {
        if (!isAtom && !op.hasRed)
          continue;
        for (bool guarded : {false, true}) {
          std::vector<uint64_t> edges = getEdges(op), inputs;
          for (unsigned t = 0; t < kThreads; ++t) {
            for (unsigned i = 0; i < 4; ++i) {
              auto draw = [&] {
                return random() % 4 || op.values != Operation::Integers
                           ? edges[random() % edges.size()]
                           : random() & maskOf(op.bits);
              };
              uint64_t value = draw();
              if (op.isPacked)
                value |= draw() << 16;
              inputs.push_back(value);
            }
            // Half of the compares find the expected value.
            if (op.isCas && t % 2)
              inputs[4 * t + 1] = inputs[4 * t];
          }
          std::string bits = std::to_string(op.bits);
          std::string reg = op.bits == 16 ? "%h" : op.bits == 32 ? "%r" : "%rd";
          std::string convert = "cvt.u" + bits + ".u64 " + reg;
          std::string body =
              "{\n" + std::string(space.address) +
              "mul.wide.u32 %rd22, %r0, 32;\nadd.u64 %rd22, %rd22, %rd0;\n"
              "ld.global.v2.u64 {%rd10, %rd11}, [%rd22];\n"
              "ld.global.u64 %rd12, [%rd22+16];\n"
              "mul.wide.u32 %rd23, %r0, 16;\nadd.u64 %rd23, %rd23, %rd1;\n" +
              convert + "24, %rd10;\n" + convert + "25, %rd11;\n" + convert +
              "26, %rd12;\nst" + space.suffix + ".b" + bits + " [%rd20], " +
              reg + "24;\n" + convert + "27, 0x55;\n" +
              "rem.u32 %r2, %r0, 3;\nsetp.ne.u32 %p1, %r2, 0;\n"
              "setp.eq.or.u32 %p1, %r0, 0, %p1;\n" +
              (guarded ? "@%p1 " : "") + (isAtom ? "atom" : "red") +
              space.suffix + "." + op.name + " " +
              (isAtom ? reg + "27, " : "") + "[%rd20], " + reg + "25" +
              (op.isCas ? ", " + reg + "26" : "") + ";\nld" + space.suffix +
              ".b" + bits + " " + reg + "28, [%rd20];\ncvt.u64.u" + bits +
              " %rd13, " + reg + "27;\ncvt.u64.u" + bits + " %rd14, " + reg +
              "28;\nst.global.v2.u64 [%rd23], {%rd13, %rd14};\n}\n";
          replaceAll(body, "SIZE", std::to_string(op.bits / 8));
          std::vector<Bytes> buffers = {toBytes(inputs), Bytes(kThreads * 16),
                                        Bytes(8), Bytes(kThreads * 16)};
          SimOptions options;
          options.checks = guarded ? CheckAll : CheckNone;
          EXPECT_CLEAN(run(
              makeKernel("sm_90", 4, ".shared .align 16 .b8 m[4096];\n", body),
              buffers, kThreads, options))
              << body;
          auto results = fromBytes<uint64_t>(buffers[1]);
          for (unsigned t = 0; t < kThreads; ++t) {
            uint64_t old = inputs[4 * t];
            bool active = !guarded || isActive(t);
            uint64_t next =
                active ? op.reference(old, inputs[4 * t + 1], inputs[4 * t + 2])
                       : old;
            ASSERT_EQ(results[2 * t], active && isAtom ? old : 0x55)
                << op.name << space.suffix << ", thread " << t;
            ASSERT_TRUE(isSame(op, results[2 * t + 1], next))
                << op.name << space.suffix << std::hex << " of " << old
                << " and " << inputs[4 * t + 1] << " is " << results[2 * t + 1]
                << ", expected " << next;
          }
        }
      }
}

TEST(Atomics, Wide) {
  // exch and cas of 128 bits; every other compare finds its value.
  for (const char *space : {".global", ".shared", ""}) {
    bool isShared = space == std::string(".shared");
    std::string body =
        std::string("{\n.reg .b128 %q<4>;\nmul.wide.u32 %rd20, %r0, 16;\n") +
        (isShared ? "mov.u64 %rd21, m;\nadd.u64 %rd20, %rd20, %rd21;\n"
                  : "add.u64 %rd20, %rd20, %rd1;\n") +
        "mul.wide.u32 %rd22, %r0, 64;\nadd.u64 %rd22, %rd22, %rd0;\n"
        "cvt.u64.u32 %rd10, %r0;\nnot.b64 %rd11, %rd10;\n"
        "mov.b128 %q0, {%rd10, %rd11};\nmov.b128 %q1, {%rd11, %rd10};\n"
        "st" +
        space +
        ".b128 [%rd20], %q0;\n"
        "atom" +
        space +
        ".exch.b128 %q2, [%rd20], %q1;\n"
        "mov.b128 {%rd12, %rd13}, %q2;\n"
        "st.global.v2.b64 [%rd22], {%rd12, %rd13};\n"
        "and.b64 %rd14, %rd10, 1;\nxor.b64 %rd14, %rd14, %rd10;\n"
        "mov.b128 %q3, {%rd11, %rd14};\n"
        "atom" +
        space +
        ".cas.b128 %q2, [%rd20], %q3, %q0;\n"
        "mov.b128 {%rd12, %rd13}, %q2;\n"
        "st.global.v2.b64 [%rd22+16], {%rd12, %rd13};\n"
        "ld" +
        space +
        ".b128 %q2, [%rd20];\n"
        "mov.b128 {%rd12, %rd13}, %q2;\n"
        "st.global.v2.b64 [%rd22+32], {%rd12, %rd13};\n}\n";
    std::vector<Bytes> buffers = {Bytes(64 * 64), Bytes(64 * 16)};
    EXPECT_CLEAN(
        run(makeKernel("sm_90", 2, ".shared .align 16 .b8 m[1024];\n", body),
            buffers, 64));
    auto results = fromBytes<uint64_t>(buffers[0]);
    for (uint64_t t = 0; t < 64; ++t) {
      bool matches = t % 2 == 0;
      uint64_t expected[] = {t, ~t, ~t, t, matches ? t : ~t, matches ? ~t : t};
      for (unsigned i = 0; i < 6; ++i)
        EXPECT_EQ(results[8 * t + i], expected[i])
            << "thread " << t << ", word " << i;
    }
  }
}

//===----------------------------------------------------------------------===//
// Many threads at one location
//===----------------------------------------------------------------------===//

namespace {
/// Blocks on several host threads, all at the same location.
struct Crowd {
  explicit Crowd(unsigned blocks = 64)
      : blocks(blocks), all(blocks * threads), counters(8), results(all) {}

  static constexpr unsigned threads = 96;
  unsigned blocks, all;
  std::vector<uint32_t> counters, results;

  /// %r2 is the number of the thread in the grid; the final %r3 is its result.
  /// %rd0 has the counters.
  void run(const std::string &body) {
    Diagnostic error;
    auto module = Module::parse(
        makeKernel("sm_80", 2, "",
                   "mov.u32 %r2, %ctaid.x;\nmad.lo.u32 %r2, %r2, 96, %r0;\n"
                   "mul.wide.u32 %rd10, %r2, 4;\nadd.u64 %rd11, %rd1, %rd10;\n"
                   "mov.u32 %r3, 0;\n" +
                       body + "st.global.u32 [%rd11], %r3;\n"),
        error);
    ASSERT_TRUE(module) << error.format("text");
    Device device(*lookUpChip("sm_80"));
    DevicePtr pointers[] = {device.allocate(32, error),
                            device.allocate(all * 4, error)};
    ASSERT_TRUE(device.copyToDevice(pointers[0], counters.data(), 32, error));
    std::vector<uint8_t> parameters(16);
    std::memcpy(parameters.data(), pointers, 16);
    auto loaded = device.load(module, error);
    LaunchConfig config;
    config.grid.x = blocks;
    config.block.x = threads;
    SimOptions options;
    options.hostThreads = 4;
    LaunchResult result;
    ASSERT_TRUE(loaded &&
                device.launch(*loaded, *module->findKernel("k"), config,
                              parameters, options, result, error))
        << error.message;
    EXPECT_CLEAN(result);
    ASSERT_TRUE(device.copyToHost(counters.data(), pointers[0], 32, error));
    ASSERT_TRUE(device.copyToHost(results.data(), pointers[1], all * 4, error));
  }
};
} // namespace

TEST(Atomics, NoUpdateIsLost) {
  Crowd crowd;
  crowd.counters = {0, 0, 0, 0xffffffff, 0, 0, 0, 0};
  crowd.run("atom.global.add.u32 %r3, [%rd0], 1;\n"
            "red.global.add.u32 [%rd0+4], %r2;\n"
            "red.global.max.u32 [%rd0+8], %r2;\n"
            "red.global.min.u32 [%rd0+12], %r2;\n"
            "red.global.add.f32 [%rd0+16], 0f3F800000;\n"
            "red.global.inc.u32 [%rd0+20], 99;\n"
            "cvt.u64.u32 %rd12, %r2;\nred.global.add.u64 [%rd0+24], %rd12;\n");
  const uint32_t all = crowd.all, sum = all * (all - 1) / 2;
  EXPECT_EQ(crowd.counters[0], all);
  EXPECT_EQ(crowd.counters[1], sum);
  EXPECT_EQ(crowd.counters[2], all - 1);
  EXPECT_EQ(crowd.counters[3], 0u);
  EXPECT_EQ(crowd.counters[4], floatBits(float(all)));
  EXPECT_EQ(crowd.counters[5], all % 100);
  EXPECT_EQ(crowd.counters[6], sum);
  EXPECT_EQ(crowd.counters[7], 0u);
  // Every thread saw a different value.
  std::sort(crowd.results.begin(), crowd.results.end());
  std::vector<uint32_t> expected(all);
  std::iota(expected.begin(), expected.end(), 0u);
  EXPECT_EQ(crowd.results, expected);
}

TEST(Atomics, CompareAndSwapLoop) {
  // Products modulo 2^32 of odd numbers, in any order.
  Crowd crowd;
  crowd.counters[0] = 1;
  crowd.run("shl.b32 %r4, %r2, 1;\nor.b32 %r4, %r4, 1;\n"
            "ld.relaxed.gpu.global.u32 %r5, [%rd0];\nAGAIN:\n"
            "mul.lo.u32 %r6, %r5, %r4;\nmov.u32 %r7, %r5;\n"
            "atom.global.cas.b32 %r5, [%rd0], %r7, %r6;\n"
            "setp.ne.u32 %p1, %r5, %r7;\n@%p1 bra AGAIN;\n"
            "mov.u32 %r3, %r6;\n");
  uint32_t product = 1;
  for (uint32_t i = 0; i < crowd.all; ++i)
    product *= 2 * i + 1;
  EXPECT_EQ(crowd.counters[0], product);
  // One of the threads was the last.
  EXPECT_EQ(std::count(crowd.results.begin(), crowd.results.end(), product), 1);
}

/// A lock that lanes of one warp also take one after the other.
TEST(Atomics, SpinLock) {
  Crowd crowd(8);
  crowd.run("AGAIN:\natom.acquire.gpu.global.cas.b32 %r4, [%rd0], 0, 1;\n"
            "setp.ne.u32 %p1, %r4, 0;\n@%p1 bra AGAIN;\n"
            "ld.global.u32 %r5, [%rd0+4];\nadd.u32 %r3, %r5, 1;\n"
            "st.global.u32 [%rd0+4], %r3;\n"
            "st.release.gpu.global.u32 [%rd0], 0;\n");
  EXPECT_EQ(crowd.counters[0], 0u);
  EXPECT_EQ(crowd.counters[1], crowd.all);
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

static std::string getError(const std::string &instruction) {
  Diagnostic error;
  Module::parse(makeKernel("sm_90", 1, ".shared .align 8 .b8 m[64];\n",
                           instruction + "\n"),
                error);
  return error.message;
}

TEST(Atomics, QualifiersInAnyOrder) {
  for (const char *instruction : {
           "atom.global.add.u32 %r1, [%rd0], 1;",
           "atom.add.u32 %r1, [%rd0+8], %r2;",
           "atom.add.global.u32 %r1, [%rd0], %r2;",
           "atom.global.gpu.acq_rel.add.u32 %r1, [%rd0], %r2;",
           "atom.acq_rel.gpu.global.add.u32 %r1, [%rd0], %r2;",
           "atom.relaxed.sys.global.cas.b64 %rd1, [%rd0], %rd2, %rd3;",
           "atom.release.cta.shared::cta.exch.b32 %r1, [m+4], %r2;",
           "atom.acquire.cluster.global.or.b32 %r1, [%rd0], %r2;",
           "atom.shared.dec.u32 %r1, [m], %r2;",
           "atom.global.add.noftz.f16x2 %r1, [%rd0], %r2;",
           "atom.global.L2::cache_hint.add.u32 %r1, [%rd0], %r2, %rd1;",
           "atom.global.min.s64 %rd1, [%rd0], %rd2;",
           "atom.global.add.u32 _, [%rd0], %r2;",
           "red.global.add.f32 [%rd0], %f1;",
           "red.relaxed.gpu.global.add.s32 [%rd0], %r1;",
           "red.release.gpu.global.add.u32 [%rd0], %r1;",
           "red.shared.xor.b64 [m], %rd1;",
           "red.global.add.noftz.bf16 [%rd0], %h1;",
       })
    EXPECT_EQ(getError(instruction), "") << instruction;
}

TEST(Atomics, WhatIsNoInstruction) {
  for (const char *instruction : {
           "atom.global.sub.u32 %r1, [%rd0], %r2;",
           "atom.global.add.b32 %r1, [%rd0], %r2;",
           "atom.global.max.f32 %f1, [%rd0], %f2;",
           "atom.global.inc.s32 %r1, [%rd0], %r2;",
           "atom.global.and.u32 %r1, [%rd0], %r2;",
           "atom.global.cas.b32 %r1, [%rd0], %r2;",
           "atom.global.add.u32 %r1, [%rd0], %r2, %r3;",
           "atom.global.add.u32 %rd1, [%rd0], %r2;",
           "atom.global.add.u32 %r1, [%rd0], %rd2;",
           "atom.global.add.u32 %r1, %rd0, %r2;",
           "atom.local.add.u32 %r1, [%rd0], %r2;",
           "atom.const.add.u32 %r1, [%rd0], %r2;",
           "atom.global.shared.add.u32 %r1, [%rd0], %r2;",
           "atom.volatile.global.add.u32 %r1, [%rd0], %r2;",
           "red.global.exch.b32 [%rd0], %r1;",
           "red.global.cas.b32 [%rd0], %r1, %r2;",
           "red.global.add.u32 %r1, [%rd0], %r2;",
       })
    EXPECT_NE(getError(instruction), "") << instruction;
}
