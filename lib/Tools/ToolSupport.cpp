//===- ToolSupport.cpp - Common code of the command-line tools ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Tools/ToolSupport.h"
#include "diff/Runtime/OutputFiles.h"
#include "diff/Tools/ModuleInput.h"
#include "diff/Tools/StandardErrorCapture.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Regex.h"
#include "llvm/Support/raw_ostream.h"
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>
#include <unistd.h>

using namespace mlir;
using namespace mlir::diff;

static std::atomic<bool> errorReported{false};

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

int diff::reportError(const Twine &message) {
  if (!errorReported.exchange(true))
    llvm::errs() << "error: " << message << "\n";
  return EXIT_FAILURE;
}

bool diff::hasReportedError() { return errorReported; }

void diff::reportFirstErrorOnly(MLIRContext &context) {
  // Handlers are called in the reverse order of their registration, until one
  // of them handles the diagnostic.
  auto seen = std::make_shared<bool>(false);
  context.getDiagEngine().registerHandler(
      [seen](Diagnostic &diagnostic) -> LogicalResult {
        if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
          return failure();
        bool first = !std::exchange(*seen, true);
        errorReported = true;
        return success(!first);
      });
}

/// Prints collected diagnostics up to the second error. Those after it belong
/// to later errors. Returns true if there is an error.
static bool printFirstError(StringRef text) {
  static llvm::Regex error("^([^\n]*:[0-9]+:[0-9]+: )?error: ",
                           llvm::Regex::Newline);
  SmallVector<StringRef> found;
  bool isError = error.match(text, &found);
  if (isError) {
    errorReported = true;
    StringRef rest = text.substr(found.front().end() - text.begin());
    if (error.match(rest, &found))
      text = text.take_front(found.front().begin() - text.begin());
  }
  llvm::errs() << text;
  return isError;
}

struct FirstErrorScope::State {
  /// Prints what was collected.
  void finishCapture() {
    if (!capture)
      return;
    std::string text = capture->finish();
    capture.reset();
    seen = printFirstError(text);
  }

  std::optional<DiagnosticEngine::HandlerID> handler;
  std::optional<StandardErrorCapture> capture;
  bool seen = false;
};

/// Handlers that are registered later are asked first, and a library registers
/// its own when the context is there. So the handler is registered anew with
/// every dialect that is loaded: the parser loads one before it reports errors
/// in an op of it. The library's handler prints all errors before the first
/// dialect is loaded, so standard error is collected up to there.
class FirstErrorScope::Extension : public DialectExtensionBase {
public:
  explicit Extension(std::shared_ptr<State> state)
      : DialectExtensionBase(/*dialectNames=*/{}), state(std::move(state)) {}

  void apply(MLIRContext *context,
             MutableArrayRef<Dialect *> dialects) const final {
    DiagnosticEngine &engine = context->getDiagEngine();
    state->finishCapture();
    // A context begins with this dialect; the one before it may be gone.
    if (llvm::any_of(dialects, llvm::IsaPred<BuiltinDialect>)) {
      state->handler.reset();
      state->seen = false;
      state->capture.emplace();
      return;
    }
    if (state->handler)
      engine.eraseHandler(*state->handler);
    state->handler =
        engine.registerHandler([state = state](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
            return failure();
          errorReported = true;
          return success(std::exchange(state->seen, true));
        });
  }

  std::unique_ptr<DialectExtensionBase> clone() const final {
    return std::make_unique<Extension>(*this);
  }

private:
  std::shared_ptr<State> state;
};

FirstErrorScope::FirstErrorScope(DialectRegistry &registry)
    : state(std::make_shared<State>()) {
  registry.addExtension(TypeID::get<Extension>(),
                        std::make_unique<Extension>(state));
}

FirstErrorScope::~FirstErrorScope() { state->finishCapture(); }

static void handleFatalError(void *, const char *reason, bool) {
  StandardErrorCapture::abandonAll();
  reportError(reason);
  llvm::errs().flush();
  std::_Exit(EXIT_FAILURE);
}

/// Reports a defect of this project or of a library in one line. Calls only
/// async-signal-safe functions.
static void handleFault(int signal) {
  StandardErrorCapture::abandonAll();
  auto print = [](StringRef text) {
    [[maybe_unused]] ssize_t size =
        ::write(STDERR_FILENO, text.data(), text.size());
  };
  print(errorReported.exchange(true) ? "note: " : "error: ");
  print(isReadingBytecode() ? "the bytecode is damaged: its reader failed ("
                            : "internal fault (");
  print(signal == SIGSEGV  ? "SIGSEGV"
        : signal == SIGBUS ? "SIGBUS"
        : signal == SIGFPE ? "SIGFPE"
        : signal == SIGILL ? "SIGILL"
                           : "SIGABRT");
  print(isReadingBytecode()
            ? ")\n"
            : "); please report it with the command line and the input\n");
  ::_exit(EXIT_FAILURE);
}

