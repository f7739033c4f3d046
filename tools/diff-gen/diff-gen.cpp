//===- diff-gen.cpp - Generates the IR of an attention layer --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LayerBuilder.h"
#include "Presets.h"
#include "diff/Tools/ToolSupport.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace cl = llvm::cl;
using namespace mlir;
using namespace mlir::diff;

static constexpr StringLiteral kOverview =
    R"(Prints the IR of a differential attention layer: a module with one function
@attention on tensors with the layout [batch, tokens, heads, dim].

variant   arguments                                    results
v2        query [B,N,2h,d]  key [B,M,h_kv,d]           output [B,N,h,dv]
          value [B,M,h_kv,dv]  lambda [B,N,h] (logits) lse [B,2h,N] with --lse
v1        query [B,N,2h,d]  key [B,M,2h_kv,d]          output [B,N,h,2d]
          value [B,M,h_kv,2d]  lambda [h]  weight [2d] lse [B,2h,N] with --lse
standard  query [B,N,h,d]  key [B,M,h_kv,d]            output [B,N,h,dv]
          value [B,M,h_kv,dv]                          lse [B,h,N] with --lse

lse, and lambda and weight of v1, are f32. All other tensors have the element
type. With --signals=R, v1 and v2 have h + h/R query heads: groups of R signal
heads and the noise head that they share. With --gate, the last argument holds
the logits of the output gate, with the shape of the output.

With --varlen the tensors are packed: they have no dimension B, N and M are the
numbers of tokens of all B sequences, and cu_seqlens_q [B+1] and cu_seqlens_k
[B+1], i32, follow value. With --layout=bhsd query, key, value and output are
head-major.

With --pair-layout=halves, the noise heads of the query follow all signal heads:
head a * h/R + j is map a of head group j. The key heads of v1 are ordered in the
same way, and value is [B,M,2h_kv,d]: the first halves of all value heads, then
the second halves.

--model=NAME sets the options of the layer to those of a published model. Later
options override them.
)";

static constexpr StringLiteral kExamples = R"(
examples:  diff-gen --causal --dynamic -o layer.mlir
           diff-gen --model=motif-3 --query-tokens=1 --key-tokens=4096
)";

