#!/usr/bin/env python3
"""How the database finds the rows of each list: by filter, by sort, deep inside, and for a restricted viewer.

    ORGRAPH_ADMIN_PASSWORD=… bench/plans.py [--server PATH] [--sqlite]

Asks the API for every list with every filter and sort, takes the statements as PostgreSQL gets them, and runs each
again under EXPLAIN ANALYZE. With --sqlite, SQLite's EXPLAIN QUERY PLAN of the same lists. Prints a table.
"""

import argparse
import json
import os
import re
import sqlite3

from lab import Postgres, Server, administrator, built, laboratory, restricted_viewer

SIZES = {"users": 100_000, "depts": 1_000, "roles": 50, "operation-logs": 100_000}

# Nobody logs in as often as this: a session in use and one that has ended for each user, within the last hour.
SESSIONS = """
    INSERT INTO sessions (id, user_id, ip, created_at, last_seen_at, expires_at, ended_at)
    SELECT gen_random_uuid(), users.id, '10.0.' || (row % 200) || '.' || (row % 250),
        now() - row * interval '30 ms', now() - (row * 7919 % 100000) * interval '30 ms', now() + interval '7 days',
        CASE WHEN ended THEN now() END
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS row FROM users) AS users, (VALUES (true), (false)) AS copies (ended)
"""


