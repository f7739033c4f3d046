//===- RacesTest.cpp - Tests of the race checker --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random straight-line programs of a few threads, whose races are found by
// brute force: for each access, the set of accesses that happen before it.
//
//===----------------------------------------------------------------------===//

#include "ptxsim/Device.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace ptxsim;

namespace {

/// Runs the entry `k` of a module `times` times on one device.
std::vector<Finding> run(const std::string &text, Dim3 grid, Dim3 block,
                         unsigned times = 1, uint32_t dynamicShared = 0,
                         unsigned hostThreads = 0) {
  Device device(*lookUpChip("sm_80"));
  Diagnostic error;
  auto module = Module::parse(text, error);
  if (!module) {
    ADD_FAILURE() << error.line << ": " << error.message << "\n" << text;
    return {};
  }
  auto loaded = device.load(module, error);
  LaunchConfig config;
  config.grid = grid;
  config.block = block;
  config.dynamicShared = dynamicShared;
  SimOptions options;
  options.checks = CheckRace;
  options.hostThreads = hostThreads;
  std::vector<Finding> findings;
  for (unsigned n = 0; n < times; ++n) {
    LaunchResult result;
    if (!loaded || !device.launch(*loaded, *module->findKernel("k"), config, {},
                                  options, result, error))
      ADD_FAILURE() << error.message;
    findings.insert(findings.end(), result.findings.begin(),
                    result.findings.end());
  }
  return findings;
}

const char *const kHeader = ".version 7.0\n.target sm_80\n.address_size 64\n";

std::string makeKernel(const std::string &body) {
  return kHeader +
         std::string(".global .align 16 .b32 words[1024];\n"
                     ".visible .entry k()\n{\n.reg .pred %p<8>;\n"
                     ".reg .b16 %h<4>;\n.reg .b32 %r<16>;\n.reg .b64 %rd<8>;\n"
                     ".shared .align 16 .b8 memory[4096];\n") +
         body + "ret;\n}\n";
}

/// One access of one thread.
struct Event {
  unsigned actor;
  unsigned first, bytes;
  bool writes, strong;
  unsigned line;
  unsigned value; // of every byte that is stored

