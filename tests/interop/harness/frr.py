"""FRRouting's bgpd as a peer, without zebra: it speaks BGP and installs nothing."""
import json

from .speaker import Speaker, as_path, is_v6


class Frr(Speaker):
    implementation = "frr"
    keeps_what_it_received = True  # soft-reconfiguration: it need not ask for routes again

    def command(self):
        directory = self.directory
        return ["/usr/lib/frr/bgpd", "-Z", "-n", "-S", "-u", "root", "-g", "root", "-f", self.path("bgpd.conf"),
                "-i", self.path("bgpd.pid"), "-z", self.path("zserv.api"), "--vty_socket", directory, "-P", "0",
                "--log", "stdout", "--log-level", "debugging"]

    def configure(self):
        self.write("bgpd.conf", "\n".join(self._lines()) + "\n", mode=0o644)

    def _lines(self):
        yield f"router bgp {self.asn}"
        yield f" bgp router-id {self.router_id}"
        yield " no bgp ebgp-requires-policy"
        yield " no bgp default ipv4-unicast"
        yield " no bgp network import-check"
        yield " bgp log-neighbor-changes"
        for n in self.neighbors:
            yield f" neighbor {n.address} remote-as {n.asn}"
            yield f" neighbor {n.address} update-source {n.local_address}"
            yield f" neighbor {n.address} timers {max(1, n.hold // 3)} {n.hold}"
            yield f" neighbor {n.address} timers connect 2"
            yield f" neighbor {n.address} advertisement-interval 0"
            yield f" neighbor {n.address} disable-connected-check"
            if n.key:
                yield f" neighbor {n.address} password {n.key}"
            if n.passive:
                yield f" neighbor {n.address} passive"
            for line in self.session_lines(n):
                yield f" neighbor {n.address} {line}"
        for family in ("ipv4", "ipv6"):
            yield f" address-family {family} unicast"
            for prefix in self.originated:
                if is_v6(prefix) == (family == "ipv6"):
                    yield f"  network {prefix}"
            for n in self.neighbors:
                if f"{family}-unicast" in n.families:
                    yield f"  neighbor {n.address} activate"
                    if self.keeps_what_it_received:
                        yield f"  neighbor {n.address} soft-reconfiguration inbound"
                    if n.reflector_client:
                        yield f"  neighbor {n.address} route-reflector-client"
            yield " exit-address-family"

    def session_lines(self, neighbor):
        """Further settings of a session, without "neighbor ADDRESS"."""
        del neighbor
        return ()

    def shell(self, *lines):
        """vtysh with these lines in one go."""
        words = [word for line in lines for word in ("-c", line)]
        return self.namespace.run("vtysh", "--vty_socket", self.directory, *words).stdout

    def _json(self, line):
        text = self.shell(line)
        try:
            return json.loads(text)
        except ValueError:
            raise AssertionError(f"{line}: {text!r}") from None

    def details(self, address):
        return self._json(f"show bgp neighbors {address} json").get(address, {})

    def established(self, address):
        return self.details(address).get("bgpState") == "Established"

    def received_routes(self, address):
        routes = {}
        for family in next(n.families for n in self.neighbors if n.address == address):
            name = family.split("-")[0]
            answer = self._json(f"show bgp {name} unicast neighbors {address} routes json")
            for prefix, paths in answer.get("routes", {}).items():
                routes[prefix] = as_path(paths[0].get("path", ""))
        return routes

    def _network(self, prefix, negate):
        family = "ipv6" if is_v6(prefix) else "ipv4"
        self.shell("configure terminal", f"router bgp {self.asn}", f"address-family {family} unicast",
                   f"{'no ' if negate else ''}network {prefix}")

    def announce(self, prefix):
        self.originated.append(prefix)
        self._network(prefix, negate=False)

    def withdraw(self, prefix):
        self.originated.remove(prefix)
        self._network(prefix, negate=True)
