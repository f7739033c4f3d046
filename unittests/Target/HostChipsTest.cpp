//===- HostChipsTest.cpp - The table of CPUs ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/HostChips.h"
#include "diff/Compiler/Compiler.h"
#include "diff/Runtime/HostSupport.h"
#include "diff/Target/Chips.h"
#include "diff/Target/HostMachine.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "gtest/gtest.h"

using namespace mlir::diff;
using llvm::StringRef;

static std::unique_ptr<llvm::TargetMachine> makeMachine(const HostChip &chip) {
  initializeCompilerTargets();
  auto machine = getHostMachineBuilder(chip).createTargetMachine();
  if (machine)
    return std::move(*machine);
  ADD_FAILURE() << chip.name.str() << ": "
                << llvm::toString(machine.takeError());
  return nullptr;
}

/// What LLVM knows of a CPU agrees with its row.
static void compareWithLLVM(const HostChip &chip) {
  SCOPED_TRACE(chip.name.str());
  std::unique_ptr<llvm::TargetMachine> machine = makeMachine(chip);
  ASSERT_TRUE(machine);
  const llvm::MCSubtargetInfo &info = *machine->getMCSubtargetInfo();
  auto has = [&](StringRef feature) {
    return info.checkFeatures(("+" + feature).str());
  };
  EXPECT_TRUE(info.isCPUStringValid(chip.cpu));
  if (chip.architecture == HostArchitecture::X86_64) {
    bool isWide =
        has("avx512f") && has("avx512vl") && has("avx512bw") && has("avx512dq");
    EXPECT_EQ(chip.vectorBytes, isWide ? 64 : has("avx") ? 32 : 16);
    EXPECT_EQ(chip.vectorRegisters, isWide ? 32 : 16);
    EXPECT_EQ(chip.amxBF16, has("amx-bf16") && has("amx-tile"));
    EXPECT_EQ(chip.convertsF16, has("f16c"));
    if (chip.dotBF16Pays) {
      EXPECT_TRUE(has("avx512bf16"));
    }
  } else {
    EXPECT_TRUE(has("neon"));
    EXPECT_FALSE(has("sve"));
    EXPECT_FALSE(has("sve2"));
    EXPECT_EQ(chip.vectorBytes, 16);
    EXPECT_EQ(chip.vectorRegisters, 32);
    EXPECT_TRUE(chip.convertsF16);
    EXPECT_FALSE(chip.amxBF16 || chip.dotBF16Pays);
  }
  for (const std::string &feature : getRequiredFeatures(chip))
    EXPECT_TRUE(has(feature)) << feature;
  EXPECT_GE(chip.l1DataBytes, 8 * 1024);
  EXPECT_LE(chip.l1DataBytes, 1024 * 1024);
  EXPECT_GT(chip.l2Bytes, chip.l1DataBytes);
}

TEST(HostChips, AgreeWithLLVM) {
  for (const HostChip &chip : getHostChips()) {
    compareWithLLVM(chip);
    EXPECT_EQ(lookUpHostChip(chip.name), &chip);
    EXPECT_EQ(lookUpChip(chip.name), nullptr);
    EXPECT_NE(getTargetNames().find(chip.name.str()), std::string::npos);
  }
  EXPECT_EQ(lookUpHostChip("sm_80"), nullptr);
  EXPECT_EQ(lookUpHostChip("x86-64-v5"), nullptr);
}

TEST(HostChips, DescribeThisMachine) {
  const HostChip *host = lookUpHostChip("host");
  ASSERT_EQ(host, &getHostChip());
  compareWithLLVM(*host);
  EXPECT_EQ(explainWhyNotRun(*host), "");
  auto detected = llvm::orc::JITTargetMachineBuilder::detectHost();
  ASSERT_TRUE(static_cast<bool>(detected));
  EXPECT_EQ(detected->getCPU(), host->cpu);
  if (host->architecture != HostArchitecture::X86_64)
    return;
  // The same code as of LLVM's own detection.
  auto expected = detected->createTargetMachine();
  ASSERT_TRUE(static_cast<bool>(expected));
  EXPECT_EQ((*expected)->getMCSubtargetInfo()->getFeatureBits(),
            makeMachine(*host)->getMCSubtargetInfo()->getFeatureBits());
}

