//===- Decoder.cpp - Operands as references -------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"
#include "KernelBuilder.h"
#include <algorithm>
#include <cstring>

using namespace ptxsim;

static uint8_t getHalves(unsigned bytes) {
  return uint8_t(bytes <= 2 ? 1 : bytes / 2);
}

bool Decoder::fail(const std::string &message) {
  return builder.fail(current->position,
                      std::string(current->opcode) + ": " + message);
}

bool Decoder::failAt(size_t operand, const std::string &message) {
  return fail("operand " + std::to_string(operand + 1) + ": " + message);
}

bool Decoder::expect(size_t least, size_t most) {
  if (count() >= least && count() <= most)
    return true;
  return fail("takes " + std::to_string(least) +
              (most == least ? "" : " to " + std::to_string(most)) +
              " operands, found " + std::to_string(count()));
}

//===----------------------------------------------------------------------===//
// Registers, constants
//===----------------------------------------------------------------------===//

/// Returns a reference to a register as a value of the type.
static bool getRegisterRef(const Register &reg, int32_t offset, Type type,
                           Decoder::Width width, Ref &ref, std::string &error) {
  unsigned have = getTypeSize(reg.type), want = getTypeSize(type);
  bool fits = type == Type::Pred || reg.type == Type::Pred
                  ? type == reg.type
                  : have == want || (width == Decoder::Wider && have > want);
  if (!fits) {
    error = "register " + std::string(reg.name) + " is ." +
            std::string(getTypeName(reg.type)) + ", a value of type ." +
            std::string(getTypeName(type)) + " is needed";
    return false;
  }
  ref.offset = offset;
  ref.halves = type == Type::Pred ? 1 : getHalves(want);
  ref.size = uint8_t(type == Type::Pred ? 0 : have < 2 ? 2 : have);
  return true;
}

bool Decoder::dst(const Operand &operand, Type type, Ref &ref, Width width) {
  ref = Ref();
  if (operand.kind == Operand::Sink)
    return true;
  if (operand.kind != Operand::Reg)
    return fail("the destination must be a register");
  std::string error;
  if (operand.negated)
    return fail("a destination cannot be negated");
  if (!getRegisterRef(builder.frame->function->registers[operand.reg],
                      builder.frame->registers[operand.reg], type, width, ref,
                      error))
    return fail(error);
  // A wider register is written completely.
  if (type != Type::Pred)
    ref.halves = getHalves(ref.size);
  return true;
}

