"""OpenBGPD (portable) as a peer."""
import json
import os
import pwd

from .speaker import Speaker, as_path


class OpenBgpd(Speaker):
    implementation = "openbgpd"

    def command(self):
        return ["/usr/sbin/bgpd", "-d", "-v", "-f", self.path("bgpd.conf")]

    def configure(self):
        # It locks itself into the (empty) home of its user, which only its service would create.
        os.makedirs(pwd.getpwnam("_openbgpd").pw_dir, mode=0o755, exist_ok=True)
        self.write("bgpd.conf", "\n".join(self._lines()) + "\n")

    def _lines(self):
        yield f"AS {self.asn}"
        yield f"router-id {self.router_id}"
        yield "fib-update no"
        yield f'socket "{self.path("control")}"'
        for address in sorted({n.local_address for n in self.neighbors}):
            yield f"listen on {address}"
        for prefix in self.originated:
            yield f"network {prefix}"
        for n in self.neighbors:
            yield f"neighbor {n.address} {{"
            yield f"  remote-as {n.asn}"
            # No local-address: with one, 7.7 leaves the key off its listening socket.
            yield f"  holdtime {n.hold}"
            for family in ("ipv4-unicast", "ipv6-unicast"):
                name = "IPv6" if family.startswith("ipv6") else "IPv4"
                yield f"  announce {name} {'unicast' if family in n.families else 'none'}"
            if n.key:
                yield f'  tcp md5sig password "{n.key}"'
            if n.passive:
                yield "  passive"
            if n.reflector_client:
                yield "  route-reflector"
            yield "}"
        yield "allow from any"
        yield "allow to any"

    def control(self, *words):
        """bgpctl WORDS…"""
        return self.namespace.run("/usr/sbin/bgpctl", "-s", self.path("control"), *words)

    def _json(self, *words):
        done = self.control("-j", *words)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"bgpctl {' '.join(words)}: {done.stdout}{done.stderr}") from None

    def established(self, address):
        neighbors = self._json("show", "neighbor", address).get("neighbors", [])
        return bool(neighbors) and neighbors[0].get("state") == "Established"

    def received_routes(self, address):
        answer = self._json("show", "rib", "in", "neighbor", address)
        return {route["prefix"]: as_path(route.get("aspath", "")) for route in answer.get("rib", [])}

    def announce(self, prefix):
        self.originated.append(prefix)
        self._network("add", prefix)

    def withdraw(self, prefix):
        self.originated.remove(prefix)
        self._network("delete", prefix)

    def _network(self, verb, prefix):
        done = self.control("network", verb, prefix)
        assert done.returncode == 0, done.stdout + done.stderr

    def reconnect(self, address):
        """Ends its wait before the next attempt, which is half a minute long."""
        self.control("neighbor", address, "clear")
