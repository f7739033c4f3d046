//===- Settings.cpp - Options of the driver library -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver/State.h"
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace ptxsim;
using namespace ptxsim::driver;

namespace {
/// The default chip.
constexpr const char *kDefaultChip = "sm_90a";

/// An empty variable counts as not set.
const char *get(const char *name) {
  const char *value = std::getenv(name);
  return value && *value ? value : nullptr;
}

bool fail(std::string &error, const char *name, const char *value,
          const std::string &legal) {
  error = std::string(name) + " is '" + value + "', which is not " + legal;
  return false;
}

/// Does not change `number` if the variable is not set.
bool readNumber(const char *name, uint64_t limit, uint64_t &number,
                std::string &error) {
  const char *value = get(name);
  if (!value)
    return true;
  char *end = nullptr;
  errno = 0;
  uint64_t read = std::strtoull(value, &end, 0);
  bool isNumber = *value >= '0' && *value <= '9' && !*end && !errno;
  if (!isNumber || read > limit)
    return fail(error, name, value,
                "a number from 0 to " + std::to_string(limit));
  number = read;
  return true;
}

/// Reads one of two words.
bool readChoice(const char *name, const char *no, const char *yes, bool &choice,
                std::string &error) {
  const char *value = get(name);
  if (!value)
    return true;
  std::string word = value;
  if (word != no && word != yes)
    return fail(error, name, value, std::string(no) + " or " + yes);
  choice = word == yes;
  return true;
}

/// A variable of this kind with another name is probably a typo.
void warnOfUnknown() {
  static const char *const known[] = {
      "PTXSIM_CHIP",     "PTXSIM_CHECK",   "PTXSIM_ASYNC",
      "PTXSIM_SEED",     "PTXSIM_THREADS", "PTXSIM_REGISTERS",
      "PTXSIM_FINDINGS", "PTXSIM_REPORT",  "PTXSIM_STEPS"};
  for (char **entry = environ; entry && *entry; ++entry) {
    std::string name(*entry, std::strcspn(*entry, "="));
    if (name.rfind("PTXSIM_", 0) != 0)
      continue;
    bool isKnown = false;
    for (const char *one : known)
      isKnown |= name == one;
    if (isKnown)
      continue;
    std::string all;
    for (const char *one : known)
      all += std::string(all.empty() ? "" : ", ") + one;
    explain("the variable " + name + " is unknown and ignored; there are " +
            all);
  }
}

bool readChip(const Chip *&chip, std::string &error) {
  const char *name = get("PTXSIM_CHIP");
  chip = lookUpChip(name ? name : kDefaultChip);
  if (chip)
    return true;
  std::string known;
  for (const Chip &one : getChips())
    known += std::string(known.empty() ? "" : ", ") + one.name;
  return fail(error, "PTXSIM_CHIP", name ? name : kDefaultChip,
              "a chip of the table: " + known);
}
} // namespace

bool driver::readSettings(Settings &settings, std::string &error) {
  warnOfUnknown();
  if (!readChip(settings.chip, error))
    return false;

  SimOptions &simulation = settings.simulation;
  if (const char *value = get("PTXSIM_CHECK"))
    if (!parseChecks(value, simulation.checks))
      return fail(error, "PTXSIM_CHECK", value,
                  "'all', 'none' or a list of memory, init, race, sync, "
                  "async and same-value with commas");
  if (const char *value = get("PTXSIM_ASYNC"))
    if (!parseAsyncPolicy(value, simulation.async))
      return fail(error, "PTXSIM_ASYNC", value, "late, eager or random");

  uint64_t threads = 0, registers = 0;
  if (!readNumber("PTXSIM_SEED", UINT64_MAX, simulation.seed, error) ||
      !readNumber("PTXSIM_THREADS", 1024, threads, error) ||
      !readNumber("PTXSIM_STEPS", UINT64_MAX, simulation.maxSteps, error) ||
      !readNumber("PTXSIM_REGISTERS", settings.chip->maxRegistersPerThread,
                  registers, error) ||
      !readChoice("PTXSIM_FINDINGS", "print", "fail", settings.findingsFail,
                  error))
    return false;
  simulation.hostThreads = threads;
  settings.registersPerThread = registers;

  if (const char *value = get("PTXSIM_REPORT")) {
    // Fail now, not after an hour of simulation.
    FILE *file = std::fopen(value, "a");
    if (!file)
      return fail(error, "PTXSIM_REPORT", value, "a file that can be written");
    std::fclose(file);
    settings.reportFile = value;
    simulation.profile = true;
  }
  return true;
}

// Memory and bus width of the products in the chip table, from their data
// sheets.
Board driver::getBoard(const Chip &chip) {
  constexpr uint64_t kGiB = uint64_t(1) << 30;
  switch (chip.capability) {
  case 80:
  case 90:
    return {80 * kGiB, 5120};
  case 86:
  case 89:
    return {24 * kGiB, 384};
  case 100:
    return {180 * kGiB, 8192};
  case 120:
    return {32 * kGiB, 512};
  default:
    return {16 * kGiB, 256};
  }
}
