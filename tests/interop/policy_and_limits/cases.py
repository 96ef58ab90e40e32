"""What is let in and out: RFC 8212, policies, the AS112 rule, prefix limits, local AS, roles.

    truewired AS 112 ──── BIRD or FRR AS 64496
"""
from harness.case import case
from harness.lab import NODE, PEER, Bird, Frr
from harness.waiting import throughout, until

V4 = PEER["ipv4"]
US = NODE["ipv4"]
AS112 = ["192.175.48.0/24", "192.31.196.0/24"]


def prefixes(count):
    return [f"10.{n // 256}.{n % 256}.0/24" for n in range(count)]


@case
def without_policies_nothing_is_accepted_or_announced(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    node.defaults = {}
    node.originated = ["198.51.100.0/24"]
    other.originated = ["203.0.113.0/24"]
    other.start()
    node.start()
    until(lambda: "203.0.113.0/24" in node.received_routes(V4), "the route to arrive")
    assert not any(r.get("accepted") for r in node.routes("--table", "adj-in", "--neighbor", V4))
    throughout(lambda: other.received_routes(US) == {}, "silence", 2)
    assert [r["prefix"] for r in node.routes()] == ["198.51.100.0/24"]


@case
def the_as112_policy_announces_only_its_prefixes_and_only_if_originated_here(lab):
    node, other = lab.pair(Bird, start=False)
    node.defaults = {"import": "accept-all", "export": "as112"}
    node.originated = [*AS112, "2620:4f:8000::/48", "198.51.100.0/24"]
    other.originated = ["192.31.197.0/24"]
    other.start()
    node.start()
    for prefix in AS112:
        other.wait_received(US, prefix, [112])
    other.wait_received(NODE["ipv6"], "2620:4f:8000::/48", [112])
    node.ok("route", "add", "198.51.101.0/24")
    throughout(lambda: sorted(other.received_routes(US)) == sorted(AS112), "the AS112 prefixes alone", 2)


@case
def a_policy_matches_sets_and_rejects(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    node.sections = ['''
[[prefix-list]]
name = "mine"
prefixes = ["10.1.0.0/16 ge 24 le 24"]

[[policy]]
name = "in"
[[policy.rules]]
match = { prefix-list = "mine", as-path = "64496 *" }
set = { local-pref = 250, add-community = "112:7" }
then = "accept"

[[policy]]
name = "out"
rules = [{ set = { med = 42, prepend = 2, community = ["112:1", "no-export"] }, then = "accept" }]
''']
    node.defaults = {"import": "in", "export": "out"}
    node.originated = ["198.51.100.0/24"]
    other.originated = ["10.1.2.0/24", "10.2.2.0/24"]
    other.start()
    node.start()
    other.wait_received(US, "198.51.100.0/24", [112, 112, 112])
    text = other.control("show", "route", "import", "table", "n0.ipv4", "all")
    assert "BGP.med: 42" in text and "(112,1)" in text and "(65535,65281)" in text, text
    until(lambda: len(node.received_routes(V4)) == 2, "both routes to arrive")
    learned = [r for r in node.routes() if r["source"] == V4]
    assert [r["prefix"] for r in learned] == ["10.1.2.0/24"], learned
    assert learned[0]["attributes"]["local_pref"] == 250 and "112:7" in learned[0]["attributes"]["communities"], learned


@case
def a_changed_policy_takes_effect_on_reload_without_a_new_session(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False)
    node.originated = ["198.51.100.0/24"]
    other.originated = ["203.0.113.0/24"]
    other.start()
    node.start()
    other.wait_received(US, "198.51.100.0/24")
    node.wait_received(V4, "203.0.113.0/24")
    before = node.neighbor(V4)
    node.defaults = {"import": "reject-all", "export": "reject-all"}
    assert node.reload().returncode == 0
    other.wait_withdrawn(US, "198.51.100.0/24")
    until(lambda: not [r for r in node.routes() if r["source"] == V4], "the route to leave the Loc-RIB")
    after = node.neighbor(V4)
    assert after["local_endpoint"] == before["local_endpoint"] and after["since"] == before["since"]
    node.defaults = {"import": "accept-all", "export": "accept-all"}
    assert node.reload().returncode == 0
    other.wait_received(US, "198.51.100.0/24")
    until(lambda: [r for r in node.routes() if r["source"] == V4], "the route to be back")


@case
def more_prefixes_than_the_limit_end_the_session_and_keep_it_down(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False,
                           extra={"max-prefix": {"limit": 10, "warn-percent": 50, "restart": 5}})
    other.originated = prefixes(6)
    other.start()
    node.start()
    node.wait_received(V4, "10.0.5.0/24")
    other.originated = prefixes(11)
    other.reconfigure()
    node.wait_down(V4)
    node.wait_error(V4, "prefix")
    until(lambda: "Maximum number of prefixes reached" in other.details(US) or "prefixes" in other.process.log(),
          "BIRD to be told")
    throughout(lambda: not node.established(V4), "the session staying down", 3)
    other.originated = prefixes(6)
    other.reconfigure()
    node.wait_established(V4, seconds=60)


@case
def more_to_announce_than_the_outgoing_limit_ends_the_session_for_good(lab):
    node, other = lab.pair(Bird, families=["ipv4"], start=False, extra={"max-prefix-out": 5})
    node.originated = prefixes(5)
    other.start()
    node.start()
    until(lambda: len(other.received_routes(US)) == 5, "as many as may be")
    node.announce("198.51.100.0/24")
    node.wait_error(V4, "max-prefix-out")
    assert "198.51.100.0/24" not in other.received_routes(US)
    throughout(lambda: not node.established(V4), "the session staying down", 4)
    node.withdraw("198.51.100.0/24")
    node.ok("enable", V4)
    until(lambda: len(other.received_routes(US)) == 5, "the routes again")


@case(peer=[Bird, Frr])
def local_as_is_what_the_neighbour_sees(lab, peer):
    node, other = lab.pair(peer, families=["ipv4"], start=False, extra={"local-as": 64999})
    other.neighbors[0].asn = 64999
    node.originated = ["198.51.100.0/24"]
    other.start()
    node.start()
    node.wait_established(V4)
    assert node.neighbor(V4)["local_as"] == 64999
    until(lambda: "198.51.100.0/24" in other.received_routes(US), "the route")
    assert other.received_routes(US)["198.51.100.0/24"][0] == 64999


class BirdAsProvider(Bird):
    extra_session_lines = ("local role provider;",)


class BirdAsCustomer(Bird):
    extra_session_lines = ("local role customer;",)


@case
def matching_roles_come_up(lab):
    node, _ = lab.pair(BirdAsProvider, families=["ipv4"], extra={"role": "customer"})
    node.wait_established(V4)
    assert node.neighbor(V4)["negotiated"]["local_role"] == "ROLE_CUSTOMER"


@case
def roles_that_do_not_fit_keep_the_session_down(lab):
    node, _ = lab.pair(BirdAsCustomer, families=["ipv4"], extra={"role": "customer"})
    node.wait_error(V4, "role")
    assert not node.established(V4)


@case
def a_strict_role_refuses_a_peer_without_one(lab):
    node, _ = lab.pair(Bird, families=["ipv4"], extra={"role": "customer", "strict-role": True})
    node.wait_error(V4, "role")
    assert not node.established(V4)


@case(peer=[Bird, Frr])
def ten_thousand_routes_come_and_go(lab, peer):
    node, other = lab.pair(peer, families=["ipv4"], start=False)
    other.originated = prefixes(10_000) if peer is Bird else prefixes(2_000)
    other.start()
    node.start()
    count = len(other.originated)
    until(lambda: received_count(node) == count, f"{count} routes", 60)
    other.kill()
    until(lambda: not [r for r in node.routes() if r["source"] == V4], "the routes to be gone", 60)


def received_count(node):
    families = (node.neighbor(V4) or {}).get("families", [])
    return int(families[0].get("received", 0)) if families else 0
