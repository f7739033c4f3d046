//===- ModuleInput.cpp - Reads modules of text or bytecode ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Tools/ModuleInput.h"
#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/Bytecode/BytecodeReaderConfig.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Alignment.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include <atomic>

using namespace mlir;
using namespace mlir::diff;

static constexpr auto kInputAlignment = llvm::Align::Constant<4096>();

std::unique_ptr<llvm::MemoryBuffer>
diff::alignInput(std::unique_ptr<llvm::MemoryBuffer> buffer) {
  if (llvm::isAddrAligned(kInputAlignment, buffer->getBufferStart()))
    return buffer;
  auto aligned = llvm::WritableMemoryBuffer::getNewUninitMemBuffer(
      buffer->getBufferSize(), buffer->getBufferIdentifier(), kInputAlignment);
  llvm::copy(buffer->getBuffer(), aligned->getBufferStart());
  return aligned;
}

/// The reader parses an attribute again whenever one that it refers to was not
/// there yet, so the number of attempts is bounded by the square of the depth.
/// This many suffice for a depth of thousands.
static constexpr size_t kLeastAttempts = 10'000'000, kAttemptsPerByte = 1000;

static void rejectCycles(const ParserConfig &config, size_t size) {
  auto attempts =
      std::make_shared<size_t>(kLeastAttempts + kAttemptsPerByte * size);
  // Called before every attempt; the entry remains to be read by its dialect.
  auto count = [attempts](DialectBytecodeReader &reader, StringRef,
                          auto &) -> LogicalResult {
    if (*attempts == 0)
      return reader.emitError(
          "attributes or types refer to each other in a cycle");
    --*attempts;
    return success();
  };
  config.getBytecodeReaderConfig().attachAttributeCallback(
      [count](DialectBytecodeReader &reader, StringRef dialect,
              Attribute &entry) { return count(reader, dialect, entry); });
  config.getBytecodeReaderConfig().attachTypeCallback(
      [count](DialectBytecodeReader &reader, StringRef dialect, Type &entry) {
        return count(reader, dialect, entry);
      });
}

static std::atomic<bool> readsBytecode{false};

bool diff::isReadingBytecode() { return readsBytecode; }

OwningOpRef<ModuleOp>
diff::readModule(std::unique_ptr<llvm::MemoryBuffer> buffer,
                 llvm::SourceMgr &sources, MLIRContext &context) {
  ParserConfig config(&context);
  rejectCycles(config, buffer->getBufferSize());
  readsBytecode = isBytecode(*buffer);
  sources.AddNewSourceBuffer(alignInput(std::move(buffer)), llvm::SMLoc());
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(sources, config);
  readsBytecode = false;
  return module;
}