static void installFaultHandler() {
  // A stack that overflowed has no room for the handler.
  static char stack[64 * 1024];
  stack_t alternate = {};
  alternate.ss_sp = stack;
  alternate.ss_size = sizeof(stack);
  ::sigaltstack(&alternate, nullptr);
  struct sigaction action = {};
  action.sa_handler = handleFault;
  action.sa_flags = SA_ONSTACK | SA_RESETHAND;
  for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    ::sigaction(signal, &action, nullptr);
}

/// Memory that a library allocates without LLVM's functions.
static void handleOutOfMemory() {
  handleFatalError(nullptr, "out of memory", false);
}

void diff::initializeTool() {
  std::set_new_handler(handleOutOfMemory);
  // Without the message of the C++ library.
  std::set_terminate(std::abort);
  llvm::install_fatal_error_handler(handleFatalError);
  llvm::install_bad_alloc_error_handler(handleFatalError);
  installFaultHandler();
}

//===----------------------------------------------------------------------===//
// The command line
//===----------------------------------------------------------------------===//

/// The newest PTX ISA that the NVPTX backend of this LLVM supports. A kernel
/// requires the lowest version that supports its chip.
static constexpr StringLiteral kNewestPTX = "9.0";

static void printVersion(raw_ostream &os) {
  os << "DiffMLIR " DIFF_VERSION_STRING "\n"
     << "LLVM " LLVM_VERSION_STRING "\n"
     << "PTX ISA up to " << kNewestPTX << "\n";
}

void diff::forgetLibraryOptions() { llvm::cl::ResetCommandLineParser(); }

/// Joins the lines that LLVM's option parser printed.
static std::string getOptionError(StringRef text, StringRef program) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  SmallVector<std::string> parts;
  for (StringRef line : lines) {
    line.consume_front(program);
    line.consume_front(":");
    line = line.split("  Try: ").first.trim();
    line.consume_front("error: ");
    // Suggestions for an option of one letter or group of letters do not help.
    if (line.empty() || line.starts_with("Did you mean '-o") ||
        line.contains("may not occur within a group"))
      continue;
    std::string part = line.rtrim(".!").str();
    if (part.size() > 1 && llvm::isLower(part[1]))
      part.front() = llvm::toLower(part.front());
    parts.push_back(part);
  }
  if (parts.empty())
    return "the command line is wrong";
  return llvm::join(parts, "; ");
}

/// LLVM groups options of one letter, so that -h accepts every unknown option
/// that starts with an h. Returns such an argument, or an empty string.
static StringRef findUnknownBehindHelp(ArrayRef<const char *> arguments) {
  auto &options = llvm::cl::getRegisteredOptions();
  for (StringRef argument : arguments) {
    StringRef name = argument.ltrim('-').split('=').first;
    if (argument == "--")
      break;
    if (argument.starts_with("-") && name.starts_with("h") && name != "h" &&
        !options.contains(name))
      return argument;
  }
  return {};
}

LogicalResult diff::parseCommandLine(int argc, const char *const *argv,
                                     StringRef overview) {
  llvm::cl::SetVersionPrinter(printVersion);
  // The first function that needs --help and similar options declares them.
  // This call hides nothing, because the subcommand is empty.
  llvm::cl::SubCommand none;
  llvm::cl::HideUnrelatedOptions(ArrayRef<const llvm::cl::OptionCategory *>(),
                                 none);
  StringRef unknown = findUnknownBehindHelp(ArrayRef(argv, argc).drop_front());
  if (!unknown.empty())
    return failure(
        reportError("unknown command line argument '" + unknown + "'"));
  // The last occurrence of an option takes effect.
  for (auto &[name, option] : llvm::cl::getRegisteredOptions()) {
    if (option->getNumOccurrencesFlag() == llvm::cl::Optional)
      option->setNumOccurrencesFlag(llvm::cl::ZeroOrMore);
    else if (option->getNumOccurrencesFlag() == llvm::cl::Required)
      option->setNumOccurrencesFlag(llvm::cl::OneOrMore);
  }
  std::string errors;
  llvm::raw_string_ostream stream(errors);
  StandardErrorCapture capture;
  bool parsed =
      llvm::cl::ParseCommandLineOptions(argc, argv, overview, &stream);
  std::string printed = capture.finish();
  if (parsed) {
    llvm::errs() << printed;
    return success();
  }
  reportError(
      getOptionError(printed + errors, llvm::sys::path::filename(argv[0])));
  return failure();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

std::unique_ptr<llvm::MemoryBuffer> diff::readInput(const std::string &path) {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!buffer) {
    reportError("cannot read '" + path + "': " + buffer.getError().message());
    return nullptr;
  }
  return alignInput(std::move(*buffer));
}

LogicalResult diff::writeOutput(const std::string &path, StringRef contents) {
  OutputFiles files;
  std::string error = files.add(path, contents.str());
  if (error.empty())
    error = files.commit();
  if (error.empty())
    return success();
  reportError(error);
  return failure();
}
