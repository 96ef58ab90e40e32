"""A signed connection between two kernels, and what the receiving one thinks of it: the proof that a fault is real."""
import errno
import os
import select
import time

from harness.lab import NODE, PEER
from harness.raw_peer import tcp_socket
from harness.waiting import TimedOut

KEY = "a-lab-key"
PORT = 179
REFUSALS = {  # how a receiving kernel counts a segment that it drops
    "bad digest": ("TcpExt", "TCPMD5Failure"),
    "unsigned": ("TcpExt", "TCPMD5NotFound"),
    "bad checksum": ("Tcp", "InCsumErrors"),
}


def refusals(namespace):
    """{reason: how many segments this namespace's kernel has dropped for it}."""
    counters = {}
    with namespace.entered():
        for file in ("netstat", "snmp"):
            with open(f"/proc/thread-self/net/{file}", encoding="ascii") as lines:
                rows = [line.split() for line in lines]
            for names, values in zip(rows[::2], rows[1::2]):
                counters.update({(names[0].rstrip(":"), n): int(v) for n, v in zip(names[1:], values[1:])})
    return {reason: counters[key] for reason, key in REFUSALS.items()}


class Transfer:
    """Octets from the speaker's side to the peer's, over a fresh connection signed with KEY at both ends.

    backwards: from the peer's side to the speaker's. seen_as: the address by which the peer knows the sender.
    """

    def __init__(self, node, peer, family, octets=300_000, backwards=False, seen_as=None, port=PORT):
        self.sender, self.receiver = (peer, node) if backwards else (node, peer)
        source, destination = (PEER, NODE) if backwards else (NODE, PEER)
        self.data = os.urandom(1 << 16) * (octets // (1 << 16) + 1)
        self.octets, self.sent, self.received = octets, 0, 0
        self._before = refusals(self.receiver)
        self._listener = tcp_socket(self.receiver, seen_as or source[family], None, KEY)
        self._listener.bind((destination[family], port))
        self._listener.listen()
        self._client = tcp_socket(self.sender, destination[family], source[family], KEY)
        self._client.setblocking(False)
        self._accepted = None
        self._listener.setblocking(False)
        started = self._client.connect_ex((destination[family], port))
        assert started in (0, errno.EINPROGRESS), os.strerror(started)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self._client, self._accepted, self._listener):
            if one:
                one.close()

    @property
    def complete(self):
        return self.received >= self.octets

    def refused(self):
        """{reason: segments that the receiving kernel has dropped since the beginning}, without zeros."""
        now = refusals(self.receiver)
        return {reason: now[reason] - self._before[reason] for reason in now if now[reason] != self._before[reason]}

    def step(self, seconds):
        """Sends and receives what is possible, for at most so long; returns early when something happened."""
        reading = [self._accepted or self._listener]
        writing = [self._client] if self.sent < self.octets else []
        ready, writable, _ = select.select(reading, writing, [], seconds)
        if writable:
            try:
                self.sent += self._client.send(self.data[:self.octets - self.sent])
            except (BlockingIOError, ConnectionError, TimeoutError):
                pass
        if ready and self._accepted is None:
            self._accepted, _ = self._listener.accept()
            self._accepted.setblocking(False)
        elif ready:
            self.received += len(self._accepted.recv(1 << 20))

    def until(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while not condition(self):
            if time.monotonic() > deadline:
                raise TimedOut(f"waited {seconds} s for {what}: sent {self.sent}, received {self.received} of "
                               f"{self.octets}, refused {self.refused()}")
            self.step(0.05)


def assert_healthy(node, peer, family, nic=None, **options):
    """All arrives, and the receiving kernel has dropped nothing."""
    before = nic.fired() if nic else 0
    with Transfer(node, peer, family, **options) as transfer:
        transfer.until(lambda t: t.complete, "a healthy transfer to end")
        assert not transfer.refused(), transfer.refused()
    assert nic is None or nic.fired() == before, nic.stats()


def assert_damaged(node, peer, family, reason, nic, **options):
    """The receiving kernel drops segments for this reason, and for no other, and the NIC says that it was the fault."""
    before = nic.fired()
    with Transfer(node, peer, family, **options) as transfer:
        transfer.until(lambda t: t.refused().get(reason, 0) >= 2 and nic.fired() > before,
                       f"segments to be dropped ({reason})")
        assert set(transfer.refused()) == {reason}, transfer.refused()
