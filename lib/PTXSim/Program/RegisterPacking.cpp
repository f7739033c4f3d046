//===- RegisterPacking.cpp - Registers with disjoint live ranges ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Liveness by basic blocks, intervals over the order of the code, and linear
// scan. The analysis of one lane's path through the code is valid for all
// lanes: an instruction only touches the lanes that execute it.
//
//===----------------------------------------------------------------------===//

#include "RegisterPacking.h"
#include <algorithm>
#include <map>

using namespace ptxsim;

namespace {
class Packing {
public:
  explicit Packing(KernelCode &kernel) : kernel(kernel) {}

  void run() {
    bool calls =
        std::any_of(kernel.code.begin(), kernel.code.end(),
                    [](const Inst &inst) { return inst.flow == Flow::Call; });
    collectRegisters();
    if (calls) {
      // Liveness in a function depends on its callers: assume all registers.
      for (Value &value : values)
        value.begin = value.end = 0;
    } else {
      splitIntoBlocks();
      computeLiveness();
      computeIntervals();
    }
    assign();
    rewrite();
  }

private:
  struct Value {
    int32_t offset = 0;  // now
    int32_t bytes = 64;  // in the file
    int32_t placed = -1; // then
    uint32_t begin = UINT32_MAX, end = 0;
  };
  struct CodeBlock {
    uint32_t begin, end;
    std::vector<uint32_t> successors;
    std::vector<uint64_t> liveIn, used, defined;
  };

  bool isRegister(const Ref &ref) const {
    return ref && uint32_t(ref.offset) < kernel.writableBytes;
  }

  template <typename Use> void forEachUse(const Inst &inst, Use use) {
    for (const Ref *ref :
         {&inst.a, &inst.b, &inst.c, &inst.guard, &inst.members})
      if (isRegister(*ref))
        use(*ref);
    for (unsigned i = 0; i < inst.numSrcs; ++i)
      if (isRegister(kernel.refs[inst.srcs + i]))
        use(kernel.refs[inst.srcs + i]);
  }
  template <typename Use> void forEachDef(const Inst &inst, Use use) {
    if (isRegister(inst.d))
      use(inst.d);
    for (unsigned i = 0; i < inst.numDsts; ++i)
      if (isRegister(kernel.refs[inst.dsts + i]))
        use(kernel.refs[inst.dsts + i]);
  }

  void collectRegisters() {
    auto add = [&](const Ref &ref) {
      auto [found, isNew] = numbers.try_emplace(ref.offset, values.size());
      if (isNew) {
        values.emplace_back();
        values.back().offset = ref.offset;
      }
      values[found->second].bytes =
          std::max(values[found->second].bytes,
                   ref.size <= 2 ? 64 : int32_t(ref.size) * 32);
    };
    for (const Inst &inst : kernel.code) {
      forEachUse(inst, add);
      forEachDef(inst, add);
    }
    words = (values.size() + 63) / 64;
  }

  static bool endsBlock(const Inst &inst) {
    return inst.flow == Flow::Branch || inst.flow == Flow::BranchIdx ||
           inst.flow == Flow::Return || inst.flow == Flow::Exit ||
           inst.flow == Flow::Trap;
  }

  void splitIntoBlocks() {
    std::vector<bool> leads(kernel.code.size() + 1);
    leads[0] = true;
    for (size_t i = 0; i < kernel.code.size(); ++i) {
      const Inst &inst = kernel.code[i];
      if (!endsBlock(inst))
        continue;
      leads[i + 1] = true;
      if (inst.flow == Flow::Branch)
        leads[inst.target] = true;
      if (inst.flow == Flow::BranchIdx)
        for (uint32_t target : kernel.branchTables[inst.target])
          leads[target] = true;
    }
    std::vector<uint32_t> blockOf(kernel.code.size());
    for (uint32_t i = 0; i < kernel.code.size(); ++i) {
      if (leads[i])
        blocks.push_back({i, i, {}, {}, {}, {}});
      blocks.back().end = i + 1;
      blockOf[i] = uint32_t(blocks.size() - 1);
    }
    for (CodeBlock &block : blocks) {
      const Inst &last = kernel.code[block.end - 1];
      if (last.flow == Flow::Branch)
        block.successors.push_back(blockOf[last.target]);
      if (last.flow == Flow::BranchIdx)
        for (uint32_t target : kernel.branchTables[last.target])
          block.successors.push_back(blockOf[target]);
      bool goesOn =
          !endsBlock(last) || last.guard || last.flow == Flow::BranchIdx;
      if (goesOn && block.end < kernel.code.size())
        block.successors.push_back(blockOf[block.end]);
    }
  }