namespace {
struct Options {
  cl::OptionCategory layer{"Options of the layer, which --model sets"};
  cl::OptionCategory category{"Other options"};
  cl::opt<std::string> variant{
      "variant", cl::desc("Kind of attention (default: v2)"),
      cl::value_desc("v2|v1|standard"), cl::init("v2"), cl::cat(layer)};
  cl::opt<int64_t> batch{"batch", cl::desc("Batch size B (default: 1)"),
                         cl::value_desc("B"), cl::init(1), cl::cat(category)};
  cl::opt<int64_t> queryTokens{
      "query-tokens", cl::desc("Query tokens N (default: 512)"),
      cl::value_desc("N"), cl::init(512), cl::cat(category)};
  cl::opt<int64_t> keyTokens{"key-tokens",
                             cl::desc("Key tokens M (default: --query-tokens)"),
                             cl::value_desc("M"), cl::cat(category)};
  cl::opt<int64_t> heads{"heads", cl::desc("Output heads h (default: 8)"),
                         cl::value_desc("h"), cl::init(8), cl::cat(layer)};
  cl::opt<int64_t> signals{
      "signals",
      cl::desc("Signal heads for each noise head, of v1 and v2 (default: 1)"),
      cl::value_desc("R"), cl::init(1), cl::cat(layer)};
  cl::opt<int64_t> kvHeads{
      "kv-heads", cl::desc("Value heads h_kv, a divisor of h/R (default: 4)"),
      cl::value_desc("h_kv"), cl::init(4), cl::cat(layer)};
  cl::opt<int64_t> dim{"dim", cl::desc("Head dimension d (default: 128)"),
                       cl::value_desc("d"), cl::init(128), cl::cat(layer)};
  cl::opt<int64_t> valueDim{
      "value-dim",
      cl::desc("Value head dimension dv of standard and v2 (default: --dim)"),
      cl::value_desc("dv"), cl::cat(layer)};
  cl::opt<std::string> type{"type", cl::desc("Element type (default: bf16)"),
                            cl::value_desc("bf16|f16|f32"), cl::init("bf16"),
                            cl::cat(category)};
  cl::opt<bool> causal{"causal",
                       cl::desc("Causal mask, aligned to the bottom right"),
                       cl::cat(layer)};
  cl::opt<std::string> window{
      "window",
      cl::desc("Sliding window: keys before and after the diagonal; -1 is "
               "unlimited; with --causal R is 0"),
      cl::value_desc("L,R"), cl::cat(layer)};
  cl::opt<double> softcap{"softcap",
                          cl::desc("Cap scores with C * tanh(score / C)"),
                          cl::value_desc("C"), cl::cat(layer)};
  cl::opt<double> scale{"scale", cl::desc("Softmax scale (default: 1/sqrt(d))"),
                        cl::value_desc("S"), cl::cat(layer)};
  cl::opt<bool> lse{"lse", cl::desc("Also return the log-sum-exp of the rows"),
                    cl::cat(category)};
  cl::opt<bool> gate{"gate", cl::desc("Add an output gate"), cl::cat(layer)};
  cl::opt<bool> dynamic{"dynamic",
                        cl::desc("Use dynamic batch and token counts"),
                        cl::cat(category)};
  cl::opt<bool> oneToken{"one-token",
                         cl::desc("Use one query token, and dynamic batch and "
                                  "key token counts"),
                         cl::cat(category)};
  cl::opt<bool> varlen{"varlen",
                       cl::desc("Use B sequences of variable length; N and M "
                                "are the tokens of all sequences"),
                       cl::cat(category)};
  cl::opt<std::string> layout{
      "layout",
      cl::desc("Order of batch, tokens (s), heads and dim (default: bshd)"),
      cl::value_desc("bshd|bhsd"), cl::init("bshd"), cl::cat(category)};
  cl::opt<std::string> pairLayout{
      "pair-layout",
      cl::desc("Order of the heads of a pair, of v1 and v2 (default: "
               "interleaved)"),
      cl::value_desc("interleaved|halves"), cl::init("interleaved"),
      cl::cat(layer)};
  cl::opt<double> lambdaInit{
      "lambda-init", cl::desc("lambda_init of --variant=v1 (default: 0.8)"),
      cl::value_desc("x"), cl::init(0.8), cl::cat(layer)};
  cl::opt<int64_t> layerNumber{
      "layer",
      cl::desc("Use the lambda_init of layer i, counted from 0: "
               "0.8 - 0.6 exp(-0.3 i)"),
      cl::value_desc("i"), cl::cat(layer),
      cl::cb<void, int64_t>([this](int64_t number) {
        lambdaInit = 0.8 - 0.6 * std::exp(-0.3 * static_cast<double>(number));
      })};
  cl::opt<double> epsilon{"epsilon",
                          cl::desc("Epsilon of the norm of --variant=v1 "
                                   "(default: 1e-5)"),
                          cl::value_desc("x"), cl::init(1.0e-5),
                          cl::cat(layer)};
  cl::opt<std::string> model{
      "model", cl::desc("Layer of a published model, see below"),
      cl::value_desc("NAME"), cl::cat(category),
      cl::cb<void, const std::string &>(
          [this](const std::string &name) { setPreset(name); })};
  cl::opt<std::string> output{"o", cl::desc("Output file (default: -)"),
                              cl::value_desc("file"), cl::init("-"),
                              cl::cat(category)};

  /// Returns true if the command line contains the option itself, after any
  /// --model.
  static bool isGiven(const cl::Option &option) {
    return option.getNumOccurrences() > 0 &&
           option.getPosition() != kPresetPosition;
  }

private:
  /// The position of options of presets; the command line starts at 1.
  static constexpr unsigned kPresetPosition = 0;

  /// Replaces the options of the layer by those of the preset, if it exists.
  void setPreset(StringRef name) {
    const Preset *preset = findPreset(name);
    if (!preset)
      return;
    auto &registered = cl::getRegisteredOptions();
    for (auto &[_, option] : registered)
      if (llvm::is_contained(option->Categories, &layer))
        option->reset();
    for (StringRef word : llvm::split(preset->options, ' ')) {
      auto [option, value] = word.drop_front(2).split('=');
      registered.lookup(option)->addOccurrence(kPresetPosition, option, value);
    }
  }
};
} // namespace

