//===- Types.cpp - Names and sizes of types, spaces, special registers ----===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AST.h"
#include <iterator>
#include <unordered_map>

using namespace ptxsim;

namespace {
struct TypeInfo {
  Type type;
  std::string_view name;
  unsigned size;
};
struct SpecialInfo {
  Special special;
  std::string_view name;
  unsigned size;
};
} // namespace

static constexpr TypeInfo kTypes[] = {
    {Type::None, "", 0},         {Type::Pred, "pred", 0},
    {Type::B8, "b8", 1},         {Type::B16, "b16", 2},
    {Type::B32, "b32", 4},       {Type::B64, "b64", 8},
    {Type::B128, "b128", 16},    {Type::U8, "u8", 1},
    {Type::U16, "u16", 2},       {Type::U32, "u32", 4},
    {Type::U64, "u64", 8},       {Type::S8, "s8", 1},
    {Type::S16, "s16", 2},       {Type::S32, "s32", 4},
    {Type::S64, "s64", 8},       {Type::F16, "f16", 2},
    {Type::F16x2, "f16x2", 4},   {Type::BF16, "bf16", 2},
    {Type::BF16x2, "bf16x2", 4}, {Type::F32, "f32", 4},
    {Type::F32x2, "f32x2", 8},   {Type::F64, "f64", 8},
    {Type::TF32, "tf32", 4},     {Type::U16x2, "u16x2", 4},
    {Type::S16x2, "s16x2", 4},   {Type::E4M3, "e4m3", 1},
    {Type::E5M2, "e5m2", 1},     {Type::E4M3x2, "e4m3x2", 2},
    {Type::E5M2x2, "e5m2x2", 2},
};

static constexpr SpecialInfo kSpecials[] = {
    {Special::TidX, "%tid.x", 4},
    {Special::TidY, "%tid.y", 4},
    {Special::TidZ, "%tid.z", 4},
    {Special::NtidX, "%ntid.x", 4},
    {Special::NtidY, "%ntid.y", 4},
    {Special::NtidZ, "%ntid.z", 4},
    {Special::CtaidX, "%ctaid.x", 4},
    {Special::CtaidY, "%ctaid.y", 4},
    {Special::CtaidZ, "%ctaid.z", 4},
    {Special::NctaidX, "%nctaid.x", 4},
    {Special::NctaidY, "%nctaid.y", 4},
    {Special::NctaidZ, "%nctaid.z", 4},
    {Special::LaneId, "%laneid", 4},
    {Special::WarpId, "%warpid", 4},
    {Special::NWarpId, "%nwarpid", 4},
    {Special::SmId, "%smid", 4},
    {Special::NSmId, "%nsmid", 4},
    {Special::GridId, "%gridid", 8},
    {Special::LanemaskEq, "%lanemask_eq", 4},
    {Special::LanemaskLe, "%lanemask_le", 4},
    {Special::LanemaskLt, "%lanemask_lt", 4},
    {Special::LanemaskGe, "%lanemask_ge", 4},
    {Special::LanemaskGt, "%lanemask_gt", 4},
    {Special::Clock, "%clock", 4},
    {Special::ClockHi, "%clock_hi", 4},
    {Special::Clock64, "%clock64", 8},
    {Special::GlobalTimer, "%globaltimer", 8},
    {Special::GlobalTimerLo, "%globaltimer_lo", 4},
    {Special::GlobalTimerHi, "%globaltimer_hi", 4},
    {Special::DynamicSmemSize, "%dynamic_smem_size", 4},
    {Special::TotalSmemSize, "%total_smem_size", 4},
    {Special::AggrSmemSize, "%aggr_smem_size", 4},
    {Special::ReservedSmemOffsetBegin, "%reserved_smem_offset_begin", 4},
    {Special::ReservedSmemOffsetEnd, "%reserved_smem_offset_end", 4},
    {Special::ReservedSmemOffsetCap, "%reserved_smem_offset_cap", 4},
    {Special::ReservedSmemOffset0, "%reserved_smem_offset_0", 4},
    {Special::ReservedSmemOffset1, "%reserved_smem_offset_1", 4},
    {Special::EnvReg0, "%envreg0", 4},
    {Special::EnvReg1, "%envreg1", 4},
    {Special::EnvReg2, "%envreg2", 4},
    {Special::ClusterIdX, "%clusterid.x", 4},
    {Special::ClusterIdY, "%clusterid.y", 4},
    {Special::ClusterIdZ, "%clusterid.z", 4},
    {Special::NClusterIdX, "%nclusterid.x", 4},
    {Special::NClusterIdY, "%nclusterid.y", 4},
    {Special::NClusterIdZ, "%nclusterid.z", 4},
    {Special::ClusterCtaIdX, "%cluster_ctaid.x", 4},
    {Special::ClusterCtaIdY, "%cluster_ctaid.y", 4},
    {Special::ClusterCtaIdZ, "%cluster_ctaid.z", 4},
    {Special::ClusterNCtaIdX, "%cluster_nctaid.x", 4},
    {Special::ClusterNCtaIdY, "%cluster_nctaid.y", 4},
    {Special::ClusterNCtaIdZ, "%cluster_nctaid.z", 4},
    {Special::ClusterCtaRank, "%cluster_ctarank", 4},
    {Special::ClusterNCtaRank, "%cluster_nctarank", 4},
    {Special::IsExplicitCluster, "%is_explicit_cluster", 0},
};

// The tables are indexed by the enumerations.
static constexpr bool areInOrder() {
  for (size_t i = 0; i < std::size(kTypes); ++i)
    if (size_t(kTypes[i].type) != i)
      return false;
  for (size_t i = 0; i < std::size(kSpecials); ++i)
    if (size_t(kSpecials[i].special) != i)
      return false;
  return size_t(Type::E5M2x2) + 1 == std::size(kTypes) &&
         size_t(Special::IsExplicitCluster) + 1 == std::size(kSpecials);
}
static_assert(areInOrder(), "a row is missing or out of place");

std::string_view ptxsim::getTypeName(Type type) {
  return kTypes[unsigned(type)].name;
}

unsigned ptxsim::getTypeSize(Type type) { return kTypes[unsigned(type)].size; }

Type ptxsim::lookUpType(std::string_view name) {
  for (const TypeInfo &info : kTypes)
    if (info.name == name)
      return info.type;
  return Type::None;
}

std::string_view ptxsim::getSpaceName(Space space) {
  switch (space) {
  case Space::Generic:
    return "generic";
  case Space::Reg:
    return "reg";
  case Space::Global:
    return "global";
  case Space::Shared:
    return "shared";
  case Space::Local:
    return "local";
  case Space::Const:
    return "const";
  case Space::Param:
    return "param";
  }
  return "";
}

unsigned ptxsim::getSpecialSize(Special special) {
  return kSpecials[unsigned(special)].size;
}

std::string_view ptxsim::getSpecialName(Special special) {
  return kSpecials[unsigned(special)].name;
}

bool ptxsim::lookUpSpecial(std::string_view name, Special &special) {
  static const std::unordered_map<std::string_view, Special> map = [] {
    std::unordered_map<std::string_view, Special> result;
    for (const SpecialInfo &info : kSpecials)
      result.emplace(info.name, info.special);
    return result;
  }();
  auto found = map.find(name);
  if (found == map.end())
    return false;
  special = found->second;
  return true;
}
