"""Loads the systems of the example store-availability and keeps them running until its input ends.

PostgreSQL gets stores and a week of schedules, a schema for each country, which
only the role of that country can read. OpenSearch gets what users are shown: an
index for each country. A known share of the stores is shown wrongly. Everything
is the same for a seed, except the passwords: they are random, and written to the
secrets stores/<country> only, of the account that the environment selects.

Prints one line of JSON: the addresses, and the process ids of the systems.
"""

import argparse
import contextlib
import dataclasses
import datetime as dt
import json
import pathlib
import random
import secrets
import signal
import sys
import tempfile
import zoneinfo
from collections.abc import Iterator

import boto3
import servers

sys.path.append(str(servers.TOOLS / "stores/python"))
import opensearchpy
import opensearchpy.helpers
import psycopg
from psycopg import sql

COUNTRIES = {"pt": "Europe/Lisbon", "es": "Europe/Madrid", "it": "Europe/Rome"}
HOURS = [[("09:00", "21:00")], [("08:00", "22:00")], [("10:00", "14:00"), ("17:00", "20:30")], [("18:00", "02:00")], [("00:00", "00:00")]]
MAPPING = {"dynamic": "strict", "properties": {"store_id": {"type": "integer"}, "visible": {"type": "boolean"}, "open": {"type": "date_range"}}}


@dataclasses.dataclass
class Store:
    """A store, its periods by ISO weekday, and whether the index has it, shows it, and how many hours its periods are late there."""

    id: int
    country: str
    week: dict[int, list[tuple[str, str]]]
    indexed: bool
    visible: bool
    late: int


def make(number: int, seed: int) -> Iterator[Store]:
    """Makes stores 1 to number; each depends on the seed and its own number only."""
    for i in range(1, number + 1):
        r = random.Random(f"{seed}/{i}")
        hours, closed = HOURS[int(r.random() * len(HOURS))], int(r.random() * 14) + 1  # half of the stores close on a weekday
        week = {day: hours for day in range(1, 8) if day != closed}
        fault = r.random()  # 1 % are not indexed, 1 % hidden, and 2 % have the hours of another zone
        yield Store(i, list(COUNTRIES)[int(r.random() * 3)], week, fault >= 0.01, not 0.01 <= fault < 0.02, 3 if 0.02 <= fault < 0.04 else 0)


def periods(store: Store, first: dt.date, days: int) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """Yields when a store is open by its schedule, from the given date of its zone; ends may be on the next date."""
    zone = zoneinfo.ZoneInfo(COUNTRIES[store.country])
    for date in (first + dt.timedelta(n) for n in range(days)):
        for opens, closes in store.week.get(date.isoweekday(), []):
            yield tuple(
                dt.datetime.combine(date + dt.timedelta(later), dt.time.fromisoformat(clock), zone)
                for clock, later in ((opens, 0), (closes, closes <= opens))
            )


def load_database(socket: str, port: str, stores: list[Store], passwords: dict[str, str]) -> None:
    with psycopg.connect(host=socket, port=port, user="postgres", dbname="postgres") as db:
        for country, password in passwords.items():
            role, schema = sql.Identifier(f"stores_{country}"), sql.Identifier(country)
            # What the server gets, and may log, is a hash.
            verifier = db.pgconn.encrypt_password(password.encode(), f"stores_{country}".encode(), b"scram-sha-256").decode()
            for statement in (
                "create role {role} login password {verifier}",
                "create schema {schema}",
                "create table {schema}.stores (store_id integer primary key, name text not null, timezone text not null)",
                """create table {schema}.schedules (store_id integer not null references {schema}.stores, weekday smallint not null,
                   opens time not null, closes time not null, primary key (store_id, weekday, opens))""",
                "grant usage on schema {schema} to {role}",
                "grant select on all tables in schema {schema} to {role}",
                "alter role {role} set search_path = {schema}",
            ):
                db.execute(sql.SQL(statement).format(role=role, schema=schema, verifier=verifier))
            mine = [s for s in stores if s.country == country]
            with db.cursor() as cursor:
                with cursor.copy(sql.SQL("copy {}.stores from stdin").format(schema)) as copy:
                    for s in mine:
                        copy.write_row((s.id, f"Store {s.id}", COUNTRIES[country]))
                with cursor.copy(sql.SQL("copy {}.schedules from stdin").format(schema)) as copy:
                    for s in mine:
                        for day, hours in s.week.items():
                            for opens, closes in hours:
                                copy.write_row((s.id, day, opens, closes))


def load_index(url: str, stores: list[Store], first: dt.date, days: int) -> None:
    """Loads what users are shown from the first date on."""
    with contextlib.closing(opensearchpy.OpenSearch(url)) as client:
        for country in COUNTRIES:
            client.indices.create(f"stores-{country}", {"settings": {"number_of_shards": 1, "number_of_replicas": 0}, "mappings": MAPPING})
        # An end of midnight belongs to the next period.
        documents = (
            {
                "_index": f"stores-{s.country}", "_id": s.id, "store_id": s.id, "visible": s.visible,
                "open": [
                    {"gte": (begin + dt.timedelta(hours=s.late)).isoformat(), "lt": (end + dt.timedelta(hours=s.late)).isoformat()}
                    for begin, end in periods(s, first - dt.timedelta(1), days + 2)
                ],
            }
            for s in stores if s.indexed
        )
        opensearchpy.helpers.bulk(client, documents, chunk_size=1000)
        client.indices.refresh("stores-*")


def expected(store: Store, at: dt.datetime) -> dict:
    """Returns the row of a store that the pipeline must write for a time."""
    day = at.astimezone(zoneinfo.ZoneInfo(COUNTRIES[store.country])).date() - dt.timedelta(1)
    late = dt.timedelta(hours=store.late)
    scheduled = any(begin <= at < end for begin, end in periods(store, day, 2))
    shown = store.indexed and store.visible and any(begin <= at - late < end for begin, end in periods(store, day, 2))
    return {"store_id": store.id, "country": store.country, "scheduled": scheduled, "shown": shown}


def keep(manager, passwords: dict[str, str]) -> None:
    for country, password in passwords.items():
        name, value = f"stores/{country}", json.dumps({"password": password})
        try:
            manager.create_secret(Name=name, SecretString=value)
        except manager.exceptions.ResourceExistsException:
            manager.put_secret_value(SecretId=name, SecretString=value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stores", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--from", dest="first", type=dt.date.fromisoformat, default=dt.datetime.now(dt.timezone.utc).date(), help="first date of the index")
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--expect", nargs=2, action="append", default=[], metavar=("TIME", "FILE"), help="write the rows of a time as JSON Lines")
    args = parser.parse_args()
    manager = boto3.client("secretsmanager")  # before anything starts: the environment may select no account
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    stores, passwords = list(make(args.stores, args.seed)), {country: secrets.token_urlsafe(24) for country in COUNTRIES}
    for time, file in args.expect:
        at = dt.datetime.fromisoformat(time.replace("Z", "+00:00"))
        pathlib.Path(file).write_text("".join(json.dumps(expected(s, at)) + "\n" for s in stores))
    with contextlib.ExitStack() as stack:
        base = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ephemr-stores-", ignore_cleanup_errors=True)))
        base.chmod(0o711)
        database, socket = stack.enter_context(servers.postgresql(base))
        index = stack.enter_context(servers.opensearch(base))
        load_database(socket, database.rpartition(":")[2], stores, passwords)
        load_index(index, stores, args.first, args.days)
        keep(manager, passwords)
        print(json.dumps({"database": database, "index": index, "logs": str(base)}), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()


if __name__ == "__main__":
    main()
