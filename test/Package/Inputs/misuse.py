# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Misuses of the project's CMake files and package: misuse.py ROOT PREFIX FOLDER"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT, PREFIX, FOLDER = sys.argv[1:4]
#: The compilers work; checking this takes most of the time.
FAST = ["-DCMAKE_C_COMPILER_WORKS=1", "-DCMAKE_CXX_COMPILER_WORKS=1"]
FOUND = [f"-DCMAKE_PREFIX_PATH={PREFIX}"]
BOTH = "project(consumer LANGUAGES C CXX)\n"
FIND = BOTH + "find_package(DiffMLIR REQUIRED CONFIG)\n"
PROGRAM = "add_executable(program program.cpp)\n"

#: Options of the project, and a part of the error.
PROJECT = (
    (["-DMLIR_DIR=/nowhere"], "MLIR_DIR is '/nowhere', which has no MLIRConfig.cmake"),
    (["-DLLVM_DIR=/nowhere"], "LLVM_DIR is '/nowhere', which has no LLVMConfig.cmake"),
    (["-DLLD_DIR=/nowhere"], "LLD_DIR is '/nowhere', which has no LLDConfig.cmake"),
    (["-DDIFF_PYTHON=/nowhere"], "DIFF_PYTHON is '/nowhere', which is no program"),
    (["-DDIFF_PYTHON=/usr"], "DIFF_PYTHON is '/usr', which is no program"),
    (["-DDIFF_PTXAS=/nowhere"], "DIFF_PTXAS is '/nowhere', which is no program"),
    (["-DDIFF_LIT=/nowhere"], "DIFF_LIT is '/nowhere', which is no program"),
    (["-DDIFF_UNITY_BATCH=many"], "DIFF_UNITY_BATCH is 'many'; a number is legal"),
    (["-DDIFF_UNITY_BATCH=-1"], "DIFF_UNITY_BATCH is '-1'; a number is legal"),
    (["-DCMAKE_BUILD_TYPE=Fast"], "CMAKE_BUILD_TYPE is 'Fast'; Debug, Release, RelWithDebInfo"),
    (["-DCMAKE_CXX_STANDARD=14"], "CMAKE_CXX_STANDARD is 14; MLIR needs 17"),
    (["-DCMAKE_CXX_STANDARD=98"], "CMAKE_CXX_STANDARD is 98; MLIR needs 17"),
    (["-DPTXSIM_MARCH=none"], "PTXSIM_MARCH is 'none', which the compiler does not know"),
    (["-DCMAKE_CXX_COMPILER=/nowhere"], "/nowhere is not a full path to an existing compiler"),
    (["--preset", "fast"], "No such preset"),
)
#: The files of a program that uses the package, options, and a part of the error.
CONSUMERS = (
    (BOTH + "find_package(DiffMLIR 9.9 REQUIRED CONFIG)\n", FOUND, 'requested version "9.9"'),
    (BOTH + "find_package(DiffMLIR 0.2 REQUIRED CONFIG)\n", FOUND, "version: 0.1.0"),
    (BOTH + "find_package(DiffMLIR 0.0.9 EXACT REQUIRED CONFIG)\n", FOUND, "version: 0.1.0"),
    (BOTH + "find_package(DiffMLIR REQUIRED CONFIG COMPONENTS Runtime)\n", FOUND,
     "it has no components, found Runtime. Link DiffMLIR::All"),
    (BOTH + "find_package(diffmlir REQUIRED CONFIG)\n", FOUND, "diffmlirConfig.cmake"),
    (FIND, [], "Add the installation prefix of \"DiffMLIR\" to CMAKE_PREFIX_PATH"),
    (FIND, ["-DDiffMLIR_DIR=/nowhere"], "Could not find a package configuration file"),
    (FIND, [*FOUND, "-DMLIR_DIR=/nowhere"], "MLIR_DIR is '/nowhere', which has no MLIRConfig.cmake"),
    ("project(consumer LANGUAGES C)\nfind_package(DiffMLIR REQUIRED CONFIG)\n", FOUND,
     "project() does not enable the language CXX"),
    ("project(consumer LANGUAGES NONE)\nfind_package(DiffMLIR REQUIRED CONFIG)\n", FOUND,
     "project() does not enable the language CXX"),
    (FIND + PROGRAM + "target_link_libraries(program DiffMLIR::Al)\n", FOUND, "DiffMLIR::Al but the target was not found"),
    (FIND + PROGRAM + "target_link_libraries(program DiffMLIR::DiffLaunch DiffMLIR::MLIRDiff)\n", FOUND,
     "DiffMLIR::MLIRDiff but the target was not found"),
    (BOTH + PROGRAM + "target_link_libraries(program DiffMLIR::All)\n", FOUND, "DiffMLIR::All but the target was not found"),
    (FIND + "add_library(DiffMLIR::All INTERFACE IMPORTED)\n", FOUND, 'because another target with the same name already exists'),
    (FIND + "add_custom_target(run COMMAND DiffMLIR::diff-opt --version)\nadd_dependencies(run DiffMLIR::diff-optimizer)\n",
     FOUND, '"DiffMLIR::diff-optimizer"'),
)  # fmt: skip


def configure(number: int, source: str, options: list[str]) -> str:
    """The words that CMake writes, or nothing if it succeeds."""
    build = os.path.join(FOLDER, f"build-{number}")
    done = subprocess.run(["cmake", "-G", "Ninja", "-S", source, "-B", build, *FAST, *options],
                          capture_output=True, text=True)  # fmt: skip
    shutil.rmtree(build, ignore_errors=True)
    return " ".join((done.stderr + done.stdout).split()) if done.returncode else ""


def try_project(number: int, case: tuple) -> str | None:
    options, part = case
    text = configure(number, ROOT, options)
    return None if part in text else f"{options}: {text[:400] or 'no error'}"


def try_consumer(number: int, case: tuple) -> str | None:
    content, options, part = case
    source = Path(FOLDER) / f"consumer-{number}"
    source.mkdir()
    (source / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\n" + content)
    (source / "program.cpp").write_text("int main() {}\n")
    text = configure(number, str(source), options)
    return None if part in text else f"{content!r} {options}: {text[:400] or 'no error'}"


tasks = [(try_project, case) for case in PROJECT] + [(try_consumer, case) for case in CONSUMERS]
with ThreadPoolExecutor(2) as pool:
    results = list(pool.map(lambda item: item[1][0](item[0], item[1][1]), enumerate(tasks)))
unexpected = [result for result in results if result]
print(*unexpected, sep="\n", end="\n" if unexpected else "")
print(f"{len(results)} misuses, {len(unexpected)} unexpected")
