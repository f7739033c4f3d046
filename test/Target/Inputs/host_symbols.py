# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""host_symbols.py BUILD [--full] [--cpu TRIPLE:CPU[:FEATURES]]…: compiles layers of
the case table to objects and prints what they need beyond the C library and OpenMP.

Objects for this machine are written by diff-opt in every type, and those of bf16
must not have many more instructions than those of f16. Objects for other machines
are bf16; opt and llc make them of diff-opt's LLVM IR."""

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
#: Cases that need scalar loops or masked accesses: masks, tails, dimensions that
#: no vector divides, sequences.
SAMPLE = ["v2/tail-31-37", "v1/all-gqa", "standard/values-20", "v2/varlen-window"]
#: The cases for each of the other machines.
OTHER_SAMPLE = ["v2/dim-17", "v2/window-empty-rows"]
#: The limit of instructions in bf16 code relative to f16 code. A conversion to
#: bf16 takes a few instructions.
RATIO = 1.3


def run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def compile_layer(options, case, kind, cpu, folder):
    """Compiles a case to an object file for a cpu, or for this machine if it is ''."""
    tools = options.build / "bin"
    source, obj = folder / f"{kind}.mlir", folder / f"{kind}.o"
    run(tools / "diff-gen", *case.generator_options(kind), "-o", source)
    emit = [tools / "diff-opt", source, "--diff-compile=chip=host"]
    if not cpu:
        run(*emit, "--emit=object", "-o", obj)
        return obj
    triple, name, features = (cpu + "::").split(":")[:3]
    target = [f"-mtriple={triple}", f"-mcpu={name}", f"-mattr={features}"]
    run(*emit, "--emit=llvm", "-o", folder / "layer.ll")
    run("opt", "-O3", *target, folder / "layer.ll", "-o", folder / "layer.bc")
    run("llc", "-O3", "-filetype=obj", "-relocation-model=pic", *target, folder / "layer.bc", "-o", obj)
    return obj


def undefined_symbols(obj):
    names = [line.split()[-1] for line in run("llvm-nm", "-u", obj).splitlines()]
    return [name for name in names
            if name not in ALLOWED and not name.startswith(("__kmpc_", "omp_"))]  # fmt: skip


def count_instructions(obj):
    text = run("llvm-objdump", "-d", "--no-show-raw-insn", obj)
    return sum(line.startswith(" ") for line in text.splitlines())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--cpu", action="append", default=[])
    options = parser.parse_args()
    by_name = {f"{case.variant}/{case.name}": case for case in cases.CASES}
    names = list(by_name) if options.full else OTHER_SAMPLE if options.cpu else SAMPLE
    wrong = objects = 0
    for name in names:
        for cpu in options.cpu or [""]:
            with tempfile.TemporaryDirectory() as folder:
                counts = {}
                kinds = ("bf16",) if cpu else cases.ELEMENT_TYPES if options.full else ("f16", "bf16")
                for kind in kinds:
                    obj = compile_layer(options, by_name[name], kind, cpu, Path(folder))
                    counts[kind] = count_instructions(obj)
                    symbols = undefined_symbols(obj)
                    if symbols:
                        print(f"{name} {kind} {cpu}: needs {' '.join(symbols)}")
                        wrong += 1
                    objects += 1
                if not cpu and counts["bf16"] > RATIO * counts["f16"]:
                    print(f"{name} {cpu}: {counts['bf16']} instructions in bf16, {counts['f16']} in f16")
                    wrong += 1
    print(f"{objects} objects, {wrong} wrong")
    sys.exit(wrong != 0)


main()