def cases(server, admin):
    """(list, what is asked, query, whether for the restricted viewer as well)"""
    def ask(query):
        return server.ask(query, admin)

    def middle(field, arguments, of):
        """A cursor far from both ends."""
        at = f"orderBy: {arguments}, " if arguments else ""
        page = ask(f"{{ {field}({at}first: 1, offset: {of // 2}) {{ pageInfo {{ endCursor }} }} }}")
        return page[field]["pageInfo"]["endCursor"]

    user = ask("{ users(first: 1, offset: 500) { nodes { id username dept { id } roles { id } } } }")["users"]["nodes"][0]
    depts = ask("{ depts(first: 100) { nodes { id parent { id } children { id } } } }")["depts"]["nodes"]
    division = next(dept["id"] for dept in depts if dept["parent"] and dept["children"])
    log = ask("{ operationLogs(first: 1, offset: 500) { nodes { traceId field ip username createdAt } } }")
    log = log["operationLogs"]["nodes"][0]
    login = ask("{ loginLogs(first: 1, offset: 500) { nodes { ip username createdAt } } }")["loginLogs"]["nodes"][0]
    day = f'{{ from: "{log["createdAt"][:10]}T00:00:00Z", until: "{log["createdAt"][:10]}T01:00:00Z" }}'
    lists = {
        "users": (SIZES["users"], "id username status", {
            'text: "ada"': "some names", 'text: "zzzz"': "no name", "status: DISABLED": None, "status: ENABLED": None,
            f'deptId: "{division}"': "department and below", f'deptId: "{user["dept"]["id"]}"': "small department",
            f'roleId: "{user["roles"][0]["id"]}"': "role", "isSuperuser: true": None, "isStaff: true": None,
            f"createdAt: {day}": "created within an hour",
            "hasDept: false": None, f"lastLoginAt: {day}": "logged in within an hour",
        }, ["USERNAME", "NICKNAME", "STATUS", "CREATED_AT"]),
        "roles": (SIZES["roles"], "id name", {
            'text: "ada"': "name", "status: DISABLED": None, "dataScope: CUSTOM": None, f"createdAt: {day}": "created",
        }, ["NAME", "STATUS", "CREATED_AT"]),
        "menus": (30, "id title", {
            'text: "user"': "title", "kind: BUTTON": None, "status: DISABLED": None, "parentId: null": None,
            f"createdAt: {day}": "created",
        }, ["SORT", "TITLE", "CREATED_AT"]),
        "depts": (SIZES["depts"], "id name", {
            'text: "team"': "name or leader", "status: DISABLED": None, "parentId: null": None,
            f'belowId: "{division}"': "below", f'parentId: "{division}"': "parent", f"createdAt: {day}": "created",
        }, ["SORT", "NAME", "CREATED_AT"]),
        "loginLogs": (SIZES["users"] * 5, "id username", {
            f'userId: "{user["id"]}"': "user", f'username: "{login["username"]}"': "user name",
            "outcome: WRONG_PASSWORD": None, "outcome: UNKNOWN_USER": None, f'ip: "{login["ip"]}"': "address",
            f"createdAt: {day}": "within an hour",
        }, ["CREATED_AT", "USERNAME"]),
        "operationLogs": (SIZES["operation-logs"], "id field", {
            f'targetId: "{user["id"]}"': "changed object",
            f'userId: "{user["id"]}"': "user", f'username: "{log["username"]}"': "user name",
            f'field: "{log["field"]}"': "root field", 'field: "nothing"': "unknown root field", "status: FAILED": None,
            f'traceId: "{log["traceId"]}"': "trace id", f'ip: "{log["ip"]}"': "address", f"createdAt: {day}": "within an hour",
        }, ["CREATED_AT", "DURATION"]),
        "onlineSessions": (SIZES["users"], "id ip lastSeenAt", {
            f'userId: "{user["id"]}"': "user", f'username: "{user["username"]}"': "user name", 'ip: "10.0.1.1"': "address",
            f"createdAt: {day}": "opened within an hour", f"lastSeenAt: {day}": "seen within an hour",
        }, ["CREATED_AT", "LAST_SEEN_AT", "EXPIRES_AT"]),
    }
    for field, (size, columns, filters, sorts) in lists.items():
        rest = f"{{ nodes {{ {columns} }} }}"
        scoped = field not in ("roles", "menus")
        yield field, "first page", f"{{ {field}(first: 20) {rest} }}", scoped
        yield field, "count", f"{{ {field}(first: 0) {{ totalCount }} }}", scoped
        deep = middle(field, "", size)
        yield field, "deep page, cursor", f'{{ {field}(first: 20, after: "{deep}") {rest} }}', scoped
        yield field, "deep page backward", f'{{ {field}(last: 20, before: "{deep}") {rest} }}', scoped
        yield field, "deep page, offset", f"{{ {field}(first: 20, offset: {size // 2}) {rest} }}", scoped
        for sort in sorts:
            for direction in ("ASC", "DESC"):
                order = f"[{{ field: {sort}, direction: {direction} }}]"
                yield field, f"by {sort} {direction}", f"{{ {field}(orderBy: {order}, first: 20) {rest} }}", scoped
                deep = middle(field, order, size)
                yield (field, f"by {sort} {direction}, deep",
                       f'{{ {field}(orderBy: {order}, first: 20, after: "{deep}") {rest} }}', False)
        mixed = f"[{{ field: {sorts[0]}, direction: DESC }}, {{ field: {sorts[1]}, direction: ASC }}]"
        yield field, f"by {sorts[0]} DESC, {sorts[1]}", f"{{ {field}(orderBy: {mixed}, first: 20) {rest} }}", False
        for condition, label in filters.items():
            yield field, f"where {label or condition}", f"{{ {field}(filter: {{ {condition} }}, first: 20) {rest} }}", scoped
            yield (field, f"count where {label or condition}",
                   f"{{ {field}(filter: {{ {condition} }}, first: 0) {{ totalCount }} }}", False)
    for outer in ("depts", "roles"):
        nested = "users(first: 20) { nodes { id username } }"
        yield outer, "20 with 20 users each", f"{{ {outer}(first: 20) {{ nodes {{ id {nested} }} }} }}", True
        last = nested.replace("first", "last")
        yield outer, "20 with their last 20 users", f"{{ {outer}(first: 20) {{ nodes {{ id {last} }} }} }}", True
        yield outer, "20 with userCount", f"{{ {outer}(first: 20) {{ nodes {{ id userCount }} }} }}", True
        yield (outer, "20 with users' totalCount",
               f"{{ {outer}(first: 20) {{ nodes {{ id users(first: 1) {{ totalCount }} }} }} }}", True)
    yield "users", "with department and roles", "{ users(first: 100) { nodes { id dept { id } roles { id } } } }", True


def literal(statement, parameters):
    def value(match):
        text = parameters[int(match[1])]
        return "NULL" if text is None else "'" + text.replace("'", "''") + "'"
    return re.sub(r"\$(\d+)", value, statement)


def walk(plan):
    yield plan
    for inner in plan.get("Plans", ()):
        yield from walk(inner)


def described(plan):
    """The nodes that touch tables or sort, and what was read in vain."""
    parts = []
    for node in walk(plan):
        kind = node["Node Type"]
        name = node.get("Index Name") or node.get("Relation Name") or ""
        if "Scan" in kind and kind not in ("CTE Scan", "Subquery Scan") or kind in ("Sort", "Incremental Sort"):
            removed = node.get("Rows Removed by Filter", 0) * node["Actual Loops"]
            waste = f" (−{removed:.0f})" if removed > 100 else ""
            count = f" ×{node['Actual Loops']}" if node["Actual Loops"] > 1 else ""
            parts.append(f"{kind} {name}".strip() + waste + count)
    return ", ".join(parts)


