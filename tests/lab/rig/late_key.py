"""late_key, as a child process: a connection that gets its key too late."""
import json
import os

from harness.process import Process
from harness.truewire import BINARIES


class LateKey:
    """Runs from the moment it is made; client sends to server, each (namespace, address)."""

    def __init__(self, bench, client, server, key, *, octets=102_400, seconds=20, label="late"):
        key_file = os.path.join(bench.directory, f"{label}.key")
        with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(key + "\n")
        self.octets = octets
        # Started in one namespace, it enters both by their names.
        self.process = Process(label, client[0], [
            os.path.join(BINARIES, "late_key"), "--client", f"{client[0].name}:{client[1]}", "--server",
            f"{server[0].name}:{server[1]}", "--key-file", key_file, "--octets", str(octets), "--seconds",
            str(seconds)], os.path.join(bench.directory, f"{label}.log"))
        bench.at_end(self.process.stop)
        self.process.start()

    def said(self):
        return [json.loads(line) for line in self.process.log().splitlines() if line.endswith("}")]

    def finish(self, seconds=60):
        """{sent, received, seconds}, once it has ended."""
        code = self.process.exit_code(seconds)
        assert code in (0, 1), self.process.log()
        return self.said()[-1]
