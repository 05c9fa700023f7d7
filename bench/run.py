#!/usr/bin/env python3
"""How fast Orgraph answers, beside what PostgreSQL alone can do with the same statements.

    ORGRAPH_ADMIN_PASSWORD=… bench/run.py

Starts a private PostgreSQL and the release server with an example organisation, logs in as a viewer who sees one
division, and lets a load generator and pgbench take turns on the same data, several rounds; medians are printed.
To compare two builds in one run: bench/run.py --server before=path/to/orgraph --server after=path/to/other
"""

import os
import re
import statistics
import subprocess
import time

from lab import (
    DEMO, Postgres, Server, administrator, built, laboratory, load, measuring, need, restricted_viewer, tool,
)

NESTED = "users(first: %d) { nodes { id username status dept { id name } roles { id name } } }"
FLAT = "users(first: %d) { nodes { id username status } }"


def arguments():
    parser = measuring(__doc__)
    parser.add_argument("--server", action="append", metavar="[NAME=]PATH", help="a server program; more to compare")
    parser.add_argument("--only", default="nested,flat,typename", help="which pages")
    parser.add_argument("--perf", metavar="FILE", help="record the first server under the nested page with perf")
    return parser.parse_args()


def pgbench(postgres, statements, connections, seconds, directory):
    """Pages a second of the same statements with the same parameters, prepared."""
    path = os.path.join(directory, "page.sql")
    variables = []
    with open(path, "w") as script:
        for at, (statement, parameters) in enumerate(statements):
            script.write(re.sub(r"\$(\d+)", rf":p{at}_\1", statement) + ";\n")
            for number, value in parameters.items():
                variables += ["-D", f"p{at}_{number}={value}"]
    command = [
        tool("pgbench"), "-n", "-M", "prepared", "-c", str(connections), "-j", "1", "-T", str(seconds), *variables,
        "-f", path, postgres.url(),
    ]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    pages = int(re.search(r"actually processed: (\d+)", out)[1])
    return pages, float(re.search(r"tps = ([\d.]+) \(without", out)[1])


def main():
    options = arguments()
    need("initdb", "postgres", "psql", "pgbench")
    password = administrator()
    named = [spec.rsplit("=", 1) if "=" in spec else ["server", spec] for spec in options.server or ["server="]]
    binaries = {name: built(path) for name, path in named}
    with laboratory() as (directory, running):
        postgres = Postgres(directory)
        running.append(postgres)
        first = Server(next(iter(binaries.values())), directory, postgres.url(), *DEMO, name="first")
        running.append(first)
        first.wait()
        admin = first.login("admin", password)
        viewer = restricted_viewer(first, admin, password)
        first.stop()
        running.remove(first)
        postgres.sql("VACUUM ANALYZE")

        print(f"{os.cpu_count()} processors, {options.connections} connections, "
              f"{options.rounds} rounds of {options.seconds} s, medians\n")
        servers = {}
        print("| start on a migrated database | first answer | resident then |\n|---|---|---|")
        for name, binary in binaries.items():
            starts, sizes = [], []
            for _ in range(3):
                server = Server(binary, directory, postgres.url(), name=name)
                running.append(server)
                starts.append(server.wait())
                time.sleep(1)
                sizes.append(server.memory())
                server.stop()
                running.remove(server)
            print(f"| {name} | {statistics.median(starts):.3f} s | {statistics.median(sizes):.1f} MB |")
            servers[name] = Server(binary, directory, postgres.url(), name=name)
            running.append(servers[name])
            servers[name].wait()

        print("\n| statements for a page of | 1 | 20 | 100 |\n|---|---|---|---|")
        server = next(iter(servers.values()))
        pages = {"nested": NESTED, "flat": FLAT}
        for page, query in pages.items():
            for who, token in {"restricted viewer": viewer, "superuser": admin}.items():
                counts = []
                for size in (1, 20, 100):
                    server.ask(f"{{ {query % size} }}", token)
                    with postgres.listening() as heard:
                        server.ask(f"{{ {query % size} }}", token)
                    counts.append(len(heard))
                print(f"| {page}, {who} | " + " | ".join(map(str, counts)) + " |")
        statements = {}
        for page, query in pages.items():
            with postgres.listening() as heard:
                server.ask(f"{{ {query % 20} }}", viewer)
            statements[page] = heard

        queries = {page: (f"{{ {query % 20} }}", viewer) for page, query in pages.items()}
        queries["typename"] = ("{ __typename }", None)
        queries = {page: query for page, query in queries.items() if page in options.only.split(",")}
        results = {}

        def measure(page, who, work, server=None):
            before = (postgres.cpu(), server.cpu() if server else 0)
            count, *numbers = work()
            after = (postgres.cpu(), server.cpu() if server else 0)
            cpu = [(late - early) / count * 1e3 for early, late in zip(before, after)]
            results.setdefault((page, who), []).append((*numbers, *cpu))

        for at in range(-1, options.rounds):
            seconds = options.seconds if at >= 0 else 2
            for page, (query, token) in queries.items():
                if page in statements:
                    measure(page, "pgbench", lambda: pgbench(
                        postgres, statements[page], options.connections, seconds, directory))
                for name, server in servers.items():
                    url = f"http://127.0.0.1:{server.port}/graphql"
                    recorder = None
                    if options.perf and page == "nested" and at == 0 and name == next(iter(servers)):
                        recorder = subprocess.Popen([
                            "perf", "record", "-q", "-F", "1999", "-g", "-o", options.perf, "-p", str(server.process.pid),
                            "--", "sleep", str(seconds)])
                    measure(page, name, lambda: load(
                        url, query, token, options.connections, seconds, directory), server)
                    if recorder:
                        recorder.wait()
            if at < 0:
                results.clear()

        print("\n| page | who | pages/s | of pgbench | p50 ms | p99 ms | server CPU ms | PostgreSQL CPU ms |")
        print("|---|---|---|---|---|---|---|---|")
        for (page, who), rounds in results.items():
            middle = [statistics.median(column) for column in zip(*rounds)]
            if who == "pgbench":
                print(f"| {page} | {who} | {middle[0]:.0f} | 1 | | | | {middle[1]:.3f} |")
                continue
            ratio = ""
            if (page, "pgbench") in results:
                ratios = [own[0] / best[0] for own, best in zip(rounds, results[page, "pgbench"])]
                ratio = f"{statistics.median(ratios):.3f}"
            rate, p50, p99, database, own = middle
            print(f"| {page} | {who} | {rate:.0f} | {ratio} | {p50:.2f} | {p99:.2f} | {own:.3f} | {database:.3f} |")
        print("\nResident after the load: " + ", ".join(
            f"{name} {server.memory():.1f} MB" for name, server in servers.items()))


if __name__ == "__main__":
    main()
