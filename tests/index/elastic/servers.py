"""Real Elasticsearch nodes on this machine, made of the jars on Maven Central.

Needs a JDK and Maven, no distribution. `distribution` fetches and compiles once for each version
and keeps the result in the user's cache folder; `Node` is one running server, `cluster` several.

    python -m tests.index.elastic.servers [--major 8] [--nodes N] [--heap 1g]

runs some for a benchmark, prints their hosts, and stops them when its standard input is closed.
"""

import argparse
import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent / "node"
VERSIONS = {8: "8.19.21", 9: "9.5.3"}
LEAST_JDK = {8: 17, 9: 21}
START_S = 300.0  # three at a time on a busy machine

QUICK_START = ("-XX:TieredStopAtLevel=1",)  # slower later: not for benchmarks
FLAGS = (
    *("-XX:+UseSerialGC", "-Xss1m", "-Djava.awt.headless=true"),
    *("-Dfile.encoding=UTF-8", "-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true"),
    *("-Dio.netty.recycler.maxCapacityPerThread=0", "-Dlog4j.shutdownHookEnabled=false"),
    *("-Dlog4j2.disable.jmx=true", "-Des.test.stdin=true"),
)
FLAGS_9 = (
    *("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"),
    "--add-modules=jdk.incubator.vector",
    "-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false",
)


@dataclass(frozen=True, slots=True)
class Distribution:
    """Jars of one version, and the JDK that runs them."""

    major: int
    folder: Path
    java_home: Path


def find_jdk(major: int) -> Path | None:
    """Find a JDK that runs a version: 17 for 8, the newest from 21 on for 9."""
    found = {}
    for javac in Path("/usr/lib/jvm").glob("*/bin/javac"):
        home = javac.parents[1].resolve()
        said = subprocess.run([javac, "-version"], capture_output=True, text=True, check=False)
        if number := re.search(r"javac (\d+)", said.stdout + said.stderr):
            found[int(number[1])] = home
    fitting = sorted(jdk for jdk in found if jdk >= LEAST_JDK[major])
    return found[fitting[0]] if fitting else None


def missing(major: int) -> str | None:
    """Say what is missing to run a version, if anything is."""
    if shutil.which("mvn") is None:
        return "Maven is not installed (mvn)"
    if find_jdk(major) is None:
        return f"no JDK from {LEAST_JDK[major]} on is installed, which Elasticsearch {major} needs"
    return None


def distribution(major: int) -> Distribution:
    """Fetch the jars and compile the launcher, unless that was done before."""
    java_home = find_jdk(major)
    assert java_home is not None, missing(major)
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "sc2-attrib-tests"
    cache.mkdir(parents=True, exist_ok=True)
    made_of = b"".join((HERE / name).read_bytes() for name in ("pom.xml", "EsNode.java"))
    key = hashlib.sha256(made_of + str(java_home).encode()).hexdigest()[:12]
    folder = cache / f"elasticsearch-{VERSIONS[major]}-{key}"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _make(major, java_home, folder)
    return Distribution(major, folder, java_home)


def _make(major: int, java_home: Path, folder: Path) -> None:
    new = Path(tempfile.mkdtemp(dir=folder.parent))
    binaries, classes = java_home / "bin", new / "classes"
    compile_: list[str | Path] = ["-proc:none", "-Xlint:none", "-d", classes, "-cp", f"{new}/lib/*"]
    maven: list[str | Path] = [
        "mvn",
        "-q",
        "-B",
        "-f",
        HERE / "pom.xml",
        f"-Des.version={VERSIONS[major]}",
    ]
    try:
        subprocess.run([*maven, f"-Ddist={new}", "package"], check=True)
        subprocess.run([binaries / "javac", *compile_, HERE / "EsNode.java"], check=True)
        jar: list[str | Path] = [
            "--create",
            "--file",
            new / "lib" / "es-node.jar",
            "-C",
            classes,
            ".",
        ]
        subprocess.run([binaries / "jar", *jar], check=True)
        shutil.rmtree(classes)
        new.rename(folder)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as home:  # start-up halves
        dump = [f"-XX:ArchiveClassesAtExit={folder}/es.jsa", "-Xlog:disable"]
        node = Node(Distribution(major, folder, java_home), Path(home), flags=dump)
        node.start()
        node.stop()


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
        return port


