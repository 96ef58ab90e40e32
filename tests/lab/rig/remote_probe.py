"""A `truewire probe` on another host: the certificates, what truewired is told of it, and the program itself."""
import os
import subprocess

from harness.lab import add_address
from harness.network import Namespace, link
from harness.process import Process
from harness.truewire import BINARIES
from harness.waiting import until

PORT = 1790
NAME = "rack"
DAEMON, PROBE = "198.51.100.1", "198.51.100.2"  # on a link of their own: what a NIC damages may be any TCP


class Certificates:
    """An authority made for one case, and what it has signed, as files in a directory."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self.authority = self._path("ca.pem")
        self._openssl("req", "-x509", *self._new_key("ca"), "-days", "2", "-subj", "/CN=lab", "-out", self.authority)

    def issue(self, name):
        """(certificate, private key) for this DNS name."""
        request, certificate = self._path(f"{name}.csr"), self._path(f"{name}.pem")
        extensions = self._path(f"{name}.ext")
        with open(extensions, "w", encoding="ascii") as file:
            file.write(f"subjectAltName=DNS:{name}\n")
        self._openssl("req", *self._new_key(name), "-subj", f"/CN={name}", "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self._path("ca.key"),
                      "-CAcreateserial", "-days", "2", "-extfile", extensions, "-out", certificate)
        return certificate, self._path(f"{name}.key")

    def _new_key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                self._path(f"{name}.key"))

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *words], capture_output=True, text=True, umask=0o077, check=False)
        assert done.returncode == 0, f"openssl {words[0]}: {done.stderr}"


class RemoteProbe:
    """`truewire probe` in a namespace; configuration() is what truewired needs to hear of it.

    daemon: truewired's address on a link that is there, or its namespace: then the two get a link of their own.
    """

    def __init__(self, lab, daemon, namespace, interface="eth0", name=NAME):
        self.lab, self.namespace, self.interface, self.name = lab, namespace, interface, name
        self.host = daemon
        if isinstance(daemon, Namespace):
            self.host = DAEMON
            link(daemon, "mgmt0", namespace, "mgmt0")
            add_address(daemon, "mgmt0", DAEMON, 24)
            add_address(namespace, "mgmt0", PROBE, 24)
        if ":" in self.host:
            self.host = f"[{self.host}]"
        certificates = Certificates(os.path.join(lab.directory, "certificates"))
        self.authority = certificates.authority
        self.daemon_certificate, self.daemon_key = certificates.issue("daemon")
        self.certificate, self.key = certificates.issue(name)
        self.options = []  # further arguments
        self.process = None

    def configuration(self):
        return (f'[probe]\nlisten = "{self.host}:{PORT}"\ncertificate = "{self.daemon_certificate}"\n'
                f'private-key = "{self.daemon_key}"\nclient-ca = "{self.authority}"\n')

    def start(self):
        done = self.namespace.run("ethtool", "-K", self.interface, "gro", "off")
        assert done.returncode == 0, done.stderr
        words = [os.path.join(BINARIES, "truewire"), "probe", "--interface", self.interface, "--to", f"{self.host}:{PORT}",
                 "--certificate", self.certificate, "--private-key", self.key, "--ca", self.authority,
                 "--server-name", "daemon", *self.options]
        self.process = Process("probe", self.namespace, words, os.path.join(self.lab.directory, "probe.log"))
        self.lab.at_end(self.process.stop)
        self.process.start()
        return self

    def connected(self, node):
        """Waits until truewired has it as a working vantage."""
        def works():
            assert self.process.running(), self.process.log()
            sources = node.listed("sources", "verify")
            return any(s["name"] == f"probe:{self.name}" and s["working"] for s in sources)

        until(works, f"the probe to be a vantage; it says: {self.process.log()}", 30)
