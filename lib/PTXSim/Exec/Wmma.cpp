//===- Wmma.cpp - wmma.load, wmma.mma, wmma.store -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fragments are opaque to programs, so the simulator has its own layout. An A
// or B fragment holds its elements in memory order, by rows or columns as it
// was loaded: byte p is byte p & 3 of lane p / 4 & 31 of register p / 128, and
// is repeated in later registers if PTX gives a fragment more registers than
// elements. An accumulator element has one position: see loadAccumulators; f16
// and 32-bit fragments have the same order.
//
//===----------------------------------------------------------------------===//

#include "MatrixAccess.h"
#include "MemoryMarks.h"
#include "Mma.h"
#include "MmaNumerics.h"
#include "Profile/Profiler.h"
#include "Program/Decoder.h"

using namespace ptxsim;
using namespace ptxsim::mma;

namespace {
struct Shape {
  std::string_view name;
  unsigned m, n, k;
};
} // namespace
static constexpr Shape kShapes[] = {{"m16n16k16", 16, 16, 16},
                                    {"m32n8k16", 32, 8, 16},
                                    {"m8n32k16", 8, 32, 16},
                                    {"m16n16k8", 16, 16, 8}};

static const Shape &getShape(const Match &m) {
  for (const Shape &shape : kShapes)
    if (shape.name == m.get("shape"))
      return shape;
  return kShapes[0];
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// Counts an access in pieces of 16 bytes, one for each lane.
static void profile(Warp &w, const Inst &inst, uint64_t base, uint64_t stride,
                    unsigned rows, unsigned bytes, bool writes) {
  bool isShared = inst.space == Space::Shared;
  if (inst.space == Space::Generic && base - kSharedWindow < kWindowSize) {
    isShared = true;
    base -= kSharedWindow;
  }
  uint64_t addresses[kLanes];
  unsigned count = 0;
  auto flush = [&] {
    uint32_t mask = count == kLanes ? kAllLanes : (1u << count) - 1;
    if (count && isShared)
      w.block->profiler->shared(inst, addresses, mask, 16);
    else if (count)
      w.block->profiler->global(inst, addresses, mask, 16, writes);
    count = 0;
  };
  for (unsigned row = 0; row < rows; ++row)
    for (unsigned at = 0; at < bytes; at += 16) {
      addresses[count] = base + row * stride + at;
      if (isShared)
        addresses[count] -= kSharedBase;
      if (++count == kLanes)
        flush();
    }
  flush();
}

/// Calls use(row, host address) for every row (or column) in memory. inst.mode:
/// their number; inst.mode2: elements of each.
template <typename Use>
static void forRows(Warp &w, const Inst &inst, uint32_t mask, AccessKind kind,
                    Use use) {
  unsigned size = getTypeSize(inst.type), bytes = inst.mode2 * size;
  Lanes first(mask);
  uint64_t base = w.address(inst, inst.a, *first);
  if (inst.a.halves == 4)
    getUniform<uint64_t>(w, inst, inst.a, mask, "address");
  else
    getUniform<uint32_t>(w, inst, inst.a, mask, "address");
  uint64_t stride = inst.mode2;
  if (inst.b)
    stride = getUniform<uint32_t>(w, inst, inst.b, mask, "stride");
  if (stride < inst.mode2 || stride * size % 16) {
    w.report(inst, *first, CheckMemory, "misaligned",
             "the stride of " + std::to_string(stride) +
                 " elements must be at least " + std::to_string(inst.mode2) +
                 " and a multiple of " + std::to_string(16 / size) +
                 " (16 bytes)");
    return;
  }
  stride *= size;
  if (w.block->profiler)
    profile(w, inst, base, stride, inst.mode, bytes, isWrite(kind));
  for (unsigned row = 0; row < inst.mode; ++row)
    if (uint8_t *place = w.access(inst, row, inst.space, base + row * stride,
                                  bytes, kind, 16))
      use(row, place);
}

/// Which bytes of a row are undefined; false if none is.
static bool loadStates(const Warp &w, const Inst &inst, const uint8_t *place,
                       unsigned bytes, uint8_t *undefined) {
  const uint8_t *states = w.undefined ? findStates(w, place) : nullptr;
  if (!states || !areUndefined(w, states, bytes))
    return false;
  noteUndefinedLoad(w, inst);
  for (unsigned b = 0; b < bytes; ++b)
    undefined[b] = isUndefined(w, states[b]);
  return true;
}

static void execLoadOperand(Warp &w, const Inst &inst, uint32_t mask) {
  uint8_t elements[1024] = {}, undefined[1024] = {};
  unsigned length = inst.mode2 * getTypeSize(inst.type);
  unsigned bytes = inst.mode * length;
  bool anyUndefined = false;
  forRows(w, inst, mask, AccessKind::WarpLoad,
          [&](unsigned row, const uint8_t *place) {
            std::memcpy(elements + row * length, place, length);
            anyUndefined |=
                loadStates(w, inst, place, length, undefined + row * length);
          });
  const Ref *dsts = w.kernel->getDsts(inst);
  for (unsigned r = 0; r < inst.numDsts; ++r)
    storeRegister(w, dsts[r], elements + r * 128 % bytes, mask);
  if (anyUndefined)
    setOperandMarks(w, inst, undefined, bytes, mask);
}

/// T: bits of an element. The fragment is by rows; memory may be by columns.
template <typename T, bool byColumns>
static void execLoadSum(Warp &w, const Inst &inst, uint32_t mask) {
  T values[256] = {};
  uint8_t undefined[256] = {};
  bool anyUndefined = false;
  unsigned length = inst.mode2, rows = inst.mode;
  forRows(w, inst, mask, AccessKind::WarpLoad,
          [&](unsigned row, const uint8_t *place) {
            T line[32];
            uint8_t marks[32 * sizeof(T)] = {};
            std::memcpy(line, place, length * sizeof(T));
            anyUndefined |=
                loadStates(w, inst, place, length * sizeof(T), marks);
            for (unsigned i = 0; i < length; ++i) {
              unsigned at = byColumns ? i * rows + row : row * length + i;
              values[at] = line[i];
              for (unsigned b = 0; b < sizeof(T); ++b)
                undefined[at] |= marks[i * sizeof(T) + b];
            }
          });
  const Ref *dsts = w.kernel->getDsts(inst);
  for (unsigned pair = 0; pair < 4; ++pair) {
    const T *part = values + 64 * pair;
    if constexpr (sizeof(T) == 2) {
      storeRegister(w, dsts[pair], part, mask);
    } else {
      T even[kLanes], odd[kLanes];
      for (unsigned l = 0; l < kLanes; ++l) {
        even[l] = part[2 * l];
        odd[l] = part[2 * l + 1];
      }
      storeRegister(w, dsts[2 * pair], even, mask);
      storeRegister(w, dsts[2 * pair + 1], odd, mask);
    }
  }
  if (anyUndefined)
    setSumMarks(w, inst, undefined, sizeof(T) == 2, mask);
}

template <typename T, bool byColumns>
static void execStoreSum(Warp &w, const Inst &inst, uint32_t mask) {
  T values[256];
  const Ref *srcs = w.kernel->getSrcs(inst);
  for (unsigned pair = 0; pair < 4; ++pair) {
    T *part = values + 64 * pair;
    if constexpr (sizeof(T) == 2) {
      std::memcpy(part, w.reg<T>(srcs[pair]), 128);
    } else {
      const T *even = w.reg<T>(srcs[2 * pair]);
      const T *odd = w.reg<T>(srcs[2 * pair + 1]);
      for (unsigned l = 0; l < kLanes; ++l) {
        part[2 * l] = even[l];
        part[2 * l + 1] = odd[l];
      }
    }
  }
  uint8_t undefined[256];
  bool anyUndefined = w.undefined && getSumMarks(w, srcs, inst.numSrcs,
                                                 sizeof(T) == 2, undefined);
  unsigned length = inst.mode2, rows = inst.mode;
  forRows(w, inst, mask, AccessKind::WarpStore,
          [&](unsigned row, uint8_t *place) {
            T line[32];
            uint8_t *states = anyUndefined ? findStates(w, place) : nullptr;
            for (unsigned i = 0; i < length; ++i) {
              unsigned at = byColumns ? i * rows + row : row * length + i;
              line[i] = values[at];
              if (states && undefined[at])
                std::memset(states + i * sizeof(T), kUndefined, sizeof(T));
            }
            std::memcpy(place, line, length * sizeof(T));
          });
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The `rows` x `columns` elements of a fragment, by rows.
template <typename T, unsigned rows, unsigned columns>
static void decodeOperand(const Warp &w, const Ref *refs, bool byColumns,
                          typename T::Value *out) {
  constexpr unsigned count = rows * columns, perRegister = 8 * T::width;
  alignas(32) typename T::Value inOrder[count];
  typename T::Value *to = byColumns ? inOrder : out;
  for (unsigned i = 0; i < count; i += T::width)
    T::decodeRow(w.reg<uint8_t>(refs[i / perRegister]) +
                     i % perRegister / T::width * 16,
                 to + i);
  if (byColumns)
    for (unsigned i = 0; i < rows; ++i)
      for (unsigned j = 0; j < columns; ++j)
        out[i * columns + j] = inOrder[j * rows + i];
}

/// inst.mode: bit 0: A by columns, bit 1: B by columns. inst.mode2: registers
/// of A; inst.imm: those of B.
template <typename T, unsigned M, unsigned N, unsigned K, bool fromHalf,
          bool toHalf>
static void execProduct(Warp &w, const Inst &inst, uint32_t mask) {
  alignas(32) float a[M * K], b[K * N], acc[M * N];
  const Ref *srcs = w.kernel->getSrcs(inst);
  decodeOperand<T, M, K>(w, srcs, inst.mode & 1, a);
  srcs += inst.mode2;
  decodeOperand<T, K, N>(w, srcs, inst.mode & 2, b);
  srcs += inst.imm;
  loadAccumulators<fromHalf>(w, srcs, 8, acc);
  multiply<M, N, K, T, T>(w, toHalf, a, b, acc);
  storeAccumulators<toHalf>(w, w.kernel->getDsts(inst), 8, acc, mask);
}

/// The same for integers; inst.mode: bit 2: saturate.
template <typename T, unsigned M, unsigned N>
static void execIntegers(Warp &w, const Inst &inst, uint32_t mask) {
  constexpr unsigned depth = 16;
  int32_t a[M * depth], b[depth * N];
  const Ref *srcs = w.kernel->getSrcs(inst);
  decodeOperand<T, M, depth>(w, srcs, inst.mode & 1, a);
  srcs += inst.mode2;
  decodeOperand<T, depth, N>(w, srcs, inst.mode & 2, b);
  srcs += inst.imm;
  int32_t results[8][kLanes];
  for (unsigned i = 0; i < M * N; ++i) {
    // The position of the element in loadAccumulators.
    unsigned part = i / 64 * 2 + (i & 1), lane = i / 2 % kLanes;
    int64_t sum = w.reg<int32_t>(srcs[part])[lane];
    for (unsigned k = 0; k < depth; ++k)
      sum += a[i / N * depth + k] * b[k * N + i % N];
    if (inst.mode & 4)
      sum = sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum;
    results[part][lane] = int32_t(uint32_t(uint64_t(sum)));
  }
  for (unsigned i = 0; i < 8; ++i)
    storeRegister(w, w.kernel->getDsts(inst)[i], results[i], mask);
}

template <unsigned M, unsigned N>
static ExecFn pickProduct(Type type, bool fromHalf, bool toHalf) {
  if (type == Type::S8)
    return execIntegers<S8, M, N>;
  if (type == Type::U8)
    return execIntegers<U8, M, N>;
  if (type == Type::BF16)
    return execProduct<BF16, M, N, 16, false, false>;
  if (fromHalf)
    return toHalf ? execProduct<F16, M, N, 16, true, true>
                  : execProduct<F16, M, N, 16, true, false>;
  return toHalf ? execProduct<F16, M, N, 16, false, true>
                : execProduct<F16, M, N, 16, false, false>;
}

static ExecFn pickProduct(const Shape &shape, Type type, bool fromHalf,
                          bool toHalf) {
  if (type == Type::TF32)
    return execProduct<TF32, 16, 16, 8, false, false>;
  return shape.m == 16   ? pickProduct<16, 16>(type, fromHalf, toHalf)
         : shape.m == 32 ? pickProduct<32, 8>(type, fromHalf, toHalf)
                         : pickProduct<8, 32>(type, fromHalf, toHalf);
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

/// Registers of an A or B fragment: f16 fragments always have eight.
static unsigned getRegisters(Type type, unsigned elements) {
  return type == Type::F16 ? 8 : elements * getTypeSize(type) / 128;
}

static bool buildAccess(Decoder &d, const Match &m, Inst &inst, size_t address,
                        unsigned rows, unsigned columns) {
  bool byColumns = m.get("layout") == "col";
  inst.mode = byColumns ? columns : rows;
  inst.mode2 = byColumns ? rows : columns;
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = checkFragmentAccess;
  inst.type = m.type();
  std::string_view space = m.get("ss");
  inst.space = space.empty()       ? Space::Generic
               : space == "global" ? Space::Global
                                   : Space::Shared;
  if (inst.space == Space::Shared)
    inst.cls = InstClass::LoadShared;
  return d.expect(2, 3) && d.address(address, inst.space, inst.a, inst.imm) &&
         (d.count() == 2 || d.src(2, Type::U32, inst.b));
}

static bool buildLoadOperand(Decoder &d, const Match &m, Inst &inst) {
  const Shape &shape = getShape(m);
  bool isA = m.has("a");
  unsigned rows = isA ? shape.m : shape.k, columns = isA ? shape.k : shape.n;
  inst.exec = execLoadOperand;
  return buildAccess(d, m, inst, 1, rows, columns) &&
         d.dsts(0, Type::B32, inst, getRegisters(m.type(), rows * columns));
}

static bool buildLoadSum(Decoder &d, const Match &m, Inst &inst) {
  const Shape &shape = getShape(m);
  bool byColumns = m.get("layout") == "col", isHalf = m.type() == Type::F16;
  inst.exec = isHalf      ? byColumns ? execLoadSum<uint16_t, true>
                                      : execLoadSum<uint16_t, false>
              : byColumns ? execLoadSum<uint32_t, true>
                          : execLoadSum<uint32_t, false>;
  return buildAccess(d, m, inst, 1, shape.m, shape.n) &&
         d.dsts(0, Type::B32, inst, isHalf ? 4 : 8);
}

static bool buildStoreSum(Decoder &d, const Match &m, Inst &inst) {
  const Shape &shape = getShape(m);
  bool byColumns = m.get("layout") == "col", isHalf = m.type() == Type::F16;
  inst.exec = isHalf      ? byColumns ? execStoreSum<uint16_t, true>
                                      : execStoreSum<uint16_t, false>
              : byColumns ? execStoreSum<uint32_t, true>
                          : execStoreSum<uint32_t, false>;
  return buildAccess(d, m, inst, 0, shape.m, shape.n) &&
         d.srcs(1, Type::B32, inst, isHalf ? 4 : 8);
}

/// The operand type of the products, which f16 forms do not name.
static Type getOperandType(const Match &m) {
  return m.types.size() == 2 ? Type::F16 : m.type(1);
}

static const char *getTypesName(Type operand, bool toHalf) {
  switch (operand) {
  case Type::BF16:
    return "bf16.f32";
  case Type::TF32:
    return "tf32.f32";
  case Type::S8:
    return "s8.s32";
  case Type::U8:
    return "u8.s32";
  default:
    return toHalf ? "f16.f16" : "f16.f32";
  }
}

static bool buildProduct(Decoder &d, const Match &m, Inst &inst) {
  const Shape &shape = getShape(m);
  Type type = getOperandType(m);
  if (m.types.size() == 4 && m.type(2) != type)
    return d.fail("the types of the two operands differ");
  bool toHalf = m.type(0) == Type::F16, fromHalf = m.types.back() == Type::F16;
  inst.exec = pickProduct(shape, type, fromHalf, toHalf);
  inst.mode = unsigned(m.get("la") == "col") |
              unsigned(m.get("lb") == "col") << 1 |
              unsigned(m.has("satfinite")) << 2;
  inst.mode2 = getRegisters(type, shape.m * shape.k);
  inst.imm = getRegisters(type, shape.n * shape.k);
  inst.flow = Flow::Collective;
  inst.init = InitRule::Custom;
  inst.initRule = initWmma;
  inst.type = m.type(0);
  inst.type2 = type;
  inst.tensor = {uint16_t(shape.m), uint16_t(shape.n), uint16_t(shape.k),
                 getTypesName(type, toHalf)};
  return d.expect(4) && d.dsts(0, Type::B32, inst, toHalf ? 4 : 8) &&
         d.srcs(1, Type::B32, inst, inst.mode2) &&
         d.srcs(2, Type::B32, inst, size_t(inst.imm)) &&
         d.srcs(3, Type::B32, inst, fromHalf ? 4 : 8);
}

#define SHAPE "shape=m16n16k16|m32n8k16|m8n32k16 "
#define PLACE "layout=row|col " SHAPE "ss?=global|shared|shared::cta "
#define PLACE8 "layout=row|col shape=m16n16k8 ss?=global|shared|shared::cta "
#define PLACE4 "layout=row|col shape=m8n8k4 ss?=global|shared|shared::cta "
#define LAYOUTS "la=row|col lb=row|col "

static constexpr Form kForms[] = {
    {"wmma", "load a sync aligned " PLACE ":f16|bf16|s8|u8",
     InstClass::LoadGlobal, buildLoadOperand},
    {"wmma", "load b sync aligned " PLACE ":f16|bf16|s8|u8",
     InstClass::LoadGlobal, buildLoadOperand},
    {"wmma", "load c sync aligned " PLACE ":f16|f32|s32", InstClass::LoadGlobal,
     buildLoadSum},
    {"wmma", "store d sync aligned " PLACE ":f16|f32|s32",
     InstClass::LoadGlobal, buildStoreSum},
    {"wmma", "load a sync aligned " PLACE8 ":tf32", InstClass::LoadGlobal,
     buildLoadOperand},
    {"wmma", "load b sync aligned " PLACE8 ":tf32", InstClass::LoadGlobal,
     buildLoadOperand},
    {"wmma", "load c sync aligned " PLACE8 ":f32", InstClass::LoadGlobal,
     buildLoadSum},
    {"wmma", "store d sync aligned " PLACE8 ":f32", InstClass::LoadGlobal,
     buildStoreSum},
    {"wmma", "mma sync aligned " LAYOUTS SHAPE ":f16|f32 :f16|f32",
     InstClass::Tensor, buildProduct},
    {"wmma", "mma sync aligned " LAYOUTS SHAPE ":f32 :bf16 :bf16 :f32",
     InstClass::Tensor, buildProduct},
    {"wmma", "mma sync aligned " LAYOUTS "shape=m16n16k8 :f32 :tf32 :tf32 :f32",
     InstClass::Tensor, buildProduct},
    {"wmma",
     "mma sync aligned " LAYOUTS SHAPE "satfinite? :s32 :s8|u8 :s8|u8 :s32",
     InstClass::Tensor, buildProduct},
    {"wmma", "load a sync aligned " PLACE4 ":f64", InstClass::LoadGlobal,
     buildWmmaAccessDouble},
    {"wmma", "load b sync aligned " PLACE4 ":f64", InstClass::LoadGlobal,
     buildWmmaAccessDouble},
    {"wmma", "load c sync aligned " PLACE4 ":f64", InstClass::LoadGlobal,
     buildWmmaAccessDouble},
    {"wmma", "store d sync aligned " PLACE4 ":f64", InstClass::LoadGlobal,
     buildWmmaAccessDouble},
    {"wmma", "mma sync aligned " LAYOUTS "shape=m8n8k4 rn? :f64 :f64 :f64 :f64",
     InstClass::Tensor, buildWmmaDouble},
};

#undef LAYOUTS
#undef PLACE4
#undef PLACE8
#undef PLACE
#undef SHAPE

FormTable ptxsim::getWmmaForms() { return makeTable(kForms); }
