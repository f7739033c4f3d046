//===- Chips.cpp - The table of chips -------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Limits: CUDA C++ Programming Guide, "Technical Specifications per Compute
// Capability". Rates of instructions: its table "Throughput of Native
// Arithmetic Instructions"; if that is ambiguous, the faster rate, because a
// bound must not be too high. Tensor rates, clocks and memory: the vendor's
// architecture white papers and data sheets (A100, GA102, AD102, H100, B200,
// GB202), dense, per clock and multiprocessor; bytes of memory per clock are
// bandwidth over boost clock.
//
//===----------------------------------------------------------------------===//

#include "ptxsim/Chips.h"
#include <string>

using namespace ptxsim;

static constexpr unsigned kKiB = 1024;
static constexpr unsigned kMiB = 1024 * 1024;

static std::vector<Chip> makeChips() {
  std::vector<Chip> chips;
  auto add = [&](const char *name, unsigned capability, const char *product) {
    Chip chip{};
    chip.name = name;
    chip.capability = capability;
    chip.product = product;
    // Common values of all chips.
    chip.maxThreadsPerBlock = 1024;
    chip.registersPerSM = 64 * kKiB;
    chip.maxRegistersPerThread = 255;
    chip.registerUnitPerWarp = 256;
    chip.sharedPerBlockDefault = 48 * kKiB;
    chip.sharedReservedPerBlock = 1 * kKiB;
    chip.issue = 4;
    chip.sfu = 16;
    chip.convert = 64;
    chip.sharedBytes = 128;
    chips.push_back(chip);
    return &chips.back();
  };
  auto setResidency = [](Chip &chip, unsigned warps, unsigned blocks,
                         unsigned sharedKiB) {
    chip.maxWarpsPerSM = warps;
    chip.maxBlocksPerSM = blocks;
    chip.sharedPerSM = sharedKiB * kKiB;
    chip.sharedPerBlock = (sharedKiB - 1) * kKiB;
  };
  auto setChip = [](Chip &chip, unsigned multiprocessors, double clockGHz,
                    unsigned l2MiB, double gigabytesPerSecond) {
    chip.multiprocessors = multiprocessors;
    chip.clockGHz = clockGHz;
    chip.l2Bytes = l2MiB * kMiB;
    chip.dramBytes = gigabytesPerSecond / clockGHz;
  };
  auto setRates = [](Chip &chip, double fp32, double fp16, double fp64,
                     double int32) {
    chip.fp32 = fp32;
    chip.fp16 = fp16;
    chip.fp64 = fp64;
    chip.int32 = int32;
  };
  auto setTensor = [](Chip &chip, double f16, double f16Acc, double tf32,
                      double f64) {
    chip.tensorFlops16 = f16;
    chip.tensorFlops16Acc = f16Acc;
    chip.tensorFlopsTF32 = tf32;
    chip.tensorFlops64 = f64;
  };
  auto setTensor8 = [](Chip &chip, double f8, double f8Acc, double integers) {
    chip.tensorFlops8 = f8;
    chip.tensorFlops8Acc = f8Acc;
    chip.tensorOps8 = integers;
  };

  chips.reserve(6);
  Chip *chip = add("sm_80", 80, "A100 SXM");
  setResidency(*chip, 64, 32, 164);
  setChip(*chip, 108, 1.41, 40, 2039);
  setRates(*chip, 64, 128, 32, 64);
  setTensor(*chip, 2048, 2048, 1024, 128);
  setTensor8(*chip, 0, 0, 4096);

  chip = add("sm_86", 86, "GeForce RTX 3090");
  setResidency(*chip, 48, 16, 100);
  setChip(*chip, 82, 1.695, 6, 936);
  setRates(*chip, 128, 128, 2, 64);
  setTensor(*chip, 512, 1024, 256, 4);
  setTensor8(*chip, 0, 0, 2048);

  chip = add("sm_89", 89, "GeForce RTX 4090");
  setResidency(*chip, 48, 24, 100);
  setChip(*chip, 128, 2.52, 72, 1008);
  setRates(*chip, 128, 128, 2, 64);
  setTensor(*chip, 512, 1024, 256, 4);
  setTensor8(*chip, 1024, 2048, 2048);

  chip = add("sm_90a", 90, "H100 SXM");
  setResidency(*chip, 64, 32, 228);
  setChip(*chip, 132, 1.83, 50, 3350);
  setRates(*chip, 128, 128, 64, 64);
  setTensor(*chip, 4096, 4096, 2048, 256);
  setTensor8(*chip, 8192, 8192, 8192);

  chip = add("sm_100a", 100, "B200");
  setResidency(*chip, 64, 32, 228);
  setChip(*chip, 148, 1.86, 126, 8000);
  setRates(*chip, 128, 128, 64, 64);
  setTensor(*chip, 8192, 8192, 4096, 256);
  setTensor8(*chip, 16384, 16384, 16384);

  chip = add("sm_120", 120, "GeForce RTX 5090");
  setResidency(*chip, 48, 24, 100);
  setChip(*chip, 170, 2.41, 96, 1792);
  setRates(*chip, 128, 128, 2, 128);
  setTensor(*chip, 512, 1024, 256, 4);
  setTensor8(*chip, 1024, 2048, 2048);
  return chips;
}

const std::vector<Chip> &ptxsim::getChips() {
  static const std::vector<Chip> chips = makeChips();
  return chips;
}

const Chip *ptxsim::lookUpChip(std::string_view name) {
  for (const Chip &chip : getChips()) {
    std::string plain = "sm_" + std::to_string(chip.capability);
    if (name == chip.name || name == plain || name == plain + "a" ||
        name == plain + "f")
      return &chip;
  }
  return nullptr;
}