  static void set(std::vector<uint64_t> &bits, size_t i) {
    bits[i / 64] |= uint64_t(1) << (i % 64);
  }
  static bool test(const std::vector<uint64_t> &bits, size_t i) {
    return bits[i / 64] >> (i % 64) & 1;
  }

  void computeLiveness() {
    for (CodeBlock &block : blocks) {
      block.used.resize(words);
      block.defined.resize(words);
      for (uint32_t i = block.begin; i < block.end; ++i) {
        const Inst &inst = kernel.code[i];
        forEachUse(inst, [&](const Ref &ref) {
          size_t number = numbers[ref.offset];
          if (!test(block.defined, number))
            set(block.used, number);
        });
        // With a guard, some lanes keep their old values.
        if (!inst.guard)
          forEachDef(inst, [&](const Ref &ref) {
            set(block.defined, numbers[ref.offset]);
          });
      }
      block.liveIn = block.used;
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t b = blocks.size(); b-- > 0;) {
        CodeBlock &block = blocks[b];
        for (size_t w = 0; w < words; ++w) {
          uint64_t out = 0;
          for (uint32_t successor : block.successors)
            out |= blocks[successor].liveIn[w];
          uint64_t in = block.used[w] | (out & ~block.defined[w]);
          changed |= in != block.liveIn[w];
          block.liveIn[w] = in;
        }
      }
    }
  }

  void extend(size_t number, uint32_t position) {
    values[number].begin = std::min(values[number].begin, position);
    values[number].end = std::max(values[number].end, position);
  }

  void computeIntervals() {
    for (const CodeBlock &block : blocks) {
      for (size_t w = 0; w < words; ++w) {
        uint64_t out = 0;
        for (uint32_t successor : block.successors)
          out |= blocks[successor].liveIn[w];
        for (uint64_t bits = block.liveIn[w]; bits; bits &= bits - 1)
          extend(w * 64 + size_t(__builtin_ctzll(bits)), block.begin);
        for (uint64_t bits = out; bits; bits &= bits - 1)
          extend(w * 64 + size_t(__builtin_ctzll(bits)), block.end);
      }
      for (uint32_t i = block.begin; i < block.end; ++i) {
        auto touch = [&](const Ref &ref) { extend(numbers[ref.offset], i); };
        forEachUse(kernel.code[i], touch);
        forEachDef(kernel.code[i], touch);
      }
    }
  }

  /// An interval that ends at the start of another one overlaps it: a handler
  /// may write its destination before it has read all of its sources.
  void assign() {
    std::vector<size_t> order(values.size());
    for (size_t i = 0; i < order.size(); ++i)
      order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return values[a].begin < values[b].begin;
    });
    std::multimap<uint32_t, size_t> active;       // by end
    std::map<int32_t, std::vector<int32_t>> free; // by size
    for (size_t number : order) {
      Value &value = values[number];
      while (!active.empty() && active.begin()->first < value.begin) {
        const Value &ended = values[active.begin()->second];
        free[ended.bytes].push_back(ended.placed);
        active.erase(active.begin());
      }
      std::vector<int32_t> &places = free[value.bytes];
      if (places.empty()) {
        value.placed = fileEnd;
        fileEnd += value.bytes;
      } else {
        value.placed = places.back();
        places.pop_back();
      }
      active.emplace(value.end, number);
    }
  }

  void rewrite() {
    int32_t moved = int32_t(kernel.writableBytes) - fileEnd;
    auto place = [&](Ref &ref) {
      if (!ref)
        return;
      ref.offset = isRegister(ref) ? values[numbers[ref.offset]].placed
                                   : ref.offset - moved;
    };
    for (Inst &inst : kernel.code)
      for (Ref *ref :
           {&inst.d, &inst.a, &inst.b, &inst.c, &inst.guard, &inst.members})
        place(*ref);
    for (Ref &ref : kernel.refs)
      // References that no instruction uses are not moved.
      if (!isRegister(ref) || numbers.count(ref.offset))
        place(ref);
    for (Constant &constant : kernel.constants)
      constant.offset -= moved;
    for (AddressConstant &constant : kernel.addressConstants)
      constant.offset -= moved;
    for (SpecialSlot &slot : kernel.specials)
      slot.offset -= moved;
    kernel.writableBytes -= uint32_t(moved);
    kernel.registerBytes -= uint32_t(moved);
  }

  KernelCode &kernel;
  std::map<int32_t, size_t> numbers; // of values, by offset
  std::vector<Value> values;
  std::vector<CodeBlock> blocks;
  size_t words = 0;
  int32_t fileEnd = 0;
};
} // namespace

void ptxsim::packRegisters(KernelCode &kernel) { Packing(kernel).run(); }
