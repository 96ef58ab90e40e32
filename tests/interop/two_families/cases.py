"""One link, one neighbour, two sessions: IPv4 routes over IPv4, IPv6 routes over IPv6, both signed.

    truewired AS 112   .112 ── 192.0.2.0/24, 2001:db8::/64 ── .1   each peer in turn, AS 64496

Whoever connects, both sessions come up, routes flow both ways with the right AS path, and go when they are taken back.
"""
from harness.case import case
from harness.lab import NODE, PEER, PEERS, Bird

OURS = {"ipv4": "198.51.100.0/24", "ipv6": "2001:db8:100::/48"}
THEIRS = {"ipv4": "203.0.113.0/24", "ipv6": "2001:db8:203::/48"}


@case(peer=PEERS, connects=["node", "peer"])
def signed_sessions_carry_routes_both_ways(lab, peer, connects):
    node, other = lab.pair(peer, key="first-key", connects=connects)
    node.wait_established(*PEER.values(), seconds=60)
    other.wait_established(*NODE.values())
    for family, address in PEER.items():
        status = node.neighbor(address)
        # An attempt may have failed before the other side listened; a session must not have.
        assert status["keyed"] and status["flaps"] == "0", status
        assert len(status["negotiated"]["families"]) == 1, status
        node.announce(OURS[family])
        other.wait_received(NODE[family], OURS[family], [node.asn])
        other.announce(THEIRS[family])
        node.wait_received(address, THEIRS[family], [other.asn])
    for family, address in PEER.items():
        node.withdraw(OURS[family])
        other.wait_withdrawn(NODE[family], OURS[family])
        other.withdraw(THEIRS[family])
        node.wait_withdrawn(address, THEIRS[family])


@case(peer=PEERS)
def both_families_share_one_ipv4_session(lab, peer):
    node, other = lab.pair(peer, families=["ipv4"], start=False)
    for session in (*node.neighbors, *other.neighbors):
        session.families = ("ipv4-unicast", "ipv6-unicast")
    node.originated = list(OURS.values())
    other.start()
    node.start()
    node.wait_established(PEER["ipv4"])
    assert len(node.neighbor(PEER["ipv4"])["negotiated"]["families"]) == 2
    other.wait_received(NODE["ipv4"], OURS["ipv4"], [node.asn])


class BirdWithExtendedMessages(Bird):
    extra_session_lines = ("enable extended messages on;",)


@case
def extended_messages_are_used_when_both_sides_offer_them(lab):
    node, other = lab.pair(BirdWithExtendedMessages, families=["ipv4"], start=False)
    other.originated = [f"10.{n >> 8}.{n & 255}.0/24" for n in range(4000)]
    other.start()
    node.start()
    node.wait_received(PEER["ipv4"], "10.15.159.0/24", [other.asn])
    assert node.neighbor(PEER["ipv4"])["negotiated"]["extended_messages"]
    node.ok("route", "add", *(f"10.100.{n // 2}.{n % 2 * 128}/25" for n in range(500)))
    other.wait_received(NODE["ipv4"], "10.100.249.128/25", [node.asn])
