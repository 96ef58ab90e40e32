"""GoBGP as a peer; its API listens on the loopback of its own namespace."""
import json

from .speaker import Speaker, is_v6
from .waiting import until


class GoBgp(Speaker):
    implementation = "gobgp"

    def command(self):
        return ["/usr/bin/gobgpd", "-f", self.path("gobgpd.toml"), "--api-hosts", "127.0.0.1:50051", "-l", "debug"]

    def configure(self):
        self.write("gobgpd.toml", "\n".join(self._lines()) + "\n")

    def _lines(self):
        yield "[global.config]"
        yield f"as = {self.asn}"
        yield f'router-id = "{self.router_id}"'
        locals_ = sorted({n.local_address for n in self.neighbors})
        yield f"local-address-list = {json.dumps(locals_)}"
        for n in self.neighbors:
            yield "[[neighbors]]"
            yield "[neighbors.config]"
            yield f'neighbor-address = "{n.address}"'
            yield f"peer-as = {n.asn}"
            if n.key:
                yield f'auth-password = "{n.key}"'
            yield "[neighbors.transport.config]"
            yield f'local-address = "{n.local_address}"'
            yield f"passive-mode = {str(n.passive).lower()}"
            yield "[neighbors.timers.config]"
            yield f"hold-time = {n.hold}"
            yield f"keepalive-interval = {max(1, n.hold // 3)}"
            yield "connect-retry = 2"
            yield "idle-hold-time-after-reset = 2"
            for family in n.families:
                yield "[[neighbors.afi-safis]]"
                yield "[neighbors.afi-safis.config]"
                yield f'afi-safi-name = "{family}"'

    def start(self):
        super().start()
        self.process.wait_for_log("Add a peer configuration" if self.neighbors else "gobgpd started")
        until(lambda: self.control("global").returncode == 0, "gobgpd to answer")
        for prefix in self.originated:
            self._rib("add", prefix)
        return self

    def control(self, *words):
        """gobgp WORDS…"""
        return self.namespace.run("/usr/bin/gobgp", *words)

    def _json(self, *words):
        done = self.control("-j", *words)
        try:
            return json.loads(done.stdout or "{}")
        except ValueError:
            raise AssertionError(f"gobgp {' '.join(words)}: {done.stdout}{done.stderr}") from None

    def established(self, address):
        state = self._json("neighbor", address).get("state", {})
        return state.get("session_state") == 6

    def received_routes(self, address):
        routes = {}
        for family in next(n.families for n in self.neighbors if n.address == address):
            for prefix, paths in self._json("neighbor", address, "adj-in", "-a", family.split("-")[0]).items():
                routes[prefix] = [number for attribute in paths[0]["attrs"] if attribute["type"] == 2
                                  for segment in attribute["as_paths"] or [] for number in segment["asns"]]
        return routes

    def _rib(self, verb, prefix):
        done = self.control("global", "rib", verb, prefix, "-a", "ipv6" if is_v6(prefix) else "ipv4")
        assert done.returncode == 0, done.stdout + done.stderr

    def announce(self, prefix):
        self.originated.append(prefix)
        self._rib("add", prefix)

    def withdraw(self, prefix):
        self.originated.remove(prefix)
        self._rib("del", prefix)
