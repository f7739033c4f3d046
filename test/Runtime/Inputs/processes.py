# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""processes.py CHECK BUILD FOLDER: many processes that use one cache at once. Each is
`cache-check use`, which compiles a module, calls it and checks the result.

crowd   N processes start on an empty cache, and ask for the same and for different
        modules: each module is compiled once, and at most one per core at a time
kill    processes are killed at random moments: the cache still works
damage  entries are truncated, changed and replaced at random moments
disk    the disk is full"""

import argparse
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

MODULE = (Path(__file__).parent / "scale.mlir").read_text()


class Bench:
    def __init__(self, options):
        self.options = options
        self.folder = options.folder
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.cache = self.folder / "cache"
        self.log = self.folder / "log"
        self.compiler = self.folder / "compiler"
        # Records when compilations run.
        self.compiler.write_text(
            "#!/bin/sh\n"
            f'echo "begin $$ $(date +%s%N)" >> {self.log}\n'
            f'{options.build}/bin/diff-opt "$@"\n'
            "status=$?\n"
            f'echo "end $$ $(date +%s%N)" >> {self.log}\n'
            "exit $status\n")  # fmt: skip
        self.compiler.chmod(0o755)
        self.environment = dict(os.environ, DIFF_CACHE_DIR=str(self.cache),
                                DIFF_COMPILER=str(self.compiler), OMP_NUM_THREADS="1",
                                TMPDIR=str(self.folder))  # fmt: skip
        self.environment.pop("DIFF_CACHE_SIZE", None)
        for scale in range(2, 2 + options.modules):
            self.module(scale).write_text(MODULE.replace("dense<2.0>", f"dense<{scale}.0>"))

    def module(self, scale):
        return self.folder / f"scale{scale}.mlir"

    def start(self, scale, seconds=0, command="use", **arguments):
        words = [str(scale), str(seconds)] if command == "use" else [str(seconds)]
        command = [self.options.build / "unittests/cache-check", command, self.module(scale), *words]
        return subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True, **arguments)

    def use(self, scale, **arguments):
        process = self.start(scale, **arguments)
        text = process.communicate()[0].strip()
        expect(process.returncode == 0, f"exit status {process.returncode}: {text}")
        return text

    def use_all(self):
        return [self.use(scale) for scale in range(2, 2 + self.options.modules)]

    def reset(self):
        shutil.rmtree(self.cache, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def compilations(self):
        """Returns the number of compilations, and the most at a time."""
        events = []
        if self.log.exists():
            for line in self.log.read_text().splitlines():
                kind, _, moment = line.split()
                events.append((int(moment), 1 if kind == "begin" else -1))
        running = most = 0
        for _, change in sorted(events):
            running += change
            most = max(most, running)
        return sum(change > 0 for _, change in events), most

    def check_folder(self):
        """Only whole entries and the lock are in the folder, and nothing beside it."""
        names = sorted(path.name for path in self.cache.iterdir())
        wrong = [name for name in names if name != "lock" and not name.endswith(".entry")]
        expect(not wrong, f"left behind: {wrong}")
        expect(len(names) <= self.options.modules + 1, f"{len(names)} files")
        beside = [path.name for path in self.folder.iterdir()
                  if path.name not in ("cache", "log", "compiler") and path.suffix != ".mlir"]  # fmt: skip
        expect(not beside, f"left behind: {beside}")


def expect(condition, message):
    if not condition:
        sys.exit(f"wrong: {message}")


def crowd(bench):
    modules, count = bench.options.modules, bench.options.count
    for each in (1, modules):
        bench.reset()
        processes = [bench.start(2 + i % each) for i in range(count)]
        texts = [process.communicate()[0] for process in processes]
        for process, text in zip(processes, texts):
            expect(process.returncode == 0, text)
        compiled, most = bench.compilations()
        expect(compiled == each, f"{compiled} compilations of {each} modules")
        expect(most <= len(os.sched_getaffinity(0)), f"{most} compilations at a time")
        expect(sum("from compiler" in text for text in texts) == each, texts)
        bench.check_folder()
    expect(all("from disk, 0 damaged" in text for text in bench.use_all()), "not all from disk")
    expect(bench.compilations()[0] == modules, "compiled again")


def kill(bench):
    rounds = killed = 0
    end = time.monotonic() + bench.options.seconds
    while time.monotonic() < end:
        bench.reset() if rounds % 4 == 0 else None
        processes = [bench.start(2 + i % bench.options.modules, seconds=100) for i in range(6)]
        for process in processes:
            time.sleep(random.uniform(0, 0.12))
            process.send_signal(signal.SIGKILL)
        for process in processes:
            text = process.communicate()[0]
            expect(process.returncode == -signal.SIGKILL, f"{process.returncode} {text}")
            killed += 1
        rounds += 1
    texts = bench.use_all()
    expect(all("0 damaged" in text for text in texts), texts)
    bench.check_folder()
    expect(killed >= 6, killed)


def damage_one(path):
    choice = random.randrange(5)
    data = path.read_bytes()
    if choice == 0:
        os.truncate(path, random.randrange(len(data)))
    elif choice == 1:
        position = random.randrange(len(data))
        with open(path, "r+b") as file:
            file.seek(position)
            file.write(bytes([data[position] ^ random.randrange(1, 256)]))
    elif choice == 2:
        path.write_bytes(data + b"x")
    elif choice == 3:
        path.write_bytes(b"")
    else:
        path.write_bytes(random.randbytes(len(data)))


def damage(bench):
    bench.use_all()
    # One by one: a damaged entry is compiled again.
    for _ in range(5):
        path = random.choice(list(bench.cache.glob("*.entry")))
        damage_one(path)
        texts = bench.use_all()
        expect(sum("from compiler, 1 damaged" in text for text in texts) == 1, texts)
        expect(sum("from disk, 0 damaged" in text for text in texts) == len(texts) - 1, texts)
    # While processes read them.
    processes = [bench.start(2 + i % bench.options.modules, seconds=bench.options.seconds) for i in range(4)]
    while any(process.poll() is None for process in processes):
        for path in bench.cache.glob("*.entry"):
            try:
                damage_one(path)
            except (FileNotFoundError, ValueError):
                pass
        time.sleep(random.uniform(0, 0.05))
    for process in processes:
        text = process.communicate()[0]
        expect(process.returncode == 0, f"{process.returncode} {text}")
    bench.use_all()
    bench.check_folder()
    # Names that belong to something else are left alone.
    path = next(bench.cache.glob("*.entry"))
    path.unlink()
    path.mkdir()
    texts = bench.use_all()
    expect(sum("from compiler, 0 damaged" in text for text in texts) == 1, texts)
    expect(stat.S_ISDIR(path.stat().st_mode), "the folder is gone")


def disk(bench):
    # Files of at most 1 KB: nothing can be kept, and the code cannot be loaded from a
    # file. Nothing is left behind.
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    bench.compiler.write_text(f'#!/bin/sh\nulimit -f unlimited\nexec {bench.options.build}/bin/diff-opt "$@"\n')
    process = bench.start(2, preexec_fn=limit)
    text = process.communicate()[0]
    expect(process.returncode == 1 and text.startswith("error: ") and text.count("\n") == 1, text)
    # Code for a GPU is not loaded here.
    process = bench.start(2, "sm_80", command="get", preexec_fn=limit)
    text = process.communicate()[0]
    expect(process.returncode == 0 and "from compiler" in text, text)
    bench.check_folder()
    # A small file system, if this user may mount one.
    bench.reset()
    bench.cache.mkdir()
    check = f"{bench.options.build}/unittests/cache-check use {bench.module(2)} 2"
    command = f"mount -t tmpfs -o size=4k tmpfs {bench.cache} && {check} && {check} && ls {bench.cache}"
    outer = ["unshare", "-m"] + ([] if os.geteuid() == 0 else ["-Ur"])
    if subprocess.run([*outer, "true"], capture_output=True).returncode:
        print("no mount")
        return
    done = subprocess.run([*outer, "sh", "-c", command], env=bench.environment, capture_output=True, text=True)
    if "mount:" in done.stderr:
        print("no mount")
        return
    expect(done.returncode == 0 and done.stdout.count("from compiler, 0 damaged") == 2, done.stdout + done.stderr)
    expect(done.stdout.splitlines()[2:] == ["lock"], done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("check", choices=("crowd", "kill", "damage", "disk"))
    parser.add_argument("build", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100, help="processes of crowd")
    parser.add_argument("--modules", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    options.folder = options.folder.absolute()
    random.seed(options.seed)
    print(f"seed {options.seed}")
    globals()[options.check](Bench(options))
    print("ok")


main()