  bool collides(const Event &other) const {
    return actor != other.actor && (writes || other.writes) &&
           !(strong && other.strong) && first < other.first + other.bytes &&
           other.first < first + bytes &&
           !(writes && other.writes && value == other.value);
  }
};

/// A program as text, and its lines that take part in a race.
struct Sample {
  std::string text;
  std::set<unsigned> racyLines;
};

enum class Sync { Block, Warps, OneWay, None };

/// `values`: the number of different values that the stores write; 0: each
/// store writes its own.
Event makeEvent(std::mt19937 &random, unsigned actor, bool mixed,
                unsigned number, unsigned values) {
  Event event;
  event.actor = actor;
  event.strong = mixed && random() % 4 == 0;
  event.bytes =
      mixed && !event.strong && random() % 3 == 0 ? 1u << random() % 2 : 4;
  event.first = random() % (12 / event.bytes) * event.bytes;
  event.writes = random() % 3 == 0;
  event.value = 1 + (values ? random() % values : number);
  return event;
}

std::string format(const Event &event, const std::string &space,
                   const std::string &symbol, const std::string &scope) {
  std::string type = event.bytes == 4 ? "u32" : event.bytes == 2 ? "u16" : "u8";
  std::string value = event.bytes == 4 ? "%r9" : "%h1";
  if (event.writes) {
    uint32_t all = event.value * 0x01010101u;
    value = std::to_string(event.bytes == 4   ? all
                           : event.bytes == 2 ? all & 0xffff
                                              : event.value);
  }
  std::string place = "[" + symbol + "+" + std::to_string(event.first) + "]";
  std::string name = (event.writes ? "st" : "ld") +
                     std::string(event.strong ? ".relaxed." + scope : "") +
                     "." + space + "." + type + " ";
  return name + (event.writes ? place + ", " + value : value + ", " + place) +
         ";\n";
}

/// In a block of two warps; only the threads 0, 1, 32 and 33 access memory.
Sample makeSharedSample(std::mt19937 &random, bool mixed, unsigned values) {
  static const unsigned threads[] = {0, 1, 32, 33};
  std::string body = "mov.u32 %r1, %tid.x;\nmov.u32 %r9, 7;\nmov.u16 %h1, 7;\n";
  for (unsigned a = 0; a < 4; ++a)
    body += "setp.eq.u32 %p" + std::to_string(a) + ", %r1, " +
            std::to_string(threads[a]) + ";\n";
  // Of the first warp, and both threads of each.
  body += "setp.lt.u32 %p4, %r1, 32;\nsetp.lt.u32 %p5, %r1, 2;\n"
          "sub.u32 %r2, %r1, 32;\nsetp.lt.u32 %p6, %r2, 2;\n";
  std::string start = makeKernel(body);
  auto line = unsigned(std::count(start.begin(), start.end(), '\n')) - 1;

  Sample sample;
  std::vector<Event> events;
  std::set<size_t> known[4];
  bool isArrived = false;
  auto meet = [&](const std::vector<unsigned> &from,
                  const std::vector<unsigned> &to) {
    std::set<size_t> all;
    for (unsigned a : from)
      all.insert(known[a].begin(), known[a].end());
    for (unsigned a : to)
      known[a].insert(all.begin(), all.end());
  };
  for (unsigned step = 0, steps = 4 + random() % 20; step < steps; ++step) {
    Sync sync = random() % 5 ? Sync::None : Sync(random() % 3);
    // The next arrival must not precede the completion of the barrier.
    if (isArrived && sync == Sync::OneWay)
      sync = Sync::Block;
    switch (sync) {
    case Sync::Block:
      body += "bar.sync 0;\n";
      ++line;
      meet({0, 1, 2, 3}, {0, 1, 2, 3});
      isArrived = false;
      break;
    case Sync::Warps:
      body += "bar.warp.sync 0xffffffff;\n";
      ++line;
      meet({0, 1}, {0, 1});
      meet({2, 3}, {2, 3});
      break;
    case Sync::OneWay: {
      bool up = random() % 2;
      body += std::string(up ? "@%p4" : "@!%p4") + " bar.arrive 1, 64;\n" +
              (up ? "@!%p4" : "@%p4") + " bar.sync 1, 64;\n";
      line += 2;
      // Threads that wait also synchronize.
      if (up)
        meet({0, 1, 2, 3}, {2, 3});
      else
        meet({0, 1, 2, 3}, {0, 1});
      isArrived = true;
      break;
    }
    case Sync::None: {
      Event event = makeEvent(random, random() % 4, mixed, step, values);
      event.line = line++;
      // Two lanes may read a location together.
      std::vector<unsigned> actors = {event.actor};
      unsigned guard = event.actor;
      if (!event.writes && random() % 3 == 0) {
        actors = {event.actor & 2, event.actor | 1};
        guard = event.actor < 2 ? 5 : 6;
      }
      body += "@%p" + std::to_string(guard) + " " +
              format(event, "shared", "memory", "cta");
      for (unsigned actor : actors) {
        event.actor = actor;
        for (size_t i = 0; i < events.size(); ++i)
          if (event.collides(events[i]) && !known[actor].count(i)) {
            sample.racyLines.insert(event.line);
            sample.racyLines.insert(events[i].line);
          }
        known[actor].insert(events.size());
        events.push_back(event);
      }
      break;
    }
    }
  }
  sample.text = makeKernel(body);
  return sample;
}

/// Blocks that are not ordered: every conflict is a race.
Sample makeGlobalSample(std::mt19937 &random, bool mixed, unsigned values) {
  std::string body = "mov.u32 %r1, %ctaid.x;\nmov.u32 %r9, 7;\n"
                     "mov.u16 %h1, 7;\n";
  for (unsigned a = 0; a < 4; ++a)
    body += "setp.eq.u32 %p" + std::to_string(a) + ", %r1, " +
            std::to_string(a) + ";\n";
  std::string start = makeKernel(body);
  auto line = unsigned(std::count(start.begin(), start.end(), '\n')) - 1;
  Sample sample;
  std::vector<Event> events;
  for (unsigned step = 0, steps = 2 + random() % 8; step < steps; ++step) {
    Event event = makeEvent(random, random() % 4, mixed, step, values);
    event.line = line++;
    body += "@%p" + std::to_string(event.actor) + " " +
            format(event, "global", "words", "gpu");
    for (const Event &other : events)
      if (event.collides(other)) {
        sample.racyLines.insert(event.line);
        sample.racyLines.insert(other.line);
      }
    events.push_back(event);
  }
  sample.text = makeKernel(body);
  return sample;
}

/// No finding without a race, and, if `isComplete`, no race without a finding.
void check(const Sample &sample, const std::vector<Finding> &findings,
           bool isComplete) {
  for (const Finding &finding : findings) {
    EXPECT_TRUE(sample.racyLines.count(finding.line))
        << finding.format() << "\n"
        << sample.text;
  }
  EXPECT_TRUE(!isComplete || sample.racyLines.empty() || !findings.empty())
      << "no finding\n"
      << sample.text;
}

TEST(Races, sharedLikeBruteForce) {
  std::mt19937 random(1);
  unsigned racy = 0;
  for (unsigned n = 0; n < 600; ++n) {
    Sample sample = makeSharedSample(random, n % 2, 0);
    check(sample, run(sample.text, {1, 1, 1}, {64, 1, 1}), true);
    racy += !sample.racyLines.empty();
    if (testing::Test::HasFailure())
      return;
  }
  // Neither all nor none; otherwise, nothing was tested.
  EXPECT_GT(racy, 60u);
  EXPECT_LT(racy, 540u);
}

TEST(Races, globalLikeBruteForce) {
  std::mt19937 random(2);
  unsigned racy = 0, missed = 0;
  for (unsigned n = 0; n < 400; ++n) {
    bool mixed = n % 2;
    Sample sample = makeGlobalSample(random, mixed, 0);
    std::vector<Finding> findings = run(sample.text, {4, 1, 1}, {1, 1, 1});
    // A cell holds two writes and two reads. With mixed bytes and strong
    // accesses, a third one may be needed.
    check(sample, findings, !mixed);
    racy += !sample.racyLines.empty();
    missed += !sample.racyLines.empty() && findings.empty();
    if (testing::Test::HasFailure())
      return;
  }
  EXPECT_GT(racy, 40u);
  EXPECT_LT(racy, 360u);
  EXPECT_LE(missed, 2u);
}

/// Stores of one of two values. Stores of the same value do not race. A store
/// that is ordered before another store of the same value may be missed.
TEST(Races, sameValuesLikeBruteForce) {
  std::mt19937 random(3);
  unsigned racy = 0, missed = 0;
  for (unsigned n = 0; n < 600; ++n) {
    bool isShared = n % 3;
    Sample sample = isShared ? makeSharedSample(random, n % 2, 2)
                             : makeGlobalSample(random, n % 2, 2);
    std::vector<Finding> findings =
        isShared ? run(sample.text, {1, 1, 1}, {64, 1, 1})
                 : run(sample.text, {4, 1, 1}, {1, 1, 1});
    // After a race on a location, its value is unknown.
    EXPECT_TRUE(!sample.racyLines.empty() || findings.empty())
        << findings[0].format() << "\n"
        << sample.text;
    racy += !sample.racyLines.empty();
    missed += !sample.racyLines.empty() && findings.empty();
    if (testing::Test::HasFailure())
      return;
  }
  EXPECT_GT(racy, 60u);
  EXPECT_LT(racy, 540u);
  EXPECT_LE(missed, 12u);
}

TEST(Races, messagesNameBothSides) {
  std::vector<Finding> findings =
      run(makeKernel("mov.u32 %r1, %tid.y;\nsetp.eq.u32 %p1, %r1, 3;\n"
                     "setp.eq.u32 %p2, %r1, 5;\n"
                     "@%p1 st.shared.u32 [memory+8], %r1;\n"
                     "@%p2 ld.shared.u32 %r2, [memory+8];\n"),
          {1, 1, 1}, {1, 6, 1});
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].kind, "race");
  EXPECT_EQ(findings[0].check, CheckRace);
  EXPECT_EQ(findings[0].thread.y, 5u);
  EXPECT_EQ(findings[0].message,
            "thread (0,3,0) wrote these bytes of shared memory at line 15, and "
            "nothing orders that before this load");

  findings = run(makeKernel("mov.u32 %r1, %ctaid.z;\nsetp.eq.u32 %p1, %r1, 0;\n"
                            "@%p1 ld.global.u32 %r2, [words];\n"
                            "@!%p1 st.global.u32 [words], %r1;\n"),
                 {1, 1, 2}, {1, 1, 1}, 1, 0, 1);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].message,
            "block (0,0,0), thread (0,0,0) read these bytes at line 14, and "
            "nothing orders that before this store");
  EXPECT_EQ(findings[0].block.z, 1u);
}

