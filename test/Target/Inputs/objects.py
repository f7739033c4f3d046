# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""objects.py BUILD FOLDER --chips NAME,… [--cc CC] [--emulator COMMAND]
[--runtime sources|diffrt|omp] [--cases NAME,…] [--types TYPE,…]: compiles rows of the
case table to objects for CPUs, links them into a C program, runs it, and compares the
results with float64. The program contains the parallel runtime, or links it; with
--runtime jit, diff-run compiles and runs instead. Without chips, it runs one
CPU of the table for each kind of vectors, of those whose code runs on this machine, or all
of these with --all-chips."""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "test/Integration"))
sys.dont_write_bytecode = True
from difftest import arrays, cases, runner  # noqa: E402

#: Masks, tails, sequences, every variant, and rows that see no key.
SAMPLE = ["v2/tail-31-37", "v2/window-empty-rows", "v2/varlen-window", "v1/all-gqa",
          "standard/values-20"]  # fmt: skip
SEED = 7


def call(*command, **options):
    command = [str(word) for word in command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    if done.returncode:
        raise runner.ToolError(f"{shlex.join(command)}\nexit status {done.returncode}\n{done.stderr}")
    return done.stdout


def list_own_chips(build):
    """The CPUs of the table whose code runs on this machine, with their vectors, and the
    messages of the other ones."""
    own, other = {}, []
    for line in call(build / "bin/diff-opt", "--list-chips").split("\n\n")[0].splitlines()[1:]:
        chip, _, registers, _, size = line.split()[:5]
        done = subprocess.run([build / "bin/diff-run", "--target=cpu", f"--chip={chip}"],
                              input="module {}", capture_output=True, text=True)  # fmt: skip
        message = done.stderr.splitlines()[-1] if done.stderr else ""
        if "does not run on this machine" in message:
            other.append(message)
        else:
            own[chip] = registers, size
    return own, other


@dataclass(frozen=True)
class ObjectTools(runner.Tools):
    """Runs layers from object files."""

    folder: Path = Path()
    cc: tuple = ("cc",)
    emulator: tuple = ()
    libraries: tuple = ()
    element: str = "f32"

    def prepare(self, runtime):
        """Compiles what all programs have in common."""
        units = {"call": Path(__file__).parent / "call.c"}
        if runtime == "sources":
            units |= {path.stem: path for path in (ROOT / "lib/Runtime/Parallel").glob("*.c")}
        for name, source in units.items():
            call(*self.cc, "-O1", "-Wall", "-Wextra", "-Werror", f"-I{ROOT}/include", "-c", source,
                 "-o", self.folder / f"{name}.o")  # fmt: skip

    def run(self, ir, inputs, case, route, threads=None, options=()):
        with tempfile.TemporaryDirectory(prefix="objects-", dir=self.folder) as folder:
            folder = Path(folder)
            (folder / "layer.mlir").write_text(ir)
            self.call(["diff-opt", folder / "layer.mlir", f"--diff-compile=chip={self.host}",
                       "--emit=object", "-o", folder / "layer.o"])  # fmt: skip
            # Only what is named here is linked, and nothing may be missing.
            call(*self.cc, folder / "layer.o", *sorted(self.folder.glob("*.o")), *self.libraries,
                 "-pthread", "-Wl,-z,defs", "-o", folder / "program")  # fmt: skip
            words = []
            for name, array in inputs.items():
                (folder / name).write_bytes(np.ascontiguousarray(array).tobytes())
                words += ["in", folder / name, array.itemsize, "x".join(map(str, array.shape))]
            types = {}
            for name, shape, kind in case.results():
                types[name] = arrays.DTYPES[arrays.type_of(kind, self.element)], shape
                words += ["out", folder / name, types[name][0].itemsize, "x".join(map(str, shape))]
            call(*self.emulator, folder / "program", *words)
            return {name: np.fromfile(folder / name, dtype).reshape(shape)
                    for name, (dtype, shape) in types.items()}  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chips", default="")
    parser.add_argument("--all-chips", action="store_true")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--emulator", default="")
    parser.add_argument("--runtime", choices=("sources", "diffrt", "omp", "jit"), default="sources")
    parser.add_argument("--cases", default=",".join(SAMPLE))
    parser.add_argument("--types", default=",".join(cases.ELEMENT_TYPES))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    chips = options.chips.split(",") if options.chips else []
    if not chips:
        own, other = list_own_chips(options.build)
        print("\n".join(other))
        chips = list(own)
        if not options.all_chips:
            # The first one of each kind.
            chips = list({vectors: chip for chip, vectors in reversed(own.items())}.values())
    by_name = {f"{case.variant}/{case.name}": case for case in cases.CASES}
    llvm = Path(shutil.which("llvm-nm")).resolve().parent.parent
    where = {"diffrt": options.build / "lib", "omp": llvm / "lib"}.get(options.runtime)
    libraries = (f"-L{where}", f"-l{options.runtime}", f"-Wl,-rpath,{where}") if where else ()
    failures = rows = 0
    for chip in chips:
        for name in options.cases.split(","):
            for kind in options.types.split(","):
                row = cases.Row(by_name[name], kind, "cpu")
                tools = ObjectTools(options.build.resolve(), host=chip, folder=options.folder,
                                    cc=tuple(shlex.split(options.cc)),
                                    emulator=tuple(shlex.split(options.emulator)),
                                    libraries=libraries, element=kind)  # fmt: skip
                if options.runtime == "jit":
                    tools = runner.Tools(options.build.resolve(), host=chip)
                elif rows == 0:
                    tools.prepare(options.runtime)
                rows += 1
                result = runner.run_row(tools, row, SEED)
                for failure in result.failures:
                    print(f"{name} {kind} for {chip}: {failure}")
                failures += bool(result.failures)
    print(f"{rows} rows for {', '.join(chips)}: {failures} failed")
    sys.exit(failures != 0 or rows == 0)


main()
