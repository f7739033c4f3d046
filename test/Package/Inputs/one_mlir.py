# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that tools and plugins use one MLIR, the shared one, and contain none.

    one_mlir.py FILE|FOLDER...
    one_mlir.py --plant FOLDER FILE|FOLDER...

Checks every ELF executable and shared object among the files (and directly in the
folders) that names MLIR in its symbols:

  needed    the dynamic section names exactly one libMLIR, and the loader finds
            exactly one libMLIR among all loaded libraries
  carried   it defines no symbol of libMLIR or libLLVM: no symbol of its static
            symbol table, exported or hidden, is a strong definition in the
            library. (Weak symbols are inline functions and templates, which every
            user of the headers has. The loader binds the library itself to
            variables with copy relocations, as in executables without -fPIC.)
  visible   it has a static symbol table; a stripped file cannot be checked

The dynamic symbol table does not show an MLIR that was linked statically into an
executable, or hidden in a plugin.

With --plant, also links an executable in FOLDER that uses the shared MLIR and
hides a second copy of MLIR's Support library (StorageUniquer and others), and
requires that this one is found.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

OF_LLVM = re.compile(r"\d(mlir|llvm)")
# The plain C++ of the project is also in mlir::diff, in tools without MLIR.
OF_MLIR = re.compile(r"4mlir(?!4diff)")


def output(*command: object) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout


def tool(name: str) -> str:
    path = shutil.which(f"llvm-{name}") or shutil.which(name)
    return path or sys.exit(f"error: neither llvm-{name} nor {name} is in PATH")


def symbols(path: Path, *options: str) -> list[tuple[str, str]]:
    """Returns the name and nm's letter of each symbol."""
    lines = output(tool("nm"), "--format=posix", *options, path).splitlines()
    return [(fields[0], fields[1]) for line in lines if len(fields := line.split()) > 1]


def needed(path: Path) -> list[str]:
    return re.findall(r"\(NEEDED\).*\[(.*)\]", output(tool("readelf"), "-d", path))


def copied(path: Path) -> set[str]:
    """Returns variables of a library that live in the executable."""
    return set(re.findall(r"_COPY\s.*?(_Z\w+)", output(tool("readelf"), "-rW", path)))


def loaded(path: Path) -> dict[str, Path]:
    """Returns all libraries that the loader would load: name and file."""
    return {name: Path(file) for name, file in
            re.findall(r"(\S+) => (/\S+)", output("ldd", path))}  # fmt: skip


class Checker:
    def __init__(self):
        self.strong: dict[Path, set[str]] = {}

    def definitions(self, library: Path) -> set[str]:
        """Returns the strong definitions that a library exports."""
        if library not in self.strong:
            self.strong[library] = {
                name for name, letter in symbols(library, "-D", "--defined-only")
                if letter in "TDBR" and OF_LLVM.search(name)
            }  # fmt: skip
        return self.strong[library]

    def check(self, path: Path) -> list[str] | None:
        """Returns the errors of a file, or None if it does not use MLIR."""
        direct = [name for name in needed(path) if name.startswith("libMLIR")]
        static = symbols(path)
        if not direct and not any(OF_MLIR.search(name) for name, _ in static):
            return None
        if not static:
            return ["visible: has no static symbol table, so that nothing is known of it"]
        failures = []
        if len(direct) != 1:
            failures.append(f"needed: names {direct or 'no libMLIR'}, not one libMLIR")
        libraries = loaded(path)
        found = [name for name in libraries if name.startswith("libMLIR")]
        if len(found) != 1:
            failures.append(f"needed: the loader finds {found}, not one libMLIR")
        own = {name for name, letter in static if letter in "TtDdBbRr"} - copied(path)
        for name, library in libraries.items():
            if not name.startswith(("libMLIR", "libLLVM")):
                continue
            carried = sorted(own & self.definitions(library))
            if carried:
                failures.append(f"carried: defines {len(carried)} symbols of {name}: "
                                f"{', '.join(carried[:3])}")  # fmt: skip
        return failures


def elf_files(arguments: list[str]) -> list[Path]:
    files = []
    for argument in map(Path, arguments):
        entries = sorted(argument.iterdir()) if argument.is_dir() else [argument]
        for path in entries:
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    if file.read(4) == b"\x7fELF":
                        files.append(path)
    return files


def plant(folder: Path, example: Path) -> Path | None:
    """Links an executable with a second MLIR next to the library of `example`."""
    shared = next(file for name, file in loaded(example).items() if name.startswith("libMLIR"))
    archive = shared.resolve().parent / "libMLIRSupport.a"
    if not archive.exists():
        return None
    folder.mkdir(parents=True, exist_ok=True)
    source, planted = folder / "planted.cpp", folder / "planted"
    source.write_text("namespace mlir { void registerAllPasses(); }\n"
                      "int main() { mlir::registerAllPasses(); }\n")  # fmt: skip
    libraries = [file for name, file in loaded(example).items() if name.startswith("libLLVM")]
    output("c++", source, "-o", planted, f"-Wl,-rpath,{shared.parent}", "-Wl,--whole-archive",
           archive, "-Wl,--no-whole-archive,--exclude-libs,ALL", shared, *libraries)  # fmt: skip
    return planted


def main(arguments: list[str]) -> int:
    folder = None
    if arguments[:1] == ["--plant"]:
        folder, arguments = Path(arguments[1]), arguments[2:]
    checker, users, status = Checker(), [], 0
    for path in elf_files(arguments):
        failures = checker.check(path)
        if failures is None:
            print(f"{path.name}: does not use MLIR")
            continue
        users.append(path)
        print(f"{path.name}: {'uses the shared MLIR' if not failures else 'FAILED'}")
        for failure in failures:
            print(f"  {failure}")
            status = 1
    if not users:
        print("no file uses MLIR: nothing was checked")
        return 1
    if folder:
        planted = plant(folder, users[0])
        if not planted:
            print("planted: not done, MLIR's static libraries are not installed")
        elif any(failure.startswith("carried") for failure in checker.check(planted)):
            print("planted: a second MLIR was found")
        else:
            print("planted: FAILED: a second MLIR was not found")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
