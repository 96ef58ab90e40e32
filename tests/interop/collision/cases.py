"""Both sides connect at the same time (RFC 4271 §6.8).

    truewired ──── each peer in turn, neither passive

One connection survives, whichever side has the higher BGP Identifier, and the session stays up on it.
"""
from harness.case import case
from harness.lab import NODE, PEER, PEERS
from harness.waiting import until


@case(peer=PEERS, higher=["node", "peer"])
def one_connection_survives(lab, peer, higher):
    node, other = lab.pair(peer, key="a-key", families=["ipv4"], start=False)
    other.router_id = "10.0.0.1" if higher == "node" else "223.0.0.1"
    other.start()
    node.start()
    node.wait_established(PEER["ipv4"])
    other.wait_established(NODE["ipv4"])

    def only_one():
        return len([c for c in node.namespace.connections() if c[1].startswith(PEER["ipv4"] + ":")]) == 1

    until(only_one, "one TCP connection to be left")
    node.announce("198.51.100.0/24")
    other.wait_received(NODE["ipv4"], "198.51.100.0/24", [node.asn])