class Node:
    """One server; it also stops by itself when this process dies, for its stdin closes then."""

    def __init__(
        self,
        made: Distribution,
        home: Path,
        *,
        name: str = "n1",
        heap: str = "512m",
        flags: list[str] | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        archive = made.folder / "es.jsa"
        shared = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
        self.name, self.heap = name, heap
        self.http, self.transport = free_port(), free_port()
        self.settings = dict(settings or {"discovery.type": "single-node"})
        self._made, self._home = made, home
        self._flags = [*QUICK_START, *shared] if flags is None else flags
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.http}"

    @property
    def log(self) -> Path:
        return self._home / "node.log"

    def start(self, *, n_nodes: int = 1, wait: bool = True) -> "Node":
        (self._home / "tmp").mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT
            )
        if wait:
            self.wait(n_nodes)
        return self

    def wait(self, n_nodes: int = 1) -> None:
        """Wait until the node answers and sees so many."""
        asked = f"http://{self.host}/_cluster/health?wait_for_nodes=>={n_nodes}&timeout=1s"
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process and self._process.poll() is None:
            try:
                with urllib.request.urlopen(asked, timeout=5) as answer:
                    if b'"timed_out":false' in answer.read():
                        return
            except OSError:
                pass
            time.sleep(0.1)
        tail = self.log.read_text(errors="replace")[-4000:]
        raise RuntimeError(f"{self.name} did not start:\n{tail}")

    def stop(self) -> None:
        """Stop gracefully; at once if that takes too long."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None

    def kill(self) -> None:
        """Kill it as a power failure would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def resident_bytes(self) -> int:
        """Memory of its own, without the files that are mapped."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+) kB", status)[1]) << 10  # type: ignore[index]  # Linux has it

    def _command(self) -> list[str]:
        home, settings = (
            self._home,
            {
                "path.home": str(self._made.folder),
                "path.data": str(self._home / "data"),
                "path.logs": str(self._home / "logs"),
                "path.repo": str(self._home / "repo"),
                "cluster.name": "sc2-attrib-tests",
                "node.name": self.name,
                "network.host": "127.0.0.1",
                "http.port": str(self.http),
                "transport.port": str(self.transport),
                "cluster.routing.allocation.disk.threshold_enabled": "false",
                "indices.breaker.total.use_real_memory": "false",
                **self.settings,
            },
        )
        return [
            f"{self._made.java_home}/bin/java",
            *(f"-Xms{self.heap}", f"-Xmx{self.heap}", *FLAGS),
            *((*FLAGS_9, *self._zstd()) if self._made.major >= 9 else ()),
            *self._flags,
            *(f"-Djava.io.tmpdir={home}/tmp", f"-Des.path.conf={home}/config"),
            *("-cp", f"{self._made.folder}/lib/*", "EsNode"),
            *(f"-E{name}={value}" for name, value in settings.items()),
        ]

    def _zstd(self) -> list[str]:
        """Show version 9 the system's libzstd, which it takes from a folder."""
        folder = self._home / "nativelibs"
        for library in Path("/usr/lib").glob("*-linux-gnu/libzstd.so.1"):
            folder.mkdir(exist_ok=True)
            if not (folder / "libzstd.so").exists():
                (folder / "libzstd.so").symlink_to(library)
        return [f"-Des.nativelibs.path={folder}"] if folder.is_dir() else []


def cluster(
    made: Distribution,
    home: Path,
    n: int = 3,
    *,
    heap: str = "512m",
    flags: list[str] | None = None,
) -> list[Node]:
    """Start several nodes that are one cluster."""
    nodes = [
        Node(made, home / f"n{i}", name=f"n{i}", heap=heap, flags=flags) for i in range(1, n + 1)
    ]
    for node in nodes:
        node.settings = {
            "discovery.seed_hosts": ",".join(f"127.0.0.1:{each.transport}" for each in nodes),
            "cluster.initial_master_nodes": ",".join(each.name for each in nodes),
        }
        node.start(wait=False)
    for node in nodes:
        node.wait(n)
    return nodes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--major", type=int, default=8, choices=VERSIONS)
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--heap", default="1g")
    arguments = parser.parse_args()
    made, flags, nodes = distribution(arguments.major), list[str](), list[Node]()
    with tempfile.TemporaryDirectory(prefix="elasticsearch-") as home:
        try:
            if arguments.nodes == 1:
                nodes = [Node(made, Path(home), heap=arguments.heap, flags=flags).start()]
            else:
                nodes = cluster(made, Path(home), arguments.nodes, heap=arguments.heap, flags=flags)
            print(",".join(node.host for node in nodes), flush=True)
            sys.stdin.read()
        finally:
            for node in nodes:
                node.stop()


if __name__ == "__main__":
    main()