/// Each block writes the location that another one read in the previous launch.
TEST(Races, launchesAreOrdered) {
  std::string body = "mov.u32 %r1, %ctaid.x;\nmul.wide.u32 %rd1, %r1, 4;\n"
                     "mov.u64 %rd2, words;\nadd.u64 %rd1, %rd1, %rd2;\n"
                     "xor.b32 %r2, %r1, 1;\nmul.wide.u32 %rd3, %r2, 4;\n"
                     "add.u64 %rd3, %rd3, %rd2;\n"
                     // Which of the two words belongs to this launch.
                     "ld.global.u32 %r3, [%rd1+256];\nadd.u32 %r4, %r3, 1;\n"
                     "st.global.u32 [%rd1+256], %r4;\n"
                     "setp.eq.u32 %p1, %r3, 1;\n"
                     "@%p1 mov.b64 %rd1, %rd3;\n"
                     "st.global.u32 [%rd1], %r3;\n";
  EXPECT_TRUE(run(makeKernel(body), {8, 1, 1}, {1, 1, 1}, 2).empty());
}

/// The checker reuses its cells from block to block.
TEST(Races, blocksStartAnew) {
  std::string body = "mov.u32 %r1, %tid.x;\nshl.b32 %r2, %r1, 2;\n"
                     "mov.u32 %r3, memory;\nadd.u32 %r2, %r2, %r3;\n"
                     "mov.u32 %r4, %ctaid.x;\n@A@"
                     "xor.b32 %r5, %r2, 64;\nld.shared.u32 %r6, [%r2];\n"
                     "ld.shared.u32 %r6, [%r5];\n";
  auto with = [&](const std::string &text) {
    std::string copy = body;
    copy.replace(copy.find("@A@"), 3, text);
    return makeKernel(copy);
  };
  // One block writes, the others only read.
  EXPECT_TRUE(run(with("setp.eq.u32 %p1, %r4, 3;\n"
                       "@%p1 st.shared.u32 [%r2], %r1;\nbar.warp.sync -1;\n"),
                  {100, 1, 1}, {32, 1, 1})
                  .empty());
  std::vector<Finding> findings =
      run(with("setp.eq.u32 %p1, %r4, 57;\n@%p1 st.shared.u32 [%r2], %r1;\n"),
          {100, 1, 1}, {32, 1, 1}, 1, 1000);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].block.x, 57u);
  EXPECT_EQ(findings[0].count, 1u);
}

