"""Runs the cases of one suite side by side, each in a process of its own, once or many times; what ./run of a suite is.

A suite is a folder: every folder in it with cases.py or …_cases.py has cases. A case gets a Lab, or what the suite has
made of it. What a failed case leaves is kept in build/test-logs/SUITE/CASE/.
"""
import argparse
import dataclasses
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

from . import network
from .case import CASES
from .results import MARK, Results, table

LOGS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "build", "test-logs")
SHOWN = 30  # lines of a failed case's output
GRACE = 30  # seconds that a case has to tidy up once it was ended


@dataclasses.dataclass
class Suite:
    program: str  # the suite's run: its folder is the suite
    make: callable  # what a case works in

    @property
    def folder(self):
        return os.path.dirname(os.path.abspath(self.program))

    def load(self):
        """Cases register themselves when their file is imported."""
        for name in sorted(os.listdir(self.folder)):
            directory = os.path.join(self.folder, name)
            for file in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
                if file == "cases.py" or file.endswith("_cases.py"):
                    spec = importlib.util.spec_from_file_location(f"{name}.{file[:-3]}", os.path.join(directory, file))
                    spec.loader.exec_module(importlib.util.module_from_spec(spec))

    def log_directory(self, case):
        return os.path.normpath(os.path.join(LOGS, os.path.basename(self.folder), re.sub(r"[^\w,.=-]+", "_", case)))


def _no_special_files(directory, names):
    paths = {name: os.path.join(directory, name) for name in names}
    return [name for name, path in paths.items() if not (os.path.isfile(path) or os.path.isdir(path))]


def run_one(suite, name, keep):
    """Runs one case in this process: the exit code. Its last line says what it noted."""
    chosen = next(c for c in CASES if c.name == name)

    def ended(number, _frame):
        raise SystemExit(f"ended by signal {number}")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, ended)
    failed = False
    lab = suite.make()
    try:
        with lab:
            try:
                chosen.function(lab, **chosen.parameters)
            except BaseException:  # a signal, too, must leave its trace in the log
                failed = True
                traceback.print_exc()
                lab.explain()
    finally:
        if failed or keep:
            shutil.rmtree(suite.log_directory(name), ignore_errors=True)
            shutil.copytree(lab.directory, suite.log_directory(name), ignore=_no_special_files)
        lab.remove_directory()
    print(MARK + json.dumps(lab.notes), flush=True)
    return 1 if failed else 0


class Running:
    """A case in a process of its own."""

    def __init__(self, suite, chosen, number, keep):
        self.suite, self.case, self.number = suite, chosen, number
        self.started = time.monotonic()
        self.child = subprocess.Popen(
            [sys.executable, os.path.abspath(suite.program), "--one", chosen.name, *(["-k"] if keep else [])],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True)
        self.late = False

    def ended(self):
        """Whether it has; ends it when its time is up."""
        age = time.monotonic() - self.started
        if age > self.case.seconds and not self.late:
            self.late = True
            self.child.terminate()
        if age > self.case.seconds + GRACE:
            self.child.kill()
        return self.child.poll() is not None

    def finish(self):
        """Tells what came out, and returns it as a record of Results."""
        output, seconds = self.child.communicate()[0], time.monotonic() - self.started
        lines = output.splitlines()
        noted = next((line for line in reversed(lines) if line.startswith(MARK)), MARK + "{}")
        good = self.child.returncode == 0 and not self.late
        print(f"{'ok    ' if good else 'FAILED'} {self.case.name} ({seconds:.1f} s)", flush=True)
        told = [line for line in lines if not line.startswith(MARK)][-SHOWN:]
        if self.late:
            told.insert(0, f"not done within {self.case.seconds} s")
        if not good:
            kept = os.path.relpath(self.suite.log_directory(self.case.name))
            print("".join(f"    {line}\n" for line in told) + f"    kept: {kept}", flush=True)
        return {"case": self.case.name, "run": self.number, "ok": good, "seconds": round(seconds, 2),
                "failure": None if good else "\n".join(told), **json.loads(noted[len(MARK):])}


def run_all(suite, work, jobs, keep, results):
    """work: (case, number of the repetition)."""
    waiting, running = list(work), []
    try:
        while waiting or running:
            # Two repetitions of one case would keep their logs in one place.
            for one in list(waiting):
                if len(running) < jobs and one[0].name not in {r.case.name for r in running}:
                    waiting.remove(one)
                    running.append(Running(suite, *one, keep))
            time.sleep(0.05)
            for one in [r for r in running if r.ended()]:
                running.remove(one)
                results.add(one.finish())
    finally:
        for one in running:
            one.child.terminate()
        for one in running:
            one.child.wait(2 * GRACE)
        network.remove_leftovers()


def parse_options(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-j", "--jobs", type=int, default=8, help="cases at a time (default 8)")
    parser.add_argument("-n", "--repeat", type=int, default=1, help="run each case so often (default 1)")
    parser.add_argument("-l", "--list", action="store_true", help="name the cases and run none")
    parser.add_argument("-k", "--keep", action="store_true", help="keep the logs of cases that passed, too")
    parser.add_argument("--resume", metavar="FILE", help="append results to FILE, skip what it holds")
    parser.add_argument("--table", metavar="FILE", help="print the results in FILE as a matrix, and run none")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("patterns", nargs="*", metavar="PATTERN")
    return parser.parse_args()


def run_chosen(suite, chosen, options):
    """Whether all passed; the last line is "N passed, N failed"."""
    network.remove_leftovers()
    results = Results(options.resume)
    work = [(c, n) for n in range(1, options.repeat + 1) for c in chosen if not results.has(c.name, n)]
    # What may take longest comes first, so that the others are not waiting for it at the end.
    work.sort(key=lambda one: (one[1], -one[0].seconds))
    run_all(suite, work, options.jobs, options.keep, results)
    names = {c.name for c in chosen}
    records = [r for r in results.records if r["case"] in names and r["run"] <= options.repeat]
    failed = [r["case"] for r in records if not r["ok"]]
    if options.repeat > 1:
        print(table(records))
    if failed:
        print("failed:\n" + "\n".join(f"  {name}" for name in sorted(set(failed))))
    print(f"{len(records) - len(failed)} passed, {len(failed)} failed")
    return not failed


def main(suite, description):
    """The exit code: 0 all passed, 1 some did not, 2 nothing could be run."""
    options = parse_options(description)
    if options.table:
        print(table(Results(options.table).records))
        return 0
    suite.load()
    if options.one:
        return run_one(suite, options.one, options.keep)
    chosen = [c for c in CASES if not options.patterns or any(p in c.name for p in options.patterns)]
    if options.list:
        print("\n".join(c.name for c in chosen))
        return 0
    if not chosen:
        print("error: no case has such a name", file=sys.stderr)
        return 2
    if os.geteuid() != 0:
        print("error: the cases need root for their network namespaces", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    return 0 if run_chosen(suite, chosen, options) else 1
