"""A supervised child process: its own session, its own log, dead when we are."""
import ctypes
import os
import signal
import subprocess

from .waiting import TimedOut, until

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """One program run inside a namespace. Start it from the main thread only: it dies with the thread that made it."""

    def __init__(self, name, namespace, argv, log_path, environment=None, cwd=None):
        self.name = name
        self.namespace = namespace
        self.argv = argv
        self.log_path = log_path
        self.environment = environment or {}
        self.cwd = cwd
        self._child = None

    def start(self):
        assert not self.running(), f"{self.name} runs already"
        with open(self.log_path, "ab") as log:
            self._child = subprocess.Popen(
                self.namespace.command(self.argv), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.cwd,
                env={**os.environ, **self.environment}, start_new_session=True, preexec_fn=_die_with_parent)
        return self

    @property
    def pid(self):
        return self._child.pid

    def running(self):
        return self._child is not None and self._child.poll() is None

    def exit_code(self, seconds=20):
        """Waits for the end; negative: the signal that ended it."""
        return self._child.wait(seconds)

    def send(self, number):
        if self.running():
            os.kill(self.pid, number)

    def pause(self):
        """Stops the process where it is; the kernel goes on answering for its sockets."""
        self._group(signal.SIGSTOP)

    def resume(self):
        self._group(signal.SIGCONT)

    def kill(self):
        """Ends it and its children without a chance to say goodbye."""
        if self._child is not None:
            self._group(signal.SIGKILL)
            self._child.wait(10)

    def stop(self, seconds=10):
        """Asks it to end; kills it if it does not."""
        if not self.running():
            return
        self.resume()
        self.send(signal.SIGTERM)
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_for_log(self, text, seconds=20):
        try:
            until(lambda: text in self.log(), f"{self.name} to log {text!r}", seconds)
        except TimedOut as error:
            raise TimedOut(f"{error}; the log ends:\n{self.log()[-2000:]}") from None

    def _group(self, number):
        # Its children share its process group: start_new_session made it the leader of one.
        if self._child is not None:
            try:
                os.killpg(self._child.pid, number)
            except ProcessLookupError:
                pass
