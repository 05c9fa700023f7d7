#!/usr/bin/env python3
"""What it costs to know who asks: an authenticated viewer beside a question that needs nobody.

    ORGRAPH_ADMIN_PASSWORD=… bench/cache.py [--server PATH]

Two servers on one private PostgreSQL, with warm caches: one that keeps values in its process, and one that keeps
none there and asks a private Redis each time. Load generator turns between them, several rounds; medians are printed.
"""

import os
import secrets
import statistics

from lab import (
    DEMO, Postgres, Redis, Server, administrator, built, laboratory, load, measuring, need, restricted_viewer,
)

VIEWER = "{ viewer { user { id } } }"
ANYBODY = "{ __typename }"


def arguments():
    parser = measuring(__doc__)
    parser.add_argument("--server", metavar="PATH", help="a server program, instead of the release build")
    return parser.parse_args()


def main():
    options = arguments()
    need("initdb", "postgres", "psql", "redis-server")
    password = administrator()
    binary = built(options.server)
    with laboratory() as (directory, running):
        postgres, redis = Postgres(directory), Redis(directory)
        running += [postgres, redis]
        shared = {"ORGRAPH_TOKEN_SECRET": secrets.token_hex(32)}
        in_process = Server(binary, directory, postgres.url(), *DEMO, name="in process", environment=shared)
        running.append(in_process)
        in_process.wait()
        token = restricted_viewer(in_process, in_process.login("admin", password), password)
        postgres.sql("VACUUM ANALYZE")
        only_redis = Server(
            binary, directory, postgres.url(), name="Redis only",
            environment={**shared, "ORGRAPH_REDIS_URL": redis.url(), "ORGRAPH_CACHE_SIZE": "0"},
        )
        running.append(only_redis)
        only_redis.wait()
        servers = {"in process": in_process, "Redis only": only_redis}

        results = {}
        for at in range(-1, options.rounds):
            for name, server in servers.items():
                url = f"http://127.0.0.1:{server.port}/graphql"
                seconds = options.seconds if at >= 0 else 1
                rate = [
                    load(url, query, who, options.connections, seconds, directory)[1]
                    for query, who in ((ANYBODY, None), (VIEWER, token))
                ]
                if at >= 0:
                    results.setdefault(name, []).append((*rate, rate[1] / rate[0]))

        print(f"{os.cpu_count()} processors, {options.connections} connections, "
              f"{options.rounds} rounds of {options.seconds} s, medians\n")
        print(f"| values are kept | `{ANYBODY}` | `{VIEWER}` | ratio | statements |\n|---|---|---|---|---|")
        for name, server in servers.items():
            with postgres.listening() as heard:
                for _ in range(20):
                    server.ask(VIEWER, token)
            anybody, viewer, ratio = (statistics.median(column) for column in zip(*results[name]))
            print(f"| {name} | {anybody:.0f}/s | {viewer:.0f}/s | {ratio:.2f} | {len(heard)} |")


if __name__ == "__main__":
    main()