def on_postgres(binary, directory, running, password):
    postgres = Postgres(directory)
    running.append(postgres)
    demo = ["--demo"] + [f"--demo-{name}={size}" for name, size in SIZES.items()]
    server = Server(binary, directory, postgres.url(), *demo)
    running.append(server)
    server.wait()
    admin = server.login("admin", password)
    viewer = restricted_viewer(server, admin, password)
    # What the viewer may see of logs takes two more rights.
    grant_logs(server, admin)
    postgres.sql(SESSIONS)
    postgres.sql("VACUUM ANALYZE")
    print("| list | asked | viewer | plan | ms |\n|---|---|---|---|---|")
    everything = list(cases(server, admin))
    for field, asked, query, scoped in everything:
        for who, token in (("all", admin), ("scoped", viewer))[: 2 if scoped else 1]:
            server.ask(query, token)
    for field, asked, query, scoped in everything:
        for who, token in (("all", admin), ("scoped", viewer))[: 2 if scoped else 1]:
            with postgres.listening(pause=0.05) as heard:
                server.ask(query, token)
            for statement, parameters in heard:
                # The server's own: reading what other nodes have changed, and writing when sessions were last used.
                if "cache_invalidations" in statement or statement.startswith("UPDATE"):
                    continue
                if asked.startswith("20 with") and statement.startswith(f'SELECT "{field}"'):
                    continue
                if statement.startswith("SELECT COUNT") and "count" not in asked.lower():
                    continue
                if "first: 0" in query and not statement.startswith("SELECT COUNT"):
                    continue
                explain = "EXPLAIN (ANALYZE, FORMAT JSON) " + literal(statement, parameters)
                plan = json.loads(postgres.sql(explain))[0]
                plan = json.loads(postgres.sql(explain))[0]
                print(f"| {field} | {asked} | {who} | {described(plan['Plan'])} | {plan['Execution Time']:.1f} |", flush=True)


def grant_logs(server, admin):
    menus = server.ask("{ menus(first: 100) { nodes { id permissions } } }", admin)["menus"]["nodes"]
    wanted = {"sys:user:read", "sys:dept:read", "sys:role:read", "log:login:read", "log:opera:read", "monitor:session:read"}
    granting = [menu["id"] for menu in menus if wanted & set(menu["permissions"])]
    role = server.ask('{ roles(filter: { text: "Benchmark reader" }) { nodes { id } } }', admin)["roles"]["nodes"][0]["id"]
    server.ask("mutation ($input: SetRoleMenusInput!) { setRoleMenus(input: $input) { role { id } } }",
               admin, input={"roleId": role, "menuIds": granting})


def on_sqlite(binary, directory, running, password):
    path = os.path.join(directory, "orgraph.db")
    for name in ("users", "operation-logs"):
        SIZES[name] //= 10
    demo = ["--demo"] + [f"--demo-{name}={size}" for name, size in SIZES.items()]
    server = Server(binary, directory, f"sqlite://{path}", *demo, environment={"ORGRAPH_LOG": "orgraph::sql=trace"}.items())
    running.append(server)
    server.wait()
    admin = server.login("admin", password)
    viewer = restricted_viewer(server, admin, password)
    grant_logs(server, admin)
    database = sqlite3.connect(path)
    database.create_function("lower", 1, lambda text: text and text.lower(), deterministic=True)
    print("| list | asked | viewer | SQLite's plan |\n|---|---|---|---|")
    for field, asked, query, scoped in list(cases(server, admin)):
        for who, token in (("all", admin), ("scoped", viewer))[: 2 if scoped else 1]:
            server.ask(query, token)
            start = os.path.getsize(server.log)
            server.ask(query, token)
            with open(server.log) as log:
                log.seek(start)
                heard = [json.loads(line)["query"] for line in log if line.startswith("{")]
            for statement in heard:
                statement = re.sub(r"\s*-- binds: .*", "", statement, flags=re.S)
                if not statement.upper().startswith("SELECT"):
                    continue
                if "first: 0" in query and not statement.startswith("SELECT COUNT"):
                    continue
                marks = statement.count("?")
                rows = database.execute("EXPLAIN QUERY PLAN " + statement, [None] * marks).fetchall()
                plan = "; ".join(row[3] for row in rows)
                print(f"| {field} | {asked} | {who} | {plan} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", metavar="PATH")
    parser.add_argument("--sqlite", action="store_true")
    options = parser.parse_args()
    password = administrator()
    with laboratory() as (directory, running):
        run = on_sqlite if options.sqlite else on_postgres
        run(built(options.server), directory, running, password)


if __name__ == "__main__":
    main()
