"""Every row of tests/vectors/bgp/malformed*.jsonl, played against truewired over a real session.

    a plain socket 10.0.0.2 ──── truewired 10.0.0.1, AS 65000, passive

A row says in which state of which kind of session a message is sent, and what RFC 4271 and RFC 7606 require: which
NOTIFICATION, whether the session stays, and whether the route is in the table afterwards. Rows with the same kind of
session share one truewired. That a message has been dealt with is known from a valid route sent right behind it.
"""
import glob
import ipaddress
import json
import os
import struct

from harness.case import case
from harness.lab import Truewire, add_address
from harness.network import link
from harness.raw_peer import (KEEPALIVE, NOTIFICATION, OPEN, RawPeer, attribute, capability, message, nlri,
                              open_message)
from harness.truewire import ROOT
from harness.waiting import until

US, THEM = "10.0.0.1", "10.0.0.2"
OUR_AS, EBGP_AS = 65000, 65001
# What a peer says of itself towards each of our roles (RFC 9234 §4.1).
COUNTERPART = {"provider": 3, "customer": 0, "rs": 2, "rs-client": 1, "peer": 4}


def rows():
    for path in sorted(glob.glob(os.path.join(ROOT, "tests/vectors/bgp/malformed*.jsonl"))):
        with open(path, encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


def kind_of(row):
    """The kind of session, as text: rows of one kind need the same configuration."""
    session = row["session"]
    words = [session["type"]]
    words += [word for word in ("extmsg", "addpath") if session.get(word)]
    if session.get("dut_role"):
        words += ["role", session["dut_role"]] + (["strict"] if session.get("role_strict") else [])
    return "-".join(words)


def grouped():
    groups = {}
    for row in rows():
        groups.setdefault(kind_of(row), []).append(row)
    return groups


class Player:
    def __init__(self, lab, session):
        ours, theirs = lab.namespace("node"), lab.namespace("peer")
        link(ours, "eth0", theirs, "eth0")
        add_address(ours, "eth0", US, 24)
        add_address(theirs, "eth0", THEM, 24)
        self.space = theirs
        self.asn = OUR_AS if session["type"] == "ibgp" else EBGP_AS
        self.node = lab.speaker(Truewire, "node", ours, OUR_AS, US)
        settings = {"address": THEM, "as": self.asn, "passive": True, "families": ["ipv4-unicast", "ipv6-unicast"],
                    "enforce-first-as": False, "extended-messages": bool(session.get("extmsg")), "idle-hold-min": 0,
                    "idle-hold-max": 0, "import": "accept-all", "export": "reject-all"}
        if session.get("addpath"):
            settings["add-path"] = "receive"
        if session.get("dut_role"):
            settings.update({"role": session["dut_role"], "strict-role": bool(session.get("role_strict"))})
        self.node.sections = ["[[neighbor]]"] + [f"{k} = {json.dumps(v)}" for k, v in settings.items()]
        self.node.start()
        self.markers = 0

    def open_message(self, session):
        extra = capability(70) if session.get("err") else b""
        extra += capability(6) if session.get("extmsg") else b""
        extra += capability(69, b"\0\1\1\2") if session.get("addpath") else b""
        if session.get("dut_role") and not session.get("role_strict"):
            extra += capability(9, bytes([COUNTERPART[session["dut_role"]]]))
        families = [tuple(map(int, f.split("/"))) for f in session["mp"]]
        return open_message(self.asn, THEM, families=families, capabilities=extra, four_octet_as=session["as4"])

    def connect(self, row):
        """A session in the state that the row asks for."""
        def connected():
            peer = RawPeer.connect(self.space, US, THEM)
            if peer.pump(5, {OPEN, NOTIFICATION}) is None or peer.received[0][18] != OPEN:
                peer.close()  # the session before is not forgotten yet
                return None
            return peer

        peer = until(connected, "truewired to take the connection")
        if row["phase"] != "opensent":
            peer.send(self.open_message(row["session"]))
            assert peer.pump(5, {KEEPALIVE, NOTIFICATION})[18] == KEEPALIVE, "no session"
        if row["phase"] == "established":
            peer.send(message(KEEPALIVE))
            if row.get("prior"):
                peer.send(self.route(row["prefix"][0], row["session"]))
                until(lambda: self.has(row["prefix"][0]), "the earlier route")
        peer.received.clear()
        return peer

    def route(self, prefix, session):
        """A valid announcement as a session of this kind carries it."""
        width = ">I" if session["as4"] else ">H"
        path = b"" if self.asn == OUR_AS else b"\2\1" + struct.pack(width, self.asn)
        attributes = attribute(0x40, 1, b"\0") + attribute(0x40, 2, path)
        here = struct.pack(">I", 0) if session.get("addpath") else b""
        network = ipaddress.ip_network(prefix)
        if network.version == 4:
            attributes += attribute(0x40, 3, bytes([10, 0, 0, 2]))
        else:
            reach = b"\0\2\1\x10" + ipaddress.ip_address("2001:db8:ffff::2").packed + b"\0" + nlri(prefix)
            attributes = attribute(0x80, 14, reach) + attributes
        if self.asn == OUR_AS:
            attributes += attribute(0x40, 5, struct.pack(">I", 100))
        tail = here + nlri(prefix) if network.version == 4 else b""
        return message(2, b"\0\0" + struct.pack(">H", len(attributes)) + attributes + tail)

    def has(self, prefix):
        """Whether a usable route to the prefix came from the session."""
        network = str(ipaddress.ip_network(prefix, strict=False))
        return network in {r["prefix"] for r in self.node.routes("--neighbor", THEM)}

    def play(self, row):
        """What happened: ("reset", code, subcode, data), ("closed",), ("accept",) or ("up", [present, …])."""
        peer = self.connect(row)
        try:
            peer.send(bytes.fromhex(row["hex"]))
            if row["phase"] != "established":
                answer = peer.pump(5, {KEEPALIVE, NOTIFICATION})
                if answer is not None and answer[18] == KEEPALIVE:
                    return ("accept",)
                return self.ending(peer) or ("nothing",)
            self.markers += 1
            marker = f"198.18.{self.markers}.0/24"
            peer.send(self.route(marker, row["session"]))

            def dealt_with():
                peer.pump(0.02, {NOTIFICATION})
                return self.ending(peer) or (self.has(marker) and ("up",))

            outcome = until(dealt_with, f"the message of {row['id']} to be dealt with", 10, interval=0)
            return outcome if outcome != ("up",) else ("up", [self.has(p) for p in row["prefix"]])
        finally:
            peer.close()

    @staticmethod
    def ending(peer):
        notification = peer.notification(0)
        if notification:
            return ("reset", *notification)
        return ("closed",) if peer.closed else None


def meets(outcome, expected, phase):
    action = expected["action"]
    if action == "session-reset":
        return outcome[0] == "reset" and list(outcome[1:3]) == expected.get("notification", list(outcome[1:3]))
    if action == "close-silently":
        return outcome[0] == "closed"
    if phase != "established":
        return outcome == ("accept",)
    if outcome[0] != "up":
        return False
    if action in ("treat-as-withdraw", "ignore-route", "afi-safi-disable"):
        return not any(outcome[1])
    return action == "ignore-message" or all(outcome[1])


@case(kind=sorted(grouped()), seconds=240)
def every_malformed_message_meets_the_required_reaction(lab, kind):
    chosen = grouped()[kind]
    player = Player(lab, chosen[0]["session"])
    wrong = []
    for row in chosen:
        try:
            outcome = player.play(row)
        except AssertionError as error:
            wrong.append(f"{row['id']} ({row['rule']}): {error}")
            continue
        if not meets(outcome, row["expect"], row["phase"]):
            wrong.append(f"{row['id']} ({row['rule']}): {outcome}, not {row['expect']}")
        assert player.node.process.running(), f"truewired ended at {row['id']}:\n{player.node.process.log()[-2000:]}"
    assert not wrong, f"{len(wrong)} of {len(chosen)} rows:\n" + "\n".join(wrong)