TEST(HostChips, FollowTheFeaturesOfAMachine) {
  const HostChip *zen5 = lookUpHostChip("znver5");
  llvm::SmallVector<StringRef> avx512 = {"avx",      "avx512f",    "avx512bw",
                                         "avx512dq", "avx512vl",   "f16c",
                                         "amx-tile", "avx512bf16", "amx-bf16"};
  HostChip chip =
      makeHostChip(HostArchitecture::X86_64, avx512, zen5, 65536, 0);
  EXPECT_EQ(chip.vectorBytes, 64);
  EXPECT_EQ(chip.vectorRegisters, 32);
  EXPECT_EQ(chip.l1DataBytes, 65536);
  EXPECT_EQ(chip.l2Bytes, zen5->l2Bytes);
  EXPECT_TRUE(chip.amxBF16 && chip.dotBF16Pays && chip.convertsF16);
  // A hypervisor may hide features of the CPU.
  chip = makeHostChip(HostArchitecture::X86_64, {"avx", "avx512f"}, zen5, 0, 0);
  EXPECT_EQ(chip.vectorBytes, 32);
  EXPECT_EQ(chip.vectorRegisters, 16);
  EXPECT_EQ(chip.l1DataBytes, zen5->l1DataBytes);
  EXPECT_FALSE(chip.amxBF16 || chip.dotBF16Pays || chip.convertsF16);
  // A CPU that is not in the table.
  chip = makeHostChip(HostArchitecture::X86_64, avx512, nullptr, 0, 0);
  EXPECT_EQ(chip.vectorBytes, 64);
  EXPECT_FALSE(chip.dotBF16Pays);
  EXPECT_GT(chip.l2Bytes, chip.l1DataBytes);
  chip = makeHostChip(HostArchitecture::X86_64, {}, nullptr, 0, 0);
  EXPECT_EQ(chip.vectorBytes, 16);
  chip = makeHostChip(HostArchitecture::AArch64, {}, nullptr, 0, 0);
  EXPECT_EQ(chip.vectorBytes, 16);
  EXPECT_EQ(chip.vectorRegisters, 32);
  EXPECT_TRUE(chip.convertsF16);
}

/// Both ways to ask for the features of this machine agree.
TEST(HostChips, HaveKnownFeatures) {
  llvm::StringMap<bool> detected = llvm::sys::getHostCPUFeatures();
  for (const std::string &feature : getKnownHostFeatures())
    if (auto found = detected.find(feature); found != detected.end()) {
      EXPECT_EQ(hasHostFeature(feature), found->second) << feature;
    }
  EXPECT_EQ(hasHostFeature("avx1024"), std::nullopt);
  for (const HostChip &chip : getHostChips())
    if (chip.architecture == getHostChip().architecture)
      for (const std::string &feature : getRequiredFeatures(chip)) {
        EXPECT_TRUE(hasHostFeature(feature).has_value()) << feature;
      }
}

TEST(HostChips, ExplainWhatAMachineLacks) {
  auto listRequired = [](StringRef name) {
    return getRequiredFeatures(*lookUpHostChip(name));
  };
  EXPECT_TRUE(listRequired("armv8-a").empty());
  EXPECT_TRUE(llvm::is_contained(listRequired("x86-64-v3"), "fma"));
  EXPECT_FALSE(llvm::is_contained(listRequired("x86-64-v3"), "avx512f"));
  // Code runs where the operating system refuses AMX.
  EXPECT_FALSE(llvm::is_contained(listRequired("sapphirerapids"), "amx-bf16"));
  // Its instructions are reached by intrinsics only.
  EXPECT_FALSE(llvm::is_contained(listRequired("znver4"), "clzero"));
  EXPECT_TRUE(llvm::is_contained(listRequired("neoverse-v1"), "bf16"));
  EXPECT_FALSE(llvm::is_contained(listRequired("neoverse-v1"), "sve"));
  const HostChip &host = getHostChip();
  EXPECT_EQ(explainWhyNotRun("x", host.triple.str(), {"avx1024", "avx2048"}),
            "code for x does not run on this machine, which lacks avx1024, "
            "avx2048");
  bool isX86 = host.architecture == HostArchitecture::X86_64;
  std::string problem =
      explainWhyNotRun(*lookUpHostChip(isX86 ? "neoverse-v1" : "haswell"));
  EXPECT_NE(problem.find("does not run on this machine ("), std::string::npos)
      << problem;
}
