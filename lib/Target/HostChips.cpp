//===- HostChips.cpp - The table of CPUs ----------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/HostChips.h"
#include "diff/Runtime/HostSupport.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/AArch64TargetParser.h"
#include "llvm/TargetParser/X86TargetParser.h"

using namespace mlir::diff;
using llvm::StringRef;

static constexpr int64_t kKB = 1024;
static constexpr int64_t kMB = 1024 * kKB;

namespace {
/// An operating system on an architecture.
struct System {
  StringRef triple;
  StringRef errorStream;
};
} // namespace

static constexpr System kLinuxX86 = {"x86_64-unknown-linux-gnu", "stderr"};
static constexpr System kLinuxArm = {"aarch64-unknown-linux-gnu", "stderr"};
// The first macOS for these CPUs.
static constexpr System kMacArm = {"arm64-apple-macosx11.0.0", "__stderrp"};

/// Vectors of scalable length are not used: the order of sums, and with it the
/// result, would depend on the machine.
static constexpr StringRef kNoSVE = "-sve";

/// Instructions of a row beyond those of its vectors.
enum Extra : unsigned { None = 0, AMX = 1, Dot = 2 };

static constexpr HostChip makeX86(StringRef name, int64_t vectorBytes,
                                  int64_t l1, int64_t l2, unsigned extras) {
  return {name,
          kLinuxX86.triple,
          name,
          "",
          kLinuxX86.errorStream,
          HostArchitecture::X86_64,
          vectorBytes,
          /*vectorRegisters=*/vectorBytes == 64 ? 32 : 16,
          l1,
          l2,
          (extras & AMX) != 0,
          (extras & Dot) != 0,
          /*convertsF16=*/true};
}

static constexpr HostChip makeArm(StringRef name, const System &system,
                                  StringRef cpu, int64_t l1, int64_t l2) {
  return {name,
          system.triple,
          cpu,
          kNoSVE,
          system.errorStream,
          HostArchitecture::AArch64,
          /*vectorBytes=*/16,
          /*vectorRegisters=*/32,
          l1,
          l2,
          /*amxBF16=*/false,
          /*dotBF16Pays=*/false,
          /*convertsF16=*/true};
}

// Caches are those of the optimization manuals and technical reference manuals
// of the vendors. Of sizes that a licensee or a model selects, the row has the
// smaller one in use. Of a CPU with two kinds of cores, it has the larger
// cores. vdpbf16ps has half the rate of FMAs on Sapphire Rapids, and twice the
// rate on Zen 5 (measured); on other CPUs, it is not used.
static constexpr HostChip kHostChips[] = {
    // name, vectors, L1 data, L2, extras
    makeX86("x86-64-v3", 32, 32 * kKB, 256 * kKB, None),
    makeX86("x86-64-v4", 64, 32 * kKB, 1 * kMB, None),
    makeX86("haswell", 32, 32 * kKB, 256 * kKB, None),
    makeX86("skylake", 32, 32 * kKB, 256 * kKB, None),
    makeX86("alderlake", 32, 48 * kKB, 1280 * kKB, None),
    makeX86("skylake-avx512", 64, 32 * kKB, 1 * kMB, None),
    makeX86("cascadelake", 64, 32 * kKB, 1 * kMB, None),
    makeX86("cooperlake", 64, 32 * kKB, 1 * kMB, None),
    makeX86("icelake-server", 64, 48 * kKB, 1280 * kKB, None),
    makeX86("sapphirerapids", 64, 48 * kKB, 2 * kMB, AMX),
    makeX86("emeraldrapids", 64, 48 * kKB, 2 * kMB, AMX),
    makeX86("graniterapids", 64, 48 * kKB, 2 * kMB, AMX),
    makeX86("znver2", 32, 32 * kKB, 512 * kKB, None),
    makeX86("znver3", 32, 32 * kKB, 512 * kKB, None),
    makeX86("znver4", 64, 32 * kKB, 1 * kMB, None),
    makeX86("znver5", 64, 48 * kKB, 1 * kMB, Dot),
    // name, triple, CPU, L1 data, L2
    makeArm("armv8-a", kLinuxArm, "generic", 32 * kKB, 256 * kKB),
    makeArm("cortex-a72", kLinuxArm, "cortex-a72", 32 * kKB, 256 * kKB),
    makeArm("cortex-a76", kLinuxArm, "cortex-a76", 64 * kKB, 512 * kKB),
    makeArm("neoverse-n1", kLinuxArm, "neoverse-n1", 64 * kKB, 1 * kMB),
    makeArm("neoverse-n2", kLinuxArm, "neoverse-n2", 64 * kKB, 1 * kMB),
    makeArm("neoverse-v1", kLinuxArm, "neoverse-v1", 64 * kKB, 1 * kMB),
    makeArm("neoverse-v2", kLinuxArm, "neoverse-v2", 64 * kKB, 1 * kMB),
    makeArm("ampere1", kLinuxArm, "ampere1", 64 * kKB, 2 * kMB),
    makeArm("apple-m1", kMacArm, "apple-m1", 128 * kKB, 3 * kMB),
    makeArm("apple-m2", kMacArm, "apple-m2", 128 * kKB, 4 * kMB),
    makeArm("apple-m4", kMacArm, "apple-m4", 128 * kKB, 4 * kMB),
};