/// Hundreds of blocks increment one word, each with the knowledge of all
/// earlier blocks; the last one reads it.
TEST(Races, longChains) {
  std::string body =
      "mov.u32 %r1, %ctaid.x;\nmul.wide.u32 %rd1, %r1, 4;\n"
      "mov.u64 %rd2, words;\nadd.u64 %rd1, %rd1, %rd2;\n"
      "st.global.u32 [%rd1+4], %r1;\n"
      "atom.@ORDER@.gpu.global.add.u32 %r2, [%rd2], 1;\n"
      "setp.ne.u32 %p1, %r2, 499;\n@%p1 bra DONE;\nmov.u32 %r3, 0;\n"
      "mov.u64 %rd3, %rd2;\n"
      "NEXT:\nld.global.u32 %r4, [%rd3+4];\nadd.u64 %rd3, %rd3, 4;\n"
      "add.u32 %r3, %r3, 1;\nsetp.lt.u32 %p2, %r3, 500;\n@%p2 bra NEXT;\n"
      "DONE:\n";
  for (std::string order : {"acq_rel", "release", "acquire", "relaxed"}) {
    std::string copy = body;
    copy.replace(copy.find("@ORDER@"), 7, order);
    std::vector<Finding> findings =
        run(makeKernel(copy), {500, 1, 1}, {1, 1, 1});
    EXPECT_EQ(findings.empty(), order == "acq_rel") << order;
  }
}

} // namespace
