"""A private PostgreSQL, an Orgraph server on it, and a client: what the measurements have in common.

Only Python's standard library. Nothing is left behind: data lives in a temporary directory, ports are free ones.
"""

import argparse
import contextlib
import glob
import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICKS = os.sysconf("SC_CLK_TCK")
INSTALL = {
    "initdb": "PostgreSQL's server (Debian: apt install postgresql; macOS: brew install postgresql)",
    "postgres": "PostgreSQL's server (Debian: apt install postgresql; macOS: brew install postgresql)",
    "psql": "PostgreSQL's client (Debian: apt install postgresql-client)",
    "pgbench": "pgbench (Debian: apt install postgresql-contrib, or part of postgresql)",
    "redis-server": "Redis (Debian: apt install redis-server)",
    "wrk": "wrk (Debian: apt install wrk) or oha (cargo install oha)",
}


DEMO = ["--demo", "--demo-users", "10000", "--demo-depts", "200", "--demo-roles", "50", "--demo-operation-logs", "100000"]


def tool(name):
    """The path of a program: from PATH, or from where Debian hides PostgreSQL's."""
    found = shutil.which(name)
    versions = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), key=lambda path: int(path.split("/")[4]))
    # A wrapper in PATH may run an older version than the one that is installed.
    return versions[-1] if versions else found


def need(*names):
    missing = [name for name in names if not tool(name)]
    if missing:
        sys.exit("Missing:\n" + "\n".join(f"  {name}: install {INSTALL.get(name, name)}" for name in missing))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lock_down(directory, user):
    if user:
        os.chown(directory, user.pw_uid, user.pw_gid)