llvm::ArrayRef<HostChip> mlir::diff::getHostChips() { return kHostChips; }

const HostChip *mlir::diff::lookUpHostChip(StringRef name) {
  if (name == getHostChip().name)
    return &getHostChip();
  const HostChip *found = llvm::find_if(
      kHostChips, [&](const HostChip &chip) { return chip.name == name; });
  return found == std::end(kHostChips) ? nullptr : found;
}

std::string mlir::diff::getHostChipNames() {
  std::string names = getHostChip().name.str();
  for (const HostChip &chip : kHostChips)
    names += ", " + chip.name.str();
  return names;
}

HostChip mlir::diff::makeHostChip(HostArchitecture architecture,
                                  llvm::ArrayRef<StringRef> features,
                                  const HostChip *known, int64_t l1DataBytes,
                                  int64_t l2Bytes) {
  auto has = [&](StringRef feature) {
    return llvm::is_contained(features, feature);
  };
  bool isX86 = architecture == HostArchitecture::X86_64;
  // Code for vectors of 64 bytes also needs their instructions for shorter
  // vectors.
  bool hasAVX512 =
      has("avx512f") && has("avx512bw") && has("avx512dq") && has("avx512vl");
  HostChip chip{};
  chip.architecture = architecture;
  chip.vectorBytes = isX86 && hasAVX512 ? 64 : isX86 && has("avx") ? 32 : 16;
  chip.vectorRegisters = isX86 && !hasAVX512 ? 16 : 32;
  chip.amxBF16 = has("amx-tile") && has("amx-bf16");
  chip.dotBF16Pays = known && known->dotBF16Pays && has("avx512bf16");
  chip.convertsF16 = !isX86 || has("f16c");
  constexpr int64_t smallL1 = 32 * kKB, smallL2 = 256 * kKB;
  chip.l1DataBytes = l1DataBytes ? l1DataBytes
                     : known     ? known->l1DataBytes
                                 : smallL1;
  chip.l2Bytes = l2Bytes ? l2Bytes : known ? known->l2Bytes : smallL2;
  return chip;
}

//===----------------------------------------------------------------------===//
// Features
//===----------------------------------------------------------------------===//

/// Features with instructions that LLVM selects by itself. Others are reached
/// by intrinsics only, or concern the operating system, so that code runs
/// without them. Code with AMX asks for it first.
static constexpr StringRef kCodeFeatures[] = {
    // x86-64
    "sse3", "ssse3", "sse4.1", "sse4.2", "popcnt", "cx16", "sahf", "movbe",
    "avx", "f16c", "fma", "avx2", "bmi", "bmi2", "lzcnt", "adx", "gfni",
    "vpclmulqdq", "avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl",
    "avx512ifma", "avx512vbmi", "avx512vbmi2", "avx512vnni", "avx512bitalg",
    "avx512vpopcntdq", "avx512bf16", "avx512fp16", "avxvnni",
    // AArch64
    "lse", "rdm", "rcpc", "fullfp16", "dotprod", "complxnum", "jsconv", "bf16",
    "i8mm", "fp16fml"};

/// Adds the features of a CPU that LLVM knows.
static void addImpliedFeatures(const HostChip &chip,
                               llvm::StringMap<bool> &features) {
  if (chip.architecture == HostArchitecture::X86_64) {
    llvm::SmallVector<StringRef> named;
    llvm::X86::getFeaturesForCPU(chip.cpu, named);
    for (StringRef feature : named) {
      features[feature] = true;
      llvm::X86::updateImpliedFeatures(feature, /*Enabled=*/true, features);
    }
  } else if (auto cpu = llvm::AArch64::parseCpu(chip.cpu)) {
    // With the prefix "+".
    std::vector<StringRef> flags;
    llvm::AArch64::getExtensionFeatures(cpu->getImpliedExtensions(), flags);
    for (StringRef flag : flags)
      features[flag.drop_front()] = true;
  }
}

std::vector<std::string> mlir::diff::getRequiredFeatures(const HostChip &chip) {
  llvm::StringMap<bool> features;
  // The flags of this machine are complete, and LLVM may not know its CPU.
  if (&chip != &getHostChip())
    addImpliedFeatures(chip, features);
  llvm::SmallVector<StringRef> flags;
  chip.features.split(flags, ',', -1, /*KeepEmpty=*/false);
  for (StringRef flag : flags)
    features[flag.drop_front()] = flag.starts_with("+");
  std::vector<std::string> required;
  for (StringRef feature : kCodeFeatures)
    if (features.lookup(feature))
      required.push_back(feature.str());
  return required;
}

std::string mlir::diff::explainWhyNotRun(const HostChip &chip) {
  return explainWhyNotRun(chip.name.str(), chip.triple.str(),
                          getRequiredFeatures(chip));
}
