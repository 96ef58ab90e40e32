"""Network namespaces and links between them, named after the process that made them so that leftovers can be found.

Needs root. A namespace's name is twi-<pid>-<label>; remove_leftovers() deletes those whose maker is gone.
"""
import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import threading

_NAME = re.compile(r"^twi-(\d+)-[a-z0-9]+$")
_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def _ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def _set_namespace(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """One network namespace with its loopback up."""

    def __init__(self, label):
        self.label = label
        self.name = f"twi-{os.getpid()}-{label}"
        _ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def ip(self, *arguments):
        """ip(8) inside this namespace."""
        return _ip("-n", self.name, *arguments)

    def command(self, argv):
        """argv as run inside this namespace; the process that results has the pid of the one that is started."""
        return ["ip", "netns", "exec", self.name, *argv]

    def run(self, *argv, timeout=20, **options):
        """Runs a command to its end inside this namespace."""
        return subprocess.run(self.command(argv), capture_output=True, text=True, timeout=timeout, check=False,
                              **options)

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is inside the namespace; sockets opened meanwhile stay there."""
        home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            _set_namespace(there)
            try:
                yield
            finally:
                _set_namespace(home)
        finally:
            os.close(home)
            os.close(there)

    def sysctl(self, key, value):
        with self.entered(), open(f"/proc/sys/{key}", "w", encoding="ascii") as file:
            file.write(str(value))

    def tcp_counters(self):
        """The TcpExt counters of this namespace, by name."""
        with self.entered(), open("/proc/thread-self/net/netstat", encoding="ascii") as file:
            names, values = [line.split() for line in file if line.startswith("TcpExt:")][:2]
        return dict(zip(names[1:], map(int, values[1:])))

    def connections(self):
        """Established TCP connections as (local, remote) pairs of "address:port"."""
        lines = self.run("ss", "-Htn", "state", "established").stdout.splitlines()
        return {tuple(line.split()[2:4]) for line in lines}

    def remove(self):
        _remove(self.name)


def link(left, left_interface, right, right_interface):
    """Joins two namespaces by a veth pair, both ends up."""
    left.ip("link", "add", left_interface, "type", "veth", "peer", "name", right_interface, "netns", right.name)
    left.ip("link", "set", left_interface, "up")
    right.ip("link", "set", right_interface, "up")


def _remove(name):
    with contextlib.suppress(OSError):
        for pid in _ip("netns", "pids", name).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
    with contextlib.suppress(OSError):
        _ip("netns", "delete", name)


def remove_leftovers():
    """Removes namespaces with the processes inside them, and directories, whose maker has died without doing so."""
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir("/run/netns"):
            match = _NAME.match(name)
            if match and not os.path.exists(f"/proc/{match.group(1)}"):
                _remove(name)
    for name in os.listdir("/tmp"):
        match = re.match(r"^twi-(\d+)-", name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            path = os.path.join("/tmp", name)
            with open("/proc/self/mounts", encoding="utf-8") as mounts:
                for target in [line.split()[1] for line in mounts]:
                    if target.startswith(path + "/"):
                        subprocess.run(["umount", "-l", target], check=False)
            shutil.rmtree(path, ignore_errors=True)