class Postgres:
    """A cluster of its own. PostgreSQL does not run as root, so root lends it another user."""

    def __init__(self, directory):
        need("initdb", "postgres", "psql")
        self.user = None
        if os.geteuid() == 0:
            names = [name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()}]
            if not names:
                sys.exit("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.")
            self.user = pwd.getpwnam(names[0])
        self.port = free_port()
        self.home = os.path.join(directory, "postgres")
        os.mkdir(self.home)
        lock_down(self.home, self.user)
        self.data = os.path.join(self.home, "data")
        self.log = os.path.join(self.home, "log")
        as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []} if self.user else {}
        subprocess.run(
            [tool("initdb"), "-D", self.data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, cwd=self.home, **as_user,
        )
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "", "fsync": "off",
            "log_line_prefix": "@@", "log_min_messages": "warning", "shared_buffers": "256MB", "jit": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen(
            [tool("postgres"), "-D", self.data, *options], stderr=open(self.log, "w"), stdout=subprocess.DEVNULL,
            cwd=self.home, **as_user,
        )
        wait_until(lambda: self.answers(), "PostgreSQL", self.process, self.log)
        self.sql("CREATE DATABASE orgraph", database="postgres")

    def url(self, database="orgraph"):
        return f"postgres://bench@127.0.0.1:{self.port}/{database}"

    def answers(self):
        command = [tool("psql"), "-XAtqc", "SELECT 1", self.url("postgres")]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def sql(self, statement, database="orgraph"):
        command = [tool("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", self.url(database)]
        return subprocess.run(command, input=statement, check=True, capture_output=True, text=True).stdout

    @contextlib.contextmanager
    def listening(self, pause=0.3):
        """Collects the statements that requests send meanwhile, with their parameters, as PostgreSQL got them."""
        self.sql("ALTER SYSTEM SET log_statement = 'all'")
        self.sql("SELECT pg_reload_conf()")
        time.sleep(pause)
        heard = []
        start = os.path.getsize(self.log)
        yield heard
        time.sleep(0.05)
        with open(self.log, errors="replace") as log:
            log.seek(start)
            entries = log.read().split("@@")
        self.sql("ALTER SYSTEM RESET log_statement")
        self.sql("SELECT pg_reload_conf()")
        time.sleep(pause)
        for entry in entries:
            if execute := re.match(r"LOG:\s+execute [^:]*: (.*)", entry, re.S):
                heard.append((execute[1].strip(), {}))
            elif (detail := re.match(r"DETAIL:\s+parameters: (.*)", entry, re.S)) and heard:
                found = re.findall(r"\$(\d+) = (?:(NULL)|'((?:[^']|'')*)')", detail[1])
                heard[-1][1].update({int(n): None if null else text.replace("''", "'") for n, null, text in found})
        # Every server reads by itself what others have changed, four times a second.
        heard[:] = [entry for entry in heard if "cache_invalidations" not in entry[0]]

    def cpu(self):
        """Seconds of processor time of all its processes, ended ones included."""
        seconds = sum(process_times(self.process.pid, with_children=True))
        for pid in children(self.process.pid):
            with contextlib.suppress(OSError):
                seconds += sum(process_times(pid))
        return seconds

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait()


class Redis:
    """A server of its own, that writes nothing down."""

    def __init__(self, directory):
        need("redis-server")
        self.port = free_port()
        self.log = os.path.join(directory, "redis.log")
        self.process = subprocess.Popen(
            [tool("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", directory],
            stdout=open(self.log, "w"), stderr=subprocess.STDOUT,
        )
        wait_until(self.answers, "Redis", self.process, self.log)

    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False

    def stop(self):
        self.process.terminate()
        self.process.wait()


def process_times(pid, with_children=False):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return [int(field) / TICKS for field in fields[11:15 if with_children else 13]]


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as listed:
        return [int(child) for child in listed.read().split()]


def wait_until(ready, what, process, log, patience=600):
    deadline = time.monotonic() + patience
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            with open(log, errors="replace") as text:
                sys.exit(f"{what} did not start:\n{text.read()[-4000:]}")
        time.sleep(0.05)


class Server:
    """`orgraph serve` on some database."""

    def __init__(self, binary, directory, url, *arguments, name="server", environment=()):
        self.port = free_port()
        self.log = os.path.join(directory, f"{name}.log")
        variables = {key: value for key, value in os.environ.items() if not key.startswith("ORGRAPH_")}
        variables.update({
            "ORGRAPH_LISTEN": f"127.0.0.1:{self.port}", "ORGRAPH_DATABASE_URL": url,
            "ORGRAPH_DATA_DIR": os.path.join(directory, "data"), "ORGRAPH_LOG": "info", **dict(environment),
        })
        if password := os.environ.get("ORGRAPH_ADMIN_PASSWORD"):
            variables["ORGRAPH_ADMIN_PASSWORD"] = password
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "serve", *arguments], env=variables, cwd=directory,
            stdout=subprocess.DEVNULL, stderr=open(self.log, "w"),
        )

    def wait(self):
        """Until it answers; gives the seconds since its start."""
        body = json.dumps({"query": "{ __typename }"})
        while True:
            if self.process.poll() is not None:
                with open(self.log) as log:
                    sys.exit(f"The server did not start:\n{log.read()[-4000:]}")
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port)
                connection.request("POST", "/graphql", body, {"content-type": "application/json"})
                if connection.getresponse().status == 200:
                    return time.monotonic() - self.started
            except OSError:
                time.sleep(0.002)

    def ask(self, query, token=None, **variables):
        headers = {"content-type": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        connection.request("POST", "/graphql", json.dumps({"query": query, "variables": variables}), headers)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        if "errors" in answer:
            sys.exit(f"The server refused {query}\n{json.dumps(answer['errors'], indent=1)}")
        return answer["data"]

    def login(self, username, password):
        query = "mutation ($input: LoginInput!) { login(input: $input) { accessToken } }"
        return self.ask(query, input={"username": username, "password": password})["login"]["accessToken"]

    def memory(self):
        """Resident megabytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def cpu(self):
        return sum(process_times(self.process.pid))

    def stop(self):
        self.process.terminate()
        self.process.wait()


def restricted_viewer(server, admin, password):
    """Someone who may read users, departments and roles, of one division: its token is the answer."""
    depts = server.ask("{ depts(first: 100) { nodes { id name userCount parent { parent { id } } children { id } } } }", admin)
    inner = [dept for dept in depts["depts"]["nodes"] if dept["parent"] and not dept["parent"]["parent"] and dept["children"]]
    if not inner:
        sys.exit("The example organisation has no department in the middle of its tree.")
    dept = inner[0]["id"]
    wanted = {"sys:user:read", "sys:dept:read", "sys:role:read"}
    menus = server.ask("{ menus(first: 100) { nodes { id permissions } } }", admin)["menus"]["nodes"]
    granting = [menu["id"] for menu in menus if wanted & set(menu["permissions"])]
    role = server.ask(
        "mutation ($input: CreateRoleInput!) { createRole(input: $input) { role { id } } }",
        admin, input={"name": "Benchmark reader"},
    )["createRole"]["role"]["id"]
    server.ask(
        "mutation ($input: SetRoleMenusInput!) { setRoleMenus(input: $input) { role { id } } }",
        admin, input={"roleId": role, "menuIds": granting},
    )
    server.ask(
        "mutation ($input: SetRoleDataScopeInput!) { setRoleDataScope(input: $input) { role { id } } }",
        admin, input={"roleId": role, "dataScope": "DEPT_AND_BELOW"},
    )
    server.ask(
        "mutation ($input: CreateUserInput!) { createUser(input: $input) { user { id } } }",
        admin, input={
            "username": "benchmark.reader", "password": password, "nickname": "Benchmark reader",
            "deptId": dept, "roleIds": [role],
        },
    )
    return server.login("benchmark.reader", password)


def measuring(doc):
    """What the commands have in common that load servers."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--connections", type=int, default=16)
    return parser


