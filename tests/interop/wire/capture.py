"""signed_capture on an interface of a namespace, and its verdict."""
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct

from harness.process import Process
from harness.truewire import BINARIES
from harness.waiting import until

_SIOCETHTOOL = 0x8946
_OFFLOADS = {"tx checksum": 0x17, "scatter-gather": 0x19, "tso": 0x1F, "gso": 0x24, "gro": 0x2C}  # ETHTOOL_S…


def without_offloads(namespace, interface):
    """A veth pair passes unsegmented frames and merged ones; without offloads, what is seen is what a wire would carry."""
    with namespace.entered():
        control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with control:
        for command in _OFFLOADS.values():
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP", interface.encode(), ctypes.addressof(value)))


class SignedCapture:
    """Watches from start to finish; only one that saw signed segments leave for each peer has proven anything."""

    def __init__(self, lab, namespace, keys, interface="eth0", label="capture"):
        """keys: {peer address or prefix: key, keys, or None for unsigned}."""
        self.directory = os.path.join(lab.directory, label)
        os.makedirs(self.directory)
        without_offloads(namespace, interface)
        self._keys_path = os.path.join(self.directory, "keys")
        self._write(keys, False)
        self.process = Process(label, namespace, [os.path.join(BINARIES, "signed_capture"), "--interface", interface,
                                                  "--keys", self._keys_path], os.path.join(self.directory, "log"))
        lab.at_end(self.process.stop)
        self.process.start()
        self._generation = 0
        until(lambda: any("ready" in line for line in self.lines()), f"{label} to be ready")

    def _write(self, keys, from_now):
        with open(self._keys_path, "w", encoding="ascii") as file:
            for peer, values in keys.items():
                for key in values if isinstance(values, (list, tuple)) else [values]:
                    file.write(f"{peer} {key or '-'}{' from-now' if from_now else ''}\n")

    def lines(self):
        """What it has said, as objects; a line that is no JSON is an error of its own."""
        return [json.loads(line) for line in self.process.log().splitlines() if line.endswith("}")]

    def change_keys(self, keys):
        """The keys that bind every connection whose SYN comes from now on."""
        self._generation += 1
        self._write(keys, True)
        self.process.send(signal.SIGHUP)
        until(lambda: {"keys": self._generation} in self.lines(), "the capture to take the new keys")

    def findings(self):
        return [line for line in self.lines() if "what" in line]

    def finish(self):
        """Ends it: (exit code, summary)."""
        self.process.send(signal.SIGTERM)
        code = self.process.exit_code()
        summary = next((line for line in self.lines() if line.get("summary")), None)
        assert summary is not None, f"the capture ended without a summary:\n{self.process.log()[-2000:]}"
        return code, summary

    def assert_all_signed(self, *peers, at_least=1):
        """Ends it: nothing left towards any keyed peer that was not rightly signed, and something did towards these."""
        code, summary = self.finish()
        violations = "\n".join(json.dumps(f) for f in self.findings() if f["violation"])
        assert code == 0, f"exit code {code}, {summary}\n{violations}"
        for peer in peers:
            signed = summary["peers"].get(peer, {}).get("out_signed", 0)
            assert signed >= at_least, f"only {signed} signed segments left for {peer}: nothing is proven ({summary})"
        return summary
