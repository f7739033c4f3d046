# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""host_symbols.py BUILD [--full] [--chips all|NAME,…]: compiles layers of the case
table to objects and prints what they need beyond the C library and OpenMP.

Objects for this machine are of several layers. Code of bf16 must not have many more
instructions than code of f16. Objects for all CPUs of the table, or for the named ones,
are of one layer, or of several with --full."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "Integration"))
sys.dont_write_bytecode = True
from difftest import cases  # noqa: E402

ALLOWED = {"malloc", "free", "aligned_alloc", "posix_memalign", "memcpy", "memset", "memmove",
           "abort", "exit", "fprintf", "fputs", "puts", "write", "stderr", "fwrite", "syscall",
           "_GLOBAL_OFFSET_TABLE_"}  # fmt: skip
#: What else the C library of macOS has, in place of memset and stderr.
ALLOWED_ON_MACOS = {"bzero", "memset_pattern16", "__stderrp"}
#: Cases that need scalar loops or masked accesses: masks, tails, dimensions that
#: no vector divides, sequences.
SAMPLE = ["v2/tail-31-37", "v1/all-gqa", "standard/values-20", "v2/varlen-window"]
#: The cases for each CPU of the table.
CHIP_SAMPLE = ["standard/values-20"]
CHIP_SAMPLE_FULL = [*SAMPLE, "v2/window-empty-rows", "v2/dim-17"]
#: The limit of instructions in bf16 code relative to f16 code. A conversion to
#: bf16 takes a few instructions, and code for AMX has a second form without it.
RATIO = 2.5


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def list_chips(tools):
    """The triples of all CPUs by name, but for this machine."""
    table = run(tools / "diff-opt", "--list-chips").split("\n\n")[0]
    return {line.split()[0]: line.split()[1] for line in table.splitlines()[2:]}


def compile_layer(options, case, kind, chip, folder):
    """Compiles a case to an object file."""
    tools = options.build / "bin"
    source, obj = folder / f"{kind}.mlir", folder / f"{kind}.o"
    run(tools / "diff-gen", *case.generator_options(kind), "-o", source)
    run(tools / "diff-opt", source, f"--diff-compile=chip={chip}", "--emit=object", "-o", obj)
    return obj


def undefined_symbols(obj, is_macos):
    names = [line.split()[-1] for line in run("llvm-nm", "-u", obj).splitlines()]
    if is_macos:
        # Mach-O puts an underscore before the names of C.
        names = [name[1:] for name in names]
    allowed = ALLOWED | (ALLOWED_ON_MACOS if is_macos else set())
    return [name for name in names
            if name not in allowed and not name.startswith(("__kmpc_", "omp_"))]  # fmt: skip


def count_instructions(obj):
    text = run("llvm-objdump", "-d", "--no-show-raw-insn", obj)
    return sum(line.startswith(" ") for line in text.splitlines())


def check(options, case, kinds, chip, is_macos):
    """Compiles a case in the types and returns the number of wrong objects."""
    wrong, counts = 0, {}
    name = f"{case.variant}/{case.name} for {chip}"
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            obj = compile_layer(options, case, kind, chip, Path(folder))
            counts[kind] = count_instructions(obj)
            symbols = undefined_symbols(obj, is_macos)
            if symbols:
                print(f"{name} in {kind}: needs {' '.join(symbols)}")
                wrong += 1
    if counts["bf16"] > RATIO * counts["f16"]:
        print(f"{name}: {counts['bf16']} instructions in bf16, {counts['f16']} in f16")
        wrong += 1
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--chips")
    options = parser.parse_args()
    by_name = {f"{case.variant}/{case.name}": case for case in cases.CASES}
    if options.chips:
        triples = list_chips(options.build / "bin")
        chips = list(triples) if options.chips == "all" else options.chips.split(",")
        names = CHIP_SAMPLE_FULL if options.full else CHIP_SAMPLE
    else:
        triples, chips = {}, ["host"]
        names = list(by_name) if options.full else SAMPLE
    kinds = cases.ELEMENT_TYPES if options.full else ("f16", "bf16")
    wrong = 0
    for name in names:
        for chip in chips:
            wrong += check(options, by_name[name], kinds, chip, "apple" in triples.get(chip, ""))
    print(f"{len(names) * len(chips) * len(kinds)} objects, {wrong} wrong")
    sys.exit(wrong != 0)


main()
