//===- Knowledge.cpp - The happens-before knowledge of a thread -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Knowledge.h"
#include <algorithm>
#include <tuple>

using namespace ptxsim;

bool Snapshot::covers(unsigned ofThread, bool byWarp, uint32_t stamp) const {
  if (!isInherited && getStamp(time, start) >= stamp &&
      (byWarp ? ofThread / kLanes == thread / kLanes : ofThread == thread))
    return true;
  if (getStamp(base->floor, start) >= stamp)
    return true;
  if (base->clocks.empty())
    return false;
  unsigned actor = byWarp ? warps * kLanes + ofThread / kLanes : ofThread;
  return getStamp(base->clocks[actor], start) >= stamp;
}

//===----------------------------------------------------------------------===//
// Other blocks
//===----------------------------------------------------------------------===//

static auto getKey(const Snapshot &s) {
  return std::make_tuple(s.thread, s.isInherited);
}

/// The knowledge of a thread only grows, so the newer of two snapshots
/// suffices.
static std::vector<Snapshot> merge(const std::vector<Snapshot> &a,
                                   const std::vector<Snapshot> &b) {
  std::vector<Snapshot> result;
  result.reserve(std::max(a.size(), b.size()));
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (j == b.size() || (i < a.size() && getKey(a[i]) < getKey(b[j])))
      result.push_back(a[i++]);
    else if (i == a.size() || getKey(b[j]) < getKey(a[i]))
      result.push_back(b[j++]);
    else {
      result.push_back(a[i].time >= b[j].time ? a[i] : b[j]);
      ++i, ++j;
    }
  }
  return result;
}

static bool areSame(const std::vector<Snapshot> &a,
                    const std::vector<Snapshot> &b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Snapshot &x, const Snapshot &y) {
                      return getKey(x) == getKey(y) && x.time == y.time;
                    });
}

ForeignRef Foreign::join(const ForeignRef &a, const ForeignRef &b) {
  if (a == b || !b)
    return a;
  if (!a)
    return b;
  auto result = std::make_shared<Foreign>();
  bool isA = true, isB = true;
  for (size_t i = 0; i < a->children.size(); ++i) {
    result->children[i] = join(a->children[i], b->children[i]);
    isA &= result->children[i] == a->children[i];
    isB &= result->children[i] == b->children[i];
  }
  if (!a->snapshots.empty() || !b->snapshots.empty()) {
    result->snapshots = merge(a->snapshots, b->snapshots);
    isA &= areSame(result->snapshots, a->snapshots);
    isB &= areSame(result->snapshots, b->snapshots);
  }
  // Return the old tree, so that another join is fast.
  return isA ? a : isB ? b : result;
}

ForeignRef Foreign::insertAt(const ForeignRef &tree, uint32_t block,
                             const Snapshot &snapshot, unsigned shift) {
  auto result =
      tree ? std::make_shared<Foreign>(*tree) : std::make_shared<Foreign>();
  if (!shift) {
    result->snapshots = merge(result->snapshots, {snapshot});
    return result;
  }
  shift -= levelBits;
  ForeignRef &child =
      result->children[block >> shift & ((1u << levelBits) - 1)];
  child = insertAt(child, block, snapshot, shift);
  return result;
}

ForeignRef Foreign::insert(const ForeignRef &tree, uint32_t block,
                           const Snapshot &snapshot) {
  return insertAt(tree, block, snapshot, bits);
}

bool Foreign::knows(const Foreign *tree, uint32_t block, unsigned thread,
                    bool byWarp, uint32_t stamp) {
  for (unsigned shift = bits; tree && shift;) {
    shift -= levelBits;
    tree = tree->children[block >> shift & ((1u << levelBits) - 1)].get();
  }
  if (!tree)
    return false;
  return std::any_of(tree->snapshots.begin(), tree->snapshots.end(),
                     [&](const Snapshot &snapshot) {
                       return snapshot.covers(thread, byWarp, stamp);
                     });
}
