//===- ChipTables.cpp - The tables of chips as text -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/Chips.h"
#include "diff/Target/HostChips.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace mlir::diff;
using Row = llvm::SmallVector<std::string>;

/// Returns the rows with columns of equal width, two spaces apart.
static std::string align(llvm::ArrayRef<Row> rows) {
  llvm::SmallVector<size_t> widths(rows.front().size());
  for (const Row &row : rows)
    for (auto [width, cell] : llvm::zip_equal(widths, row))
      width = std::max(width, cell.size());
  std::string text;
  for (const Row &row : rows) {
    std::string line;
    for (auto [width, cell] : llvm::zip_equal(widths, row))
      line += cell + std::string(width - cell.size() + 2, ' ');
    text += llvm::StringRef(line).rtrim().str() + "\n";
  }
  return text;
}

static std::string formatKiB(int64_t bytes) {
  return std::to_string(bytes / 1024) + " KiB";
}

static Row formatRow(const HostChip &chip) {
  llvm::SmallVector<llvm::StringRef> extras;
  if (chip.amxBF16)
    extras.push_back("amx-bf16");
  if (chip.dotBF16Pays)
    extras.push_back("dot-bf16");
  if (chip.convertsF16)
    extras.push_back("f16");
  return {chip.name.str(),
          chip.triple.str(),
          std::to_string(chip.vectorRegisters) + " x " +
              std::to_string(chip.vectorBytes),
          formatKiB(chip.l1DataBytes),
          formatKiB(chip.l2Bytes),
          llvm::join(extras, ", ")};
}

std::string mlir::diff::formatTargets() {
  llvm::SmallVector<Row> hosts = {
      {"CPU", "triple", "vectors", "L1 data", "L2", "instructions"},
      formatRow(getHostChip())};
  for (const HostChip &chip : getHostChips())
    hosts.push_back(formatRow(chip));
  llvm::SmallVector<Row> gpus = {{"GPU", "PTX", "shared memory", "registers"}};
  for (const Chip &chip : getChips())
    gpus.push_back({chip.name.str(),
                    std::to_string(chip.ptxVersion / 10) + "." +
                        std::to_string(chip.ptxVersion % 10),
                    formatKiB(chip.sharedMemoryPerBlock),
                    std::to_string(chip.registersPerThread)});
  return align(hosts) + "\n" + align(gpus);
}
