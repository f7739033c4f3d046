//===- Findings.cpp - Messages about findings -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Async.h"
#include "Mbarrier.h"
#include "Warp.h"
#include <algorithm>
#include <set>
#include <sstream>

using namespace ptxsim;

std::string ptxsim::formatLanes(uint32_t mask) {
  std::string text;
  for (unsigned l = 0; l < kLanes; ++l) {
    if (!(mask >> l & 1))
      continue;
    unsigned last = l;
    while (last + 1 < kLanes && (mask >> (last + 1) & 1))
      ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(l);
    if (last > l)
      text += "-" + std::to_string(last);
    l = last;
  }
  return text;
}

Dim3 ptxsim::getThread(const Block &block, unsigned linearThread) {
  const Dim3 &size = block.launch->config.block;
  return {linearThread % size.x, linearThread / size.x % size.y,
          linearThread / size.x / size.y};
}

bool Warp::isChecked(Check check) const {
  return launch->options.checks & check;
}

/// Errors that end a kernel on any GPU are reported even without their checker.
static bool isFatal(const std::string &kind) {
  return kind == "trap" || kind == "assertion" || kind == "deadlock" ||
         kind == "branch-index" || kind == "out-of-bounds" ||
         kind == "misaligned";
}

static void addFinding(Launch &launch, const Block &block, Finding finding) {
  std::lock_guard<std::mutex> lock(launch.mutex);
  std::pair<uint64_t, uint64_t> moment(block.number, block.instructions);
  for (size_t i = 0; i < launch.findings.size(); ++i) {
    Finding &known = launch.findings[i];
    if (known.line != finding.line || known.kind != finding.kind)
      continue;
    uint64_t count = known.count + 1;
    bool isClearer = known.isAtWait && !finding.isAtWait;
    if (isClearer || block.number < launch.findingMoments[i].first) {
      known = std::move(finding);
      launch.findingMoments[i] = moment;
    }
    known.count = count;
    return;
  }
  if (launch.findings.size() >= launch.options.maxFindings)
    return;
  launch.findings.push_back(std::move(finding));
  launch.findingMoments.push_back(moment);
}

void Warp::report(const Inst &inst, unsigned lane, Check check,
                  const char *kind, std::string message, unsigned otherLine,
                  bool isAtWait) const {
  if (!isChecked(check) && !isFatal(kind))
    return;
  Finding finding;
  finding.check = check;
  finding.kind = kind;
  finding.message = std::move(message);
  finding.line = inst.line;
  finding.otherLine = otherLine;
  finding.isAtWait = isAtWait;
  if (check == CheckInit)
    finding.origins = block->undefinedLoads;
  std::string_view text = launch->module->getLine(inst.line);
  size_t begin = text.find_first_not_of(" \t\r");
  if (begin != std::string_view::npos)
    finding.text =
        text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
  finding.block = block->id;
  finding.thread = getThread(*block, firstThread() + lane);
  addFinding(*launch, *block, std::move(finding));
}

//===----------------------------------------------------------------------===//
// One cause, one finding
//===----------------------------------------------------------------------===//

/// The two lines of a race, the lower one first.
static std::pair<unsigned, unsigned> getLines(const Finding &finding) {
  return std::minmax(finding.line, finding.otherLine);
}