static uint64_t bitsOf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
static uint32_t bitsOf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
template <typename To, typename From> static To bitsAs(From from) {
  To to;
  static_assert(sizeof(to) == sizeof(from));
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// Returns the bits of a literal as a value of the type, or false if illegal.
static bool getLiteralBits(const Operand &operand, Type type, uint64_t &bits) {
  unsigned size = getTypeSize(type);
  bool isFloat64 = size == 8, isFloat32 = size == 4;
  switch (operand.kind) {
  case Operand::Int:
    bits = operand.value;
    if (size && size < 8)
      bits &= (uint64_t(1) << (8 * size)) - 1;
    if (type == Type::F32)
      bits = bitsOf(float(int64_t(operand.value)));
    if (type == Type::F64)
      bits = bitsOf(double(int64_t(operand.value)));
    return true;
  case Operand::Float32:
    bits = operand.value;
    if (isFloat64)
      bits = bitsOf(double(bitsAs<float>(uint32_t(operand.value))));
    return isFloat32 || isFloat64;
  case Operand::Float64:
    bits = operand.value;
    if (isFloat32)
      bits = bitsOf(float(bitsAs<double>(operand.value)));
    return isFloat32 || isFloat64;
  default:
    return false;
  }
}

bool Decoder::src(const Operand &operand, Type type, Ref &ref, Width width) {
  ref = Ref();
  unsigned size = getTypeSize(type);
  switch (operand.kind) {
  case Operand::Reg: {
    std::string error;
    if (!getRegisterRef(builder.frame->function->registers[operand.reg],
                        builder.frame->registers[operand.reg], type, width, ref,
                        error))
      return fail(error);
    if (operand.negated && type != Type::Pred)
      return fail("only a predicate can be negated");
    ref.negated = operand.negated;
    return true;
  }
  case Operand::Int:
  case Operand::Float32:
  case Operand::Float64: {
    uint64_t bits;
    if (!getLiteralBits(operand, type, bits))
      return fail("a literal of this kind cannot be of type ." +
                  std::string(getTypeName(type)));
    ref = constant(type == Type::Pred ? bits != 0 : bits, type == Type::Pred ? 0
                                                          : size < 2 ? 2
                                                                     : size);
    ref.halves = type == Type::Pred ? 1 : getHalves(size);
    return true;
  }
  case Operand::SpecialReg:
    ref = special(operand.special);
    if (type == Type::Pred
            ? ref.size != 0
            : ref.size != size && (width != Wider || ref.size < size))
      return fail("the special register has " + std::to_string(ref.size * 8) +
                  " bits, a value of type ." + std::string(getTypeName(type)) +
                  " is needed");
    ref.negated = operand.negated;
    return true;
  case Operand::VariableAddress: {
    if (size != 4 && size != 8)
      return fail("an address has 32 or 64 bits");
    Space space = Space::Generic;
    Ref base;
    int64_t displacement;
    if (!address(operand, space, base, displacement))
      return false;
    // The displacement is added to a base that is filled in later.
    auto newSlot = [&] {
      ref.offset = builder.fileEnd;
      ref.size = uint8_t(size);
      ref.halves = getHalves(size);
      builder.fileEnd += int32_t(size) * 32;
    };
    for (const AddressConstant &known : code->addressConstants)
      if (known.offset == base.offset) {
        newSlot();
        code->addressConstants.push_back({ref.offset, uint8_t(size),
                                          known.variable,
                                          known.addend + displacement, false});
        return true;
      }
    for (auto [index, addend] : builder.dynamicConstants)
      if (code->constants[index].offset == base.offset) {
        newSlot();
        code->constants.push_back({ref.offset, uint8_t(size), {0, 0}});
        builder.dynamicConstants.emplace_back(code->constants.size() - 1,
                                              addend + displacement);
        return true;
      }
    ref = constant(uint64_t(displacement), size);
    return true;
  }
  case Operand::Vector:
    return fail("expected one value, found a vector");
  case Operand::Address:
    return fail("expected a value, found an address in brackets");
  case Operand::Function:
    return fail("the address of a function is not supported");
  case Operand::Label:
    return fail("expected a value, found a label");
  case Operand::Sink:
    return fail("expected a value, found '_'");
  }
  return fail("an operand of an unknown kind");
}

bool Decoder::dst(size_t i, Type type, Ref &ref, Width width) {
  return dst(operand(i), type, ref, width);
}
bool Decoder::src(size_t i, Type type, Ref &ref, Width width) {
  return src(operand(i), type, ref, width);
}
bool Decoder::dstPred(size_t i, Ref &ref) {
  return dst(operand(i), Type::Pred, ref);
}
bool Decoder::srcPred(size_t i, Ref &ref) {
  return src(operand(i), Type::Pred, ref);
}

bool Decoder::addSrc(const Ref &ref, Inst &inst) {
  if (!inst.numSrcs)
    inst.srcs = uint32_t(code->refs.size());
  else if (inst.srcs + inst.numSrcs != code->refs.size()) {
    // Destinations were inserted in between: move the sources after them.
    uint32_t begin = uint32_t(code->refs.size());
    for (unsigned i = 0; i < inst.numSrcs; ++i) {
      Ref copy = code->refs[inst.srcs + i];
      code->refs.push_back(copy);
    }
    inst.srcs = begin;
  }
  code->refs.push_back(ref);
  if (++inst.numSrcs == 0)
    return fail("has too many operands");
  return true;
}

bool Decoder::addDst(const Ref &ref, Inst &inst) {
  if (!inst.numDsts)
    inst.dsts = uint32_t(code->refs.size());
  else if (inst.dsts + inst.numDsts != code->refs.size()) {
    uint32_t begin = uint32_t(code->refs.size());
    for (unsigned i = 0; i < inst.numDsts; ++i) {
      Ref copy = code->refs[inst.dsts + i];
      code->refs.push_back(copy);
    }
    inst.dsts = begin;
  }
  code->refs.push_back(ref);
  if (++inst.numDsts == 0)
    return fail("has too many operands");
  return true;
}

template <typename Use>
static bool forEachElement(Decoder &decoder, size_t i, size_t count, Use use) {
  const Operand &operand = decoder.operand(i);
  bool isVector = operand.kind == Operand::Vector;
  size_t found = isVector ? operand.elements.size() : 1;
  if (count && found != count)
    return decoder.failAt(i, "takes " + std::to_string(count) +
                                 (count == 1 ? " value" : " values in braces") +
                                 ", found " + std::to_string(found));
  if (found > 200)
    return decoder.failAt(i, "has too many elements");
  if (!isVector)
    return use(operand);
  return std::all_of(operand.elements.begin(), operand.elements.end(), use);
}

bool Decoder::dsts(size_t i, Type type, Inst &inst, size_t count, Width width) {
  return forEachElement(*this, i, count, [&](const Operand &element) {
    Ref ref;
    return dst(element, type, ref, width) && addDst(ref, inst);
  });
}

bool Decoder::srcs(size_t i, Type type, Inst &inst, size_t count, Width width) {
  return forEachElement(*this, i, count, [&](const Operand &element) {
    Ref ref;
    return src(element, type, ref, width) && addSrc(ref, inst);
  });
}

Ref Decoder::constant(uint64_t bits, unsigned size) {
  if (size && size < 8)
    bits &= (uint64_t(1) << (8 * size)) - 1;
  auto [found, isNew] = builder.constants.try_emplace({bits, {0, size}}, Ref());
  Ref &ref = found->second;
  if (isNew) {
    ref.offset = builder.fileEnd;
    ref.size = uint8_t(size);
    ref.halves = getHalves(size);
    builder.fileEnd += size <= 2 ? 64 : int32_t(size) * 32;
    code->constants.push_back({ref.offset, uint8_t(size), {bits, 0}});
  }
  return ref;
}

Ref Decoder::special(Special special) {
  auto [found, isNew] = builder.specials.try_emplace(special, Ref());
  Ref &ref = found->second;
  if (isNew) {
    unsigned size = getSpecialSize(special);
    ref.offset = builder.fileEnd;
    ref.size = uint8_t(size);
    ref.halves = getHalves(size);
    builder.fileEnd += size <= 2 ? 64 : int32_t(size) * 32;
    code->specials.push_back({ref.offset, special});
  }
  return ref;
}

Ref Decoder::carry() {
  Ref ref;
  ref.offset = builder.carryOffset;
  ref.halves = 1;
  return ref;
}

//===----------------------------------------------------------------------===//
// Addresses, labels, immediates
//===----------------------------------------------------------------------===//

bool Decoder::address(size_t i, Space &space, Ref &base,
                      int64_t &displacement) {
  return address(operand(i), space, base, displacement);
}

bool Decoder::address(const Operand &operand, Space &space, Ref &base,
                      int64_t &displacement) {
  if (operand.kind != Operand::Address &&
      operand.kind != Operand::VariableAddress)
    return fail("an address in brackets is needed");
  displacement = int64_t(operand.value);
  if (!operand.elements.empty()) {
    const Operand &part = operand.elements.front();
    if (operand.elements.size() > 1)
      return fail("an address of several parts is not supported");
    if (part.kind == Operand::SpecialReg)
      return src(part,
                 getSpecialSize(part.special) == 8 ? Type::B64 : Type::B32,
                 base);
    if (part.kind != Operand::Reg)
      return fail("the base of an address must be a register");
    unsigned size =
        getTypeSize(builder.frame->function->registers[part.reg].type);
    if (size != 4 && size != 8)
      return fail("the base of an address must have 32 or 64 bits");
    if (!src(part, size == 8 ? Type::B64 : Type::B32, base))
      return false;
    if (operand.variable.index < 0)
      return true;
  } else {
    base = constant(0, 8);
  }
  if (operand.variable.index < 0)
    return true;

  const Variable &variable =
      operand.variable.isLocal
          ? builder.frame->function->variables[operand.variable.index]
          : builder.tree.variables[operand.variable.index];
  switch (variable.space) {
  case Space::Shared: {
    if (variable.isExtern) {
      if (!operand.elements.empty())
        return fail("an address of a register and a variable is not supported");
      builder.dynamicAlignment = std::max<uint32_t>(
          builder.dynamicAlignment, uint32_t(variable.alignment));
      int32_t offset = builder.fileEnd;
      builder.fileEnd += 256;
      code->constants.push_back({offset, 8, {0, 0}});
      builder.dynamicConstants.emplace_back(code->constants.size() - 1, 0);
      base = Ref();
      base.offset = offset;
      base.size = 8;
      base.halves = 4;
      break;
    }
    displacement += int64_t(builder.getSharedOffset(
        variable, operand.variable.isLocal ? builder.currentFunction : -1));
    break;
  }
  case Space::Param:
  case Space::Local: {
    if (!operand.variable.isLocal)
      return fail("variable " + variable.name +
                  " is of a space that only functions have");
    const KernelBuilder::Frame &frame = *builder.frame;
    displacement += frame.variables[operand.variable.index];
    bool isKernelParameter = false;
    if (variable.space == Space::Param && frame.function->isEntry)
      for (const Function::Formal &formal : frame.function->parameters)
        isKernelParameter |=
            !formal.isRegister && formal.index == operand.variable.index;
    if (space == Space::Param && !isKernelParameter)
      space = Space::Local;
    break;
  }
  default: {
    if (!operand.elements.empty())
      return fail("an address of a register and a variable is not supported");
    base = Ref();
    base.offset = builder.fileEnd;
    base.size = 8;
    base.halves = 4;
    builder.fileEnd += 256;
    code->addressConstants.push_back(
        {base.offset, 8, operand.variable.index, 0, false});
    break;
  }
  }
  return true;
}

bool Decoder::isImmediate(size_t i) const {
  return operand(i).kind == Operand::Int;
}

bool Decoder::isPredicate(size_t i) const {
  return operand(i).kind == Operand::Reg &&
         builder.frame->function->registers[operand(i).reg].type == Type::Pred;
}

bool Decoder::immediate(size_t i, int64_t &value) {
  if (!isImmediate(i))
    return failAt(i, "must be an integer constant");
  value = int64_t(operand(i).value);
  return true;
}

bool Decoder::label(size_t i, Inst &inst) {
  if (operand(i).kind != Operand::Label)
    return failAt(i, "must be a label");
  builder.branchFixups.push_back(
      {inst.number, builder.currentFunction, operand(i).label});
  return true;
}

bool Decoder::branchTable(size_t i, Inst &inst) {
  if (operand(i).kind != Operand::Label ||
      size_t(operand(i).label) >=
          builder.frame->function->branchTargets.size() ||
      builder.frame->function->branchTargets[operand(i).label].empty())
    return failAt(i, "must be the label of a .branchtargets list");
  builder.tableFixups.push_back(
      {inst.number, builder.currentFunction, operand(i).label});
  return true;
}

unsigned Decoder::capability() const {
  unsigned value = 0;
  for (char c : builder.tree.target)
    if (c >= '0' && c <= '9')
      value = value * 10 + unsigned(c - '0');
  return value;
}
