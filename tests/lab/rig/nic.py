"""The software NIC as a child process, and its control socket."""
import json
import os
import socket

from harness.process import Process
from harness.truewire import BINARIES
from harness.waiting import until

# A word for a knob: what ethtool -K calls it, and the bits that fall with it (netdev_fix_features of Linux).
KNOBS = {"tso": "tso", "sg": "sg", "tx-checksum": "tx", "gso": "gso", "gro": "gro"}
FALLS_WITH = {"tso": set(), "gso": set(), "gro": set(), "sg": {"tso", "gso"}, "tx-checksum": {"tso"}}
BITS = {"tso": ("tx-tcp-segmentation", "tx-tcp6-segmentation"), "sg": ("tx-scatter-gather",),
        "tx-checksum": ("tx-checksum-ip-generic",), "gso": ("tx-generic-segmentation",), "gro": ("rx-gro",)}

LISTED_AS = {  # by ethtool -k, with what is only another name, or a variant, of the same
    "tso": ("tcp-segmentation-offload", "tx-tcp*-segmentation"), "gso": ("generic-segmentation-offload",),
    "sg": ("scatter-gather", "tx-scatter-gather*"), "gro": ("generic-receive-offload",),
    "tx-checksum": ("tx-checksumming", "tx-checksum-*", "tx-udp-segmentation")}


class SoftwareNic:
    """One NIC pair: the speaker's TAP, the peer's TAP, and a mirror port if asked for."""

    def __init__(self, lab, speaker, peer, *, mirror=None, mirror_defects="", faults=(), napi=(), label="nic"):
        """speaker, peer, mirror: (namespace, interface)."""
        self.control_path = os.path.join(lab.directory, f"{label}.ctl")
        self.speaker = speaker
        words = [os.path.join(BINARIES, "software_nic"), "--control", self.control_path]
        for option, end in (("--speaker", speaker), ("--peer", peer), ("--mirror", mirror)):
            if end:
                words += [option, f"{end[0].name}:{end[1]}"]
        if mirror_defects:
            words += ["--mirror-defects", mirror_defects]
        for fault in faults:
            words += ["--fault", fault]
        for end in napi:
            words += ["--napi", end]
        # In the peer's namespace only so that whatever removes that ends this, too; it finds its own way.
        self.process = Process(label, peer[0], words, os.path.join(lab.directory, f"{label}.log"))
        self.process.start()
        lab.at_end(self.process.stop)
        until(lambda: "ready" in self.process.log() or not self.process.running(), f"{label} to be ready")
        assert self.process.running(), self.process.log()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(20)
        self._socket.connect(self.control_path)
        self._lines = self._socket.makefile("r", encoding="utf-8")

    def tell(self, line):
        self._socket.sendall(line.encode() + b"\n")
        answer = json.loads(self._lines.readline())
        assert "error" not in answer, f"{line}: {answer['error']}"
        return answer

    def stats(self):
        return self.tell("stats")

    def fault(self, specification):
        self.tell(f"fault {specification}")

    def switch(self, label, on):
        self.tell(f"{'on' if on else 'off'} {label}")

    def mirror(self, defects=""):
        self.tell(f"mirror {defects}".rstrip())

    def inject(self, frame):
        """A frame towards the speaker's host, as if it had come over the wire."""
        self.tell(f"inject {frame.hex()}")

    def fired(self, label=None):
        """How many frames a fault has damaged, or all of them."""
        return sum(f["fired"] for f in self.stats()["faults"] if label in (None, f["name"]))

    def knobs(self):
        """{bit's name: on}, as the kernel has them now."""
        return self.stats()["knobs"]

    def knob_changes(self):
        """[{at (monotonic seconds), knob, on}] since the beginning."""
        return self.stats()["knob_changes"]

    def turn(self, knob, on):
        """ethtool -K on the speaker's side; returns when the NIC has seen it."""
        turn(*self.speaker, knob, on)
        until(lambda: all(self.knobs()[bit] == on for bit in BITS[knob]), f"the NIC to see {knob} {on}", interval=0.02)


def turn(namespace, interface, knob, on):
    done = namespace.run("ethtool", "-K", interface, KNOBS.get(knob, knob), "on" if on else "off")
    assert done.returncode == 0, f"{knob} {on}: {done.stdout}{done.stderr}"


def features(namespace, interface):
    """{feature: on}, as ethtool -k lists them."""
    done = namespace.run("ethtool", "-k", interface)
    assert done.returncode == 0, done.stderr
    lines = (line.strip().split(": ") for line in done.stdout.splitlines()[1:])
    return {name: state.startswith("on") for name, state in lines}