/// A race between two lines is reported once, in the order in which it was
/// found first. Accesses to a copy in flight lack a wait: the races with the
/// copy's completion have the same cause, and so have the undefined values that
/// were read too early.
std::vector<Finding> ptxsim::takeFindings(Launch &launch) {
  std::vector<size_t> order(launch.findings.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return launch.findingMoments[a] != launch.findingMoments[b]
               ? launch.findingMoments[a] < launch.findingMoments[b]
               : launch.findings[a].line < launch.findings[b].line;
  });
  enum Class { Race, Other, RaceAtWait };
  auto classify = [](const Finding &finding) {
    return finding.kind != "race" || !finding.otherLine ? Other
           : finding.isAtWait                           ? RaceAtWait
                                                        : Race;
  };
  std::set<std::pair<unsigned, unsigned>> told;
  std::vector<Finding> kept;
  for (Class turn : {Race, Other, RaceAtWait})
    for (size_t i : order) {
      const Finding &finding = launch.findings[i];
      if (classify(finding) != turn)
        continue;
      bool isNew = !finding.otherLine || told.insert(getLines(finding)).second;
      if (isNew || turn == Other)
        kept.push_back(finding);
    }
  std::set<unsigned> early;
  for (auto [one, other] : told)
    early.insert({one, other});
  auto isConsequence = [&](const Finding &finding) {
    return finding.check == CheckInit && !finding.origins.empty() &&
           std::all_of(finding.origins.begin(), finding.origins.end(),
                       [&](unsigned line) { return early.count(line) != 0; });
  };
  kept.erase(std::remove_if(kept.begin(), kept.end(), isConsequence),
             kept.end());
  std::stable_sort(
      kept.begin(), kept.end(), [](const Finding &a, const Finding &b) {
        return a.line != b.line ? a.line < b.line : a.kind < b.kind;
      });
  return kept;
}

//===----------------------------------------------------------------------===//
// Deadlock
//===----------------------------------------------------------------------===//

/// Describes what a group waits for, or where it loops.
static std::string describeGroup(const Block &block, const Warp &warp,
                                 const Group &group) {
  const Inst &inst = warp.kernel->code[group.pc];
  std::ostringstream text;
  text << "warp " << warp.index << " lanes " << formatLanes(group.mask);
  switch (group.state) {
  case Group::AtBarrier: {
    uint32_t number =
        warp.reg<uint32_t>(inst.a)[__builtin_ctz(group.mask)] & 15;
    const Barrier &barrier = block.barriers[number];
    text << " at line " << inst.line << " for barrier " << number << " ("
         << barrier.arrived << " of " << barrier.expected
         << " threads have arrived)";
    break;
  }
  case Group::AtCollective: {
    uint32_t missing = group.wanted & warp.live & ~group.mask;
    text << " at line " << inst.line << " for lanes " << formatLanes(missing)
         << " of the warp";
    break;
  }
  case Group::Ready:
    if (warp.polled)
      text << " at line " << warp.polled->line << " for the mbarrier at 0x"
           << std::hex << warp.polledAddress << std::dec << " ("
           << block.async->getMbarriers().describe(
                  warp.polledAddress,
                  warp.firstThread() + unsigned(__builtin_ctz(group.mask)))
           << ")";
    else
      text << " loops at line " << inst.line
           << ", and nothing that it reads changes";
    break;
  }
  return text.str();
}

void ptxsim::reportDeadlock(Block &block) {
  std::string waits;
  const Warp *first = nullptr;
  const Group *place = nullptr;
  unsigned described = 0, exited = 0;
  bool atAligned = false;
  for (const Warp &warp : block.warps) {
    exited += unsigned(__builtin_popcount(warp.exist & ~warp.live));
    for (const Group &group : warp.groups) {
      if (!group.mask)
        continue;
      const Inst &inst = warp.kernel->code[group.pc];
      atAligned |= group.state == Group::AtCollective && !inst.members;
      if (!first ||
          (group.state != Group::Ready && place->state == Group::Ready)) {
        first = &warp;
        place = &group;
      }
      if (++described <= 8)
        waits +=
            (waits.empty() ? "" : "; ") + describeGroup(block, warp, group);
    }
  }
  if (!first)
    return;
  if (described > 8)
    waits += "; " + std::to_string(described - 8) + " more";
  if (exited)
    waits += "; " + std::to_string(exited) + " threads have exited";
  const char *kind = atAligned ? "not-converged" : "deadlock";
  const Inst &inst = first->kernel->code[place->pc];
  const Inst &at =
      place->state == Group::Ready && first->polled ? *first->polled : inst;
  first->report(at, unsigned(__builtin_ctz(place->mask)), CheckSync, kind,
                "no thread of the block can continue: " + waits);
  if (atAligned)
    first->report(at, unsigned(__builtin_ctz(place->mask)), CheckSync,
                  "deadlock", "no thread of the block can continue: " + waits);
}
