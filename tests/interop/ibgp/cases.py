"""iBGP, and truewired as a route reflector (RFC 4456).

    BIRD, client AS 65000 ─┐
                           ├── truewired AS 65000 ── FRR, client AS 65000
    BIRD, eBGP AS 64496 ───┘

Every client gets the other's routes and the eBGP ones, with ORIGINATOR_ID and CLUSTER_LIST where a route was reflected;
without the client setting, iBGP routes stop here (RFC 4271 §9.2.1).
"""
from harness.case import case
from harness.lab import Bird, Frr, Truewire, add_address
from harness.network import link
from harness.speaker import Neighbor
from harness.waiting import throughout, until

AS, OUTSIDE_AS = 65000, 64496
FROM_CLIENT, FROM_OUTSIDE = "10.50.1.0/24", "10.50.2.0/24"


def star(lab, clients):
    """truewired in the middle; returns (node, first, second, outside)."""
    space = lab.namespace("node")
    node = lab.speaker(Truewire, "node", space, AS, "10.0.0.254")
    speakers = []
    ends = ((Bird, "first", AS), (Frr, "second", AS), (Bird, "outside", OUTSIDE_AS))
    for number, (kind, label, asn) in enumerate(ends):
        there = lab.namespace(label)
        link(space, f"eth{number}", there, "eth0")
        ours, theirs = f"10.0.{number}.254", f"10.0.{number}.1"
        add_address(space, f"eth{number}", ours, 24)
        add_address(there, "eth0", theirs, 24)
        there.ip("route", "add", "default", "via", ours)
        speaker = lab.speaker(kind, label, there, asn, theirs)
        speaker.neighbors.append(Neighbor(ours, theirs, AS))
        node.neighbors.append(Neighbor(theirs, ours, asn, reflector_client=clients and asn == AS))
        speakers.append(speaker)
    speakers[0].originated = [FROM_CLIENT]
    speakers[2].originated = [FROM_OUTSIDE]
    for speaker in speakers:
        speaker.start()
    node.start()
    node.wait_established("10.0.0.1", "10.0.1.1", "10.0.2.1")
    return (node, *speakers)


@case
def a_reflector_passes_clients_routes_on(lab):
    node, first, second, outside = star(lab, clients=True)
    second.wait_received("10.0.1.254", FROM_CLIENT, [])
    second.wait_received("10.0.1.254", FROM_OUTSIDE, [OUTSIDE_AS])
    first.wait_received("10.0.0.254", FROM_OUTSIDE, [OUTSIDE_AS])
    outside.wait_received("10.0.2.254", FROM_CLIENT, [AS])
    details = second.shell(f"show bgp ipv4 unicast {FROM_CLIENT} json")
    assert '"originatorId":"10.0.0.1"' in details.replace(" ", ""), details
    assert "10.0.0.254" in details, f"no CLUSTER_LIST in {details}"
    del node


@case
def without_clients_ibgp_routes_are_not_passed_on(lab):
    _, first, second, outside = star(lab, clients=False)
    second.wait_received("10.0.1.254", FROM_OUTSIDE, [OUTSIDE_AS])
    outside.wait_received("10.0.2.254", FROM_CLIENT, [AS])
    throughout(lambda: FROM_CLIENT not in second.received_routes("10.0.1.254"), "the iBGP route staying out", 2)
    first.wait_received("10.0.0.254", FROM_OUTSIDE, [OUTSIDE_AS])


@case
def the_next_hop_of_an_ebgp_route_is_kept_towards_ibgp(lab):
    _, first, _, _ = star(lab, clients=True)
    first.wait_received("10.0.0.254", FROM_OUTSIDE)
    until(lambda: "BGP.next_hop: 10.0.2.1" in first.control("show", "route", "import", "table", "n0.ipv4", "all"),
          "the outside router's address as next hop")