/// Returns the text of --help: the overview, the presets and the examples.
static std::string getOverview() {
  std::string text(kOverview);
  llvm::raw_string_ostream os(text);
  os << "\nmodels:\n";
  for (const Preset &preset : getPresets())
    os << "  " << preset.name << ": " << preset.model << "\n    "
       << preset.options << "\n";
  os << kExamples;
  return text;
}

/// Checks the range of every size, and that every tensor is addressable.
static LogicalResult checkSizes(const Layer &layer) {
  struct {
    StringRef option;
    int64_t value, least;
  } sizes[] = {{"batch", layer.batch, 0},
               {"query-tokens", layer.queryTokens, 0},
               {"key-tokens", layer.keyTokens, 0},
               {"heads", layer.heads, 1},
               {"kv-heads", layer.kvHeads, 1},
               {"signals", layer.signals, 1},
               {"dim", layer.dim, 1},
               {"value-dim", layer.valueDim.value_or(1), 1}};
  constexpr int64_t kMost = INT32_MAX;
  for (auto &size : sizes)
    if (size.value < size.least || size.value > kMost)
      return failure(reportError("--" + size.option + " must be from " +
                                 Twine(size.least) + " to " + Twine(kMost) +
                                 ", found " + Twine(size.value)));
  if (layer.heads % layer.signals != 0)
    return failure(reportError("--heads must be a multiple of --signals (" +
                               Twine(layer.signals) + "), found " +
                               Twine(layer.heads)));
  if (layer.signals > 1 && layer.getNumHeadGroups() % layer.kvHeads != 0)
    return failure(reportError(
        "--heads divided by --signals must be a multiple of --kv-heads (" +
        Twine(layer.kvHeads) + "), found " + Twine(layer.heads) + " / " +
        Twine(layer.signals)));
  if (layer.heads % layer.kvHeads != 0)
    return failure(reportError("--heads must be a multiple of --kv-heads (" +
                               Twine(layer.kvHeads) + "), found " +
                               Twine(layer.heads)));
  // The largest tensors have at most 2h heads of width 2d, or h of width dv.
  constexpr int64_t kElementSize = 4;
  int64_t bytes = kElementSize * 4;
  for (int64_t size :
       {std::max(layer.queryTokens, layer.keyTokens), layer.batch, layer.heads,
        std::max(layer.dim, layer.valueDim.value_or(0))})
    if (llvm::MulOverflow(bytes, size, bytes))
      return failure(reportError("the tensors are too large: --batch, tokens, "
                                 "--heads and --dim (or --value-dim) multiply "
                                 "to more bytes than can be addressed"));
  return success();
}

/// Parses `L,R`, each at least -1.
static LogicalResult parseWindow(StringRef text, int64_t &left,
                                 int64_t &right) {
  auto [leftText, rightText] = text.split(',');
  if (leftText.getAsInteger(10, left) || rightText.getAsInteger(10, right) ||
      left < -1 || right < -1)
    return failure(
        reportError("--window must be L,R, two numbers of keys or -1 for "
                    "unlimited, found '" +
                    text + "'"));
  return success();
}

/// Returns the shortest text that reads as the number.
static std::string print(double value) {
  char text[32];
  for (int digits = 1; digits <= std::numeric_limits<double>::max_digits10;
       ++digits) {
    std::snprintf(text, sizeof(text), "%.*g", digits, value);
    if (std::strtod(text, nullptr) == value)
      break;
  }
  return text;
}

/// Requires a finite and positive number if the option is given.
static LogicalResult readPositive(const cl::opt<double> &option,
                                  std::optional<double> &value) {
  if (!option.getNumOccurrences())
    return success();
  value = option;
  if (std::isfinite(*value) && *value > 0)
    return success();
  return failure(reportError("--" + option.ArgStr +
                             " must be finite and positive, found " +
                             print(*value)));
}

/// Requires that options of some variants are not given for others.
static LogicalResult checkVariant(const Options &options, Variant variant) {
  constexpr StringLiteral v1 = "--variant=v1";
  struct {
    const cl::Option &option;
    bool isLegal;
    StringRef variants;
  } rows[] = {
      {options.valueDim, variant != Variant::V1,
       "--variant=standard and --variant=v2"},
      {options.signals, variant != Variant::Standard,
       "--variant=v1 and --variant=v2"},
      {options.pairLayout, variant != Variant::Standard,
       "--variant=v1 and --variant=v2"},
      {options.lambdaInit, variant == Variant::V1, v1},
      {options.layerNumber, variant == Variant::V1, v1},
      {options.epsilon, variant == Variant::V1, v1},
  };
  for (auto &row : rows)
    if (Options::isGiven(row.option) && !row.isLegal)
      return failure(reportError("--" + row.option.ArgStr + " is for " +
                                 row.variants +
                                 " only, found --variant=" + options.variant));
  return success();
}

