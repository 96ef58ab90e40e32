"""ExaBGP as a peer: what it hears comes as JSON lines, what it says goes in as commands; a script bridges both."""
import ipaddress
import json
import os

from .speaker import Speaker, is_v6

# Runs as ExaBGP's helper: its events into a file, and what is written into a pipe out to it as commands.
_BRIDGE = """import os, sys, threading
directory = os.path.dirname(os.path.abspath(__file__))
def commands():
    while True:
        with open(os.path.join(directory, "commands")) as pipe:
            for line in pipe:
                sys.stdout.write(line)
                sys.stdout.flush()
threading.Thread(target=commands, daemon=True).start()
with open(os.path.join(directory, "events"), "a") as events:
    for line in sys.stdin:
        events.write(line)
        events.flush()
"""


class ExaBgp(Speaker):
    implementation = "exabgp"

    def command(self):
        return ["/usr/sbin/exabgp", self.path("exabgp.conf")]

    def environment(self):
        listening = sorted({n.local_address for n in self.neighbors if n.passive}) if hasattr(self, "neighbors") else []
        return {"exabgp_daemon_user": "root", "exabgp_api_ack": "false", "exabgp_api_cli": "false",
                "exabgp_log_destination": "stdout", "exabgp_tcp_bind": " ".join(listening), "exabgp_tcp_port": "179",
                "exabgp_daemon_drop": "false"}

    def configure(self):
        self.process.environment = self.environment()
        self.write("bridge.py", _BRIDGE)
        if not os.path.exists(self.path("commands")):
            os.mkfifo(self.path("commands"))
        with open(self.path("events"), "w", encoding="utf-8"):
            pass
        self.write("exabgp.conf", "\n".join(self._lines()) + "\n")

    def _lines(self):
        yield f"process bridge {{ run /usr/bin/python3 {self.path('bridge.py')}; encoder json; }}"
        for n in self.neighbors:
            yield f"neighbor {n.address} {{"
            yield f"  router-id {self.router_id};"
            yield f"  local-address {n.local_address};"
            yield f"  local-as {self.asn};"
            yield f"  peer-as {n.asn};"
            yield f"  hold-time {n.hold};"
            if n.key:
                yield f'  md5-password "{n.key}";'
                yield "  md5-base64 false;"
            if n.passive:
                yield "  passive true;"
            yield f"  capability {{ asn4 {'disable' if n.two_octet_as else 'enable'}; route-refresh enable; }}"
            yield "  family { " + " ".join(f"{family.replace('-', ' ')};" for family in n.families) + " }"
            yield "  api { processes [ bridge ]; neighbor-changes; receive { parsed; update; notification; } }"
            for prefix in self.originated:
                if f"ipv{6 if is_v6(prefix) else 4}-unicast" in n.families:
                    yield f"  static {{ route {prefix} next-hop self; }}"
            yield "}"

    def events(self):
        events = []
        with open(self.path("events"), encoding="utf-8") as file:
            for line in file:
                try:
                    events.append(json.loads(line))
                except ValueError:
                    pass  # a line still being written
        return events

    def _of(self, address):
        return (e for e in self.events() if e.get("neighbor", {}).get("address", {}).get("peer") == address)

    def established(self, address):
        states = [e["neighbor"]["state"] for e in self._of(address) if e["type"] == "state"]
        return self.process.running() and bool(states) and states[-1] == "up"

    def received_routes(self, address):
        routes = {}
        for event in self._of(address):
            if event["type"] == "state" and event["neighbor"]["state"] != "up":
                routes.clear()
            if event["type"] != "update":
                continue
            update = event["neighbor"]["message"].get("update", {})
            path = update.get("attribute", {}).get("as-path", [])
            for family in update.get("withdraw", {}).values():
                for entry in family:
                    routes.pop(entry["nlri"], None)
            for family in update.get("announce", {}).values():
                for next_hop in family.values():
                    for entry in next_hop:
                        if isinstance(entry, dict) and "nlri" in entry:
                            routes[str(ipaddress.ip_network(entry["nlri"]))] = path
        return routes

    def say(self, command):
        """One command of ExaBGP's API."""
        with open(self.path("commands"), "w", encoding="ascii") as pipe:
            pipe.write(command + "\n")

    def announce(self, prefix):
        self.originated.append(prefix)
        self._route("announce", prefix)

    def withdraw(self, prefix):
        self.originated.remove(prefix)
        self._route("withdraw", prefix)

    def _route(self, verb, prefix):
        for n in self.neighbors:
            if is_v6(n.address) == is_v6(prefix):
                self.say(f"neighbor {n.address} {verb} route {prefix} next-hop {n.local_address}")
