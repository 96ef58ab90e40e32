"""A speaker with a verifier, its peer, and traffic that never rests: what every case about verdicts starts from."""
import time

from harness.lab import LENGTH, NODE, NODE_AS, PEER, PEER_AS, Bird, Truewire
from harness.speaker import Neighbor
from harness.waiting import TimedOut

from .bench import MIRROR
from .nic import features
from .verdicts import verdicts

KEY = "a-lab-key"
HOLD = 9
WIRE = {"wire": True, "none": False}  # vantages by their name in cases
# As many prefixes as make an UPDATE of more than one full segment; documentation and benchmarking space.
CHURN = {"ipv4": [f"198.{18 + n // 256}.{n % 256}.0/24" for n in range(500)],
         "ipv6": [f"2001:2:{n:x}::/48" for n in range(350)]}
# What a busy router has to say: some twenty full segments an UPDATE burst.
BUSY = {"ipv4": [f"198.{18 + n // 4096}.{n // 16 % 256}.{n % 16 * 16}/28" for n in range(5000)],
        "ipv6": [f"2001:2:0:{n:x}::/64" for n in range(3000)]}


class Scene:
    """truewired in "node", BIRD in "peer", the NIC of the bench between them; a session for each family.

    mode: of the verifier. vantage: "wire" or "none". macvlan: the speaker's interface has fixed features. inbound: the
    peer, too, has much to say. churn: the prefixes that come and go, by family.
    """

    def __init__(self, bench, families, *, faults=(), vantage="wire", mode="heal", macvlan=False, inbound=False,
                 key=KEY, peer_key=KEY, peer=Bird, rhythm=0.4, churn=None, start=True):
        self.bench, self.families, self.inbound, self.rhythm = bench, families, inbound, rhythm
        self.churn = churn or CHURN
        bench.faults = [*bench.faults, *faults]
        bench.mirrored = WIRE[vantage]
        node_space, peer_space = bench.linked_through_macvlan() if macvlan else bench.linked()
        if bench.mirrored:  # what merges would certify broken wires as good
            done = node_space.run("ethtool", "-K", MIRROR, "gro", "off")
            assert done.returncode == 0, done.stderr
        self.nic = bench.nic
        self.before = features(*self.nic.speaker)
        self.node = bench.speaker(Truewire, "node", node_space, NODE_AS, NODE["ipv4"])
        wire = f'wire = ["mirror:{MIRROR}"]\n' if bench.mirrored else ""
        self.node.sections.append(f'[verify]\nmode = "{mode}"\n{wire}')
        self.peer = bench.speaker(peer, "peer", peer_space, PEER_AS, PEER["ipv4"]) if peer else None
        for family in families:
            self.node.neighbors.append(Neighbor(PEER[family], NODE[family], PEER_AS, key, hold=HOLD))
            if self.peer:
                self.peer.neighbors.append(Neighbor(NODE[family], PEER[family], NODE_AS, peer_key, hold=HOLD))
        self._turn, self._next = 0, 0.0
        if start:
            self.start()

    def start(self):
        if self.peer:
            self.peer.start()
        self.node.start()

    def begin_anew(self):
        """The speaker was started again: it has none of the routes that were announced."""
        self._turn = 0

    def stimulate(self):
        """Announces or withdraws a batch, if it is time."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self.rhythm
        self._turn += 1
        announce = self._turn % 2 == 1
        for family in self.families:
            done = self.node.cli("route", "add" if announce else "delete", *self.churn[family])
            assert done.returncode == 0, done.stdout + done.stderr
        if self.inbound and self._turn % 2 == 1:
            self.peer.originated = [] if self.peer.originated else [p for f in self.families for p in INBOUND[f]]
            self.peer.reconfigure()

    def watch(self, condition, what, seconds):
        """Keeps the traffic going until condition() is true, and returns what it was."""
        deadline = time.monotonic() + seconds
        while True:
            self.stimulate()
            try:
                seen = condition()
            except AssertionError as error:
                seen, why = None, error
            else:
                why = ""
            if seen:
                return seen
            if time.monotonic() > deadline:
                told = [f"{v.fault} {v.confidence} {sorted(v.culprits)}: {v.text}" for v in verdicts(self.node)]
                raise TimedOut(f"waited {seconds} s for {what} {why}; verdicts: {told or 'none'}")
            time.sleep(0.25)

    def established(self, settle=0):
        """Waits until every session is up, and was so `settle` seconds later still."""
        for family in self.families:
            self.watch(lambda family=family: self.node.established(PEER[family]), f"the {family} session", 60)
        until = time.monotonic() + settle
        self.watch(lambda: time.monotonic() >= until, "the time to pass", settle + 20)
        for family in self.families:
            assert self.node.established(PEER[family]), f"the {family} session did not stay up"

    def changed(self):
        """{feature: on now} of the NIC's interface, where it differs from the beginning."""
        now = features(*self.nic.speaker)
        return {name: on for name, on in now.items() if self.before[name] != on}

    def touched(self):
        """The bits that were turned at all, however briefly."""
        return sorted({change["knob"] for change in self.nic.knob_changes()})

    def first_damage(self):
        """When the fault first struck, in monotonic seconds; None: not yet."""
        times = [f["first_fired"] for f in self.nic.stats()["faults"] if f["first_fired"] is not None]
        return min(times, default=None)

    def note(self, verdict=None):
        """For the matrix."""
        self.bench.notes["touched"] = self.touched()
        if verdict:
            culprits = "+".join(sorted(verdict.culprits)) or "no knob"
            self.bench.notes.update(verdict=f"{verdict.fault}: {culprits} {verdict.confidence}",
                                    mitigated=verdict.mitigated, proven=verdict.proven)


INBOUND = {"ipv4": [f"10.{n // 256}.{n % 256}.0/24" for n in range(3000)],
           "ipv6": [f"2001:db8:{n:x}::/64" for n in range(0x1000, 0x1800)]}
assert set(LENGTH) == set(CHURN) == set(BUSY)