static LogicalResult readOptions(const Options &options, Layer &layer) {
  if (options.model.getNumOccurrences() && !findPreset(options.model))
    return failure(reportError(
        "--model must be " +
        llvm::join(
            llvm::map_range(getPresets().drop_back(),
                            [](const Preset &preset) { return preset.name; }),
            ", ") +
        " or " + getPresets().back().name + ", found '" + options.model + "'"));
  auto variant = llvm::StringSwitch<std::optional<Variant>>(options.variant)
                     .Case("v2", Variant::V2)
                     .Case("v1", Variant::V1)
                     .Case("standard", Variant::Standard)
                     .Default(std::nullopt);
  if (!variant)
    return failure(reportError("--variant must be v2, v1 or standard, found '" +
                               Twine(options.variant) + "'"));
  layer.variant = *variant;
  layer.type = options.type;
  if (!llvm::is_contained({"bf16", "f16", "f32"}, layer.type))
    return failure(reportError("--type must be bf16, f16 or f32, found '" +
                               Twine(layer.type) + "'"));
  layer.batch = options.batch;
  layer.queryTokens = options.queryTokens;
  layer.keyTokens = options.keyTokens.getNumOccurrences() ? options.keyTokens
                                                          : options.queryTokens;
  layer.heads = options.heads;
  layer.kvHeads = options.kvHeads;
  layer.dim = options.dim;
  if (failed(checkVariant(options, layer.variant)))
    return failure();
  if (options.valueDim.getNumOccurrences() && layer.variant != Variant::V1)
    layer.valueDim = options.valueDim;
  if (layer.variant != Variant::Standard)
    layer.signals = options.signals;
  layer.gate = options.gate;
  layer.lse = options.lse;
  layer.dynamic = options.dynamic || options.oneToken;
  layer.oneToken = options.oneToken;
  layer.varlen = options.varlen;
  if (layer.oneToken && layer.varlen)
    return failure(reportError("--one-token is for layers without --varlen"));
  if (options.layout != "bshd" && options.layout != "bhsd")
    return failure(reportError("--layout must be bshd or bhsd, found '" +
                               Twine(options.layout) + "'"));
  layer.headMajor = options.layout == "bhsd";
  if (options.pairLayout != "interleaved" && options.pairLayout != "halves")
    return failure(
        reportError("--pair-layout must be interleaved or halves, found '" +
                    Twine(options.pairLayout) + "'"));
  layer.pairsByHalves =
      options.pairLayout == "halves" && layer.variant != Variant::Standard;
  if (options.layerNumber < 0)
    return failure(reportError("--layer must be at least 0, found " +
                               Twine(options.layerNumber)));
  layer.lambdaInit = options.lambdaInit;
  layer.epsilon = options.epsilon;
  if (failed(readPositive(options.softcap, layer.softcap)) ||
      failed(readPositive(options.scale, layer.scale)))
    return failure();
  int64_t left = -1, right = -1;
  if (options.window.getNumOccurrences() &&
      failed(parseWindow(options.window, left, right)))
    return failure();
  if (options.causal)
    right = 0;
  if (options.causal || options.window.getNumOccurrences())
    layer.window = {left, right};
  return checkSizes(layer);
}

int main(int argc, char **argv) {
  initializeTool();
  forgetLibraryOptions();
  Options options;
  Layer layer;
  if (failed(parseCommandLine(argc, argv, getOverview())) ||
      failed(readOptions(options, layer)))
    return EXIT_FAILURE;

  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      reportError(diagnostic.str());
    return success();
  });
  OwningOpRef<ModuleOp> module = buildLayer(context, layer);
  if (failed(verify(*module)))
    return EXIT_FAILURE;
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, OpPrintingFlags().printNameLocAsPrefix());
  return failed(writeOutput(options.output, text));
}
