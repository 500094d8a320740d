"""Starts the systems that examples read, on free ports of the loopback interface.

Each is a context manager that yields the system's address and ends its process.
Their programs are those that scripts/setup has installed; their data and logs
are in the given directory.
"""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator

TOOLS = pathlib.Path(__file__).parents[2] / ".tools"
READY = 120  # seconds that a system has to start, on a machine under load


@contextlib.contextmanager
def process(command: list[str], log: pathlib.Path, end: signal.Signals = signal.SIGTERM, **options) -> Iterator[subprocess.Popen]:
    """Runs a command with its output in log; ends it by a signal, and after 20 s by SIGKILL."""
    with log.open("wb") as out:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True, **options)
    try:
        yield server
    finally:
        server.send_signal(end)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def await_ready(server: subprocess.Popen, log: pathlib.Path, ready: Callable[[], str]) -> str:
    """Returns the first text that ready returns; the error has the end of the log."""
    deadline = time.monotonic() + READY
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            if address := ready():
                return address
        time.sleep(0.1)
    raise SystemExit(f"{server.args[0]} is not ready (exit code {server.poll()}); the end of {log}:\n{log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connects(port: int) -> str:
    socket.create_connection(("127.0.0.1", port), 1).close()
    return f"127.0.0.1:{port}"


@contextlib.contextmanager
def postgresql(base: pathlib.Path) -> Iterator[tuple[str, str]]:
    """PostgreSQL 16: yields host:port for clients with a password, and the directory of the superuser's socket.

    PostgreSQL refuses to run as root: it then runs as the user nobody.
    """
    home = base / "postgresql"
    home.mkdir(mode=0o700)
    user = {}
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
        user = {"user": "nobody", "group": os.stat(home).st_gid, "extra_groups": []}
    programs, data = TOOLS.resolve() / "stores/postgresql/bin", home / "data"
    # The superuser has no password: only who may enter the directory reaches its socket.
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync", "--auth-local=trust", "--auth-host=scram-sha-256"],
        check=True, stdout=subprocess.DEVNULL, cwd=home, **user,
    )
    port, log = free_port(), base / "postgresql.log"
    settings = {
        "listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": home,
        "shared_buffers": "32MB", "fsync": "off", "full_page_writes": "off",
    }
    command = [str(programs / "postgres"), "-D", str(data), *(f"--{key}={value}" for key, value in settings.items())]
    with process(command, log, signal.SIGINT, cwd=home, **user) as server:  # SIGINT: end now, also with clients
        yield await_ready(server, log, lambda: connects(port)), str(home)


@contextlib.contextmanager
def opensearch(base: pathlib.Path) -> Iterator[str]:
    """OpenSearch 2.19 without the security plugin: yields its URL. It chooses a free port above 9200 itself."""
    config, log = base / "opensearch/node_1/config", base / "opensearch.log"
    config.mkdir(parents=True)
    config.joinpath("opensearch.yml").write_text(
        f"network.host: 127.0.0.1\ntransport.port: {free_port()}\ndiscovery.type: single-node\ncluster.routing.allocation.disk.threshold_enabled: false\n"
    )
    java = shutil.which("java", path=os.path.join(os.environ["JAVA_HOME"], "bin") if os.environ.get("JAVA_HOME") else None)
    command = [
        java or "java", "-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", str(TOOLS / "stores/opensearch/*"),
        "org.codelibs.opensearch.runner.OpenSearchRunner", "-basePath", str(base / "opensearch"), "-numOfNode", "1", "-clusterName", "stores",
    ]
    with process(command, log) as server:

        def ready() -> str:
            port = re.search(r"HTTP Port: +(\d+)", log.read_text())
            if not port:
                return ""
            with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/_cluster/health", timeout=5):
                return f"http://127.0.0.1:{port[1]}"

        yield await_ready(server, log, ready)


@contextlib.contextmanager
def ferretdb(base: pathlib.Path, user: str, password: str) -> Iterator[str]:
    """FerretDB, which speaks MongoDB's protocol, on SQLite: yields host:port. The user is created with the first login."""
    data, log, port = base / "ferretdb", base / "ferretdb.log", free_port()
    data.mkdir()
    # Arguments would be visible to all processes.
    environment = {
        **os.environ, "FERRETDB_LISTEN_ADDR": f"127.0.0.1:{port}", "FERRETDB_DEBUG_ADDR": "-", "FERRETDB_TELEMETRY": "disable",
        "FERRETDB_HANDLER": "sqlite", "FERRETDB_SQLITE_URL": f"file:{data}/", "FERRETDB_STATE_DIR": str(data), "FERRETDB_LOG_LEVEL": "warn",
        "FERRETDB_TEST_ENABLE_NEW_AUTH": "true", "FERRETDB_SETUP_USERNAME": user, "FERRETDB_SETUP_PASSWORD": password, "FERRETDB_SETUP_DATABASE": "admin",
    }
    with process([str(TOOLS / "warehouse/ferretdb")], log, env=environment, cwd=data) as server:
        yield await_ready(server, log, lambda: connects(port))


@contextlib.contextmanager
def redis(base: pathlib.Path, password: str) -> Iterator[str]:
    """Redis 6.2 in memory: yields host:port."""
    log, config, port = base / "redis.log", base / "redis.conf", free_port()
    config.touch(0o600)
    config.write_text(f"bind 127.0.0.1\nport {port}\nrequirepass {password}\nsave \"\"\nappendonly no\ndir {base}\n")
    with process([str(TOOLS / "warehouse/redis-server"), str(config)], log, cwd=base) as server:
        address = await_ready(server, log, lambda: connects(port))
        config.unlink()  # was read
        yield address