def administrator():
    """The administrator's password."""
    return os.environ.get("ORGRAPH_ADMIN_PASSWORD") or sys.exit(
        "Set ORGRAPH_ADMIN_PASSWORD: the administrator of the measured server, which lives for minutes only.")


def load(url, query, token, connections, seconds, directory):
    """Requests a second and milliseconds (p50, p99); any error ends the run."""
    if not tool("oha"):
        need("wrk")
    body = json.dumps({"query": query})
    if tool("wrk"):
        script = os.path.join(directory, "request.lua")
        with open(script, "w") as lua:
            lua.write('wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n')
            if token:
                lua.write(f'wrk.headers["authorization"] = "Bearer {token}"\n')
            lua.write(f"wrk.body = [==[{body}]==]\n")
            lua.write(
                'function done(summary, latency)\n'
                '  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,\n'
                "    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,\n"
                "    latency:percentile(50), latency:percentile(99)))\n"
                "end\n"
            )
        command = [tool("wrk"), "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, url]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        requests, micros, errors, p50, p99 = map(int, re.search(r"RESULT (.*)", out)[1].split())
        if errors:
            sys.exit(f"{errors} requests failed:\n{out}")
        return requests, requests / micros * 1e6, p50 / 1e3, p99 / 1e3
    command = [tool("oha"), "-c", str(connections), "-z", f"{seconds}s", "-m", "POST", "-d", body, "--no-tui", "--json"]
    for header in ["content-type: application/json"] + ([f"authorization: Bearer {token}"] if token else []):
        command += ["-H", header]
    out = json.loads(subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout)
    requests = sum(out["statusCodeDistribution"].values())
    if set(out["statusCodeDistribution"]) != {"200"}:
        sys.exit(f"requests failed: {out['statusCodeDistribution']}")
    percentiles = out["latencyPercentiles"]
    return requests, out["summary"]["requestsPerSec"], percentiles["p50"] * 1e3, percentiles["p99"] * 1e3


@contextlib.contextmanager
def laboratory():
    """A temporary directory that processes may live in."""
    directory = tempfile.mkdtemp(prefix="orgraph-bench-")
    os.chmod(directory, 0o755)
    running = []
    try:
        yield directory, running
    finally:
        for process in reversed(running):
            with contextlib.suppress(ProcessLookupError):
                process.stop()
        shutil.rmtree(directory, ignore_errors=True)


def built(path):
    """The release build, made now if no other is given."""
    if path:
        return os.path.abspath(path)
    subprocess.run(["cargo", "build", "--release", "--locked"], check=True, cwd=ROOT)
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version=1", "--no-deps"], check=True, cwd=ROOT, capture_output=True
    )
    return os.path.join(json.loads(metadata.stdout)["target_directory"], "release", "orgraph")
