"""Loads the systems of the example warehouse and keeps them running until its input ends.

FerretDB, which speaks MongoDB's protocol, gets orders, and Redis sessions, of a date
and of the dates before and after it. The data is the same for a seed. The passwords are
random, and written to the secrets stores/mongodb and stores/redis only, of the account
that the environment selects.

Prints one line of JSON: the addresses.
"""

import argparse
import contextlib
import datetime as dt
import json
import pathlib
import random
import secrets
import signal
import sys
import tempfile
from collections.abc import Iterator

import boto3
import servers

sys.path.append(str(servers.TOOLS / "warehouse/python"))
import pymongo
import redis

USER = "export"
NOTES = [None, "", 'two "quoted" words', "line one\nline two", "caf\u00e9 \u2615", "tab\tand \u0001 control", "back\\slash", "{}"]


def orders(day: dt.date, number: int, seed: int) -> Iterator[dict]:
    """Makes orders of a day; their ids are in the order of their times."""
    for i in range(number):
        r = random.Random(f"{seed}/{day}/{i}")
        at = dt.datetime.combine(day, dt.time(), dt.timezone.utc) + dt.timedelta(seconds=i * 86_400 // number)
        yield {
            "_id": day.toordinal() * 10_000_000 + i, "day": day.isoformat(), "ordered_at": at, "store_id": int(r.random() * 10_000) + 1,
            "status": ["new", "paid", "shipped", "returned"][int(r.random() * 4)], "cents": int(r.random() * 50_000),
            "note": NOTES[int(r.random() * len(NOTES))],
        }


def sessions(day: dt.date, number: int, seed: int) -> Iterator[tuple[str, dict]]:
    for i in range(number):
        r = random.Random(f"{seed}/{day}/session/{i}")
        yield f"session:{day}:{i}", {"customer_id": int(r.random() * 100_000), "pages": int(r.random() * 40) + 1, "seconds": int(r.random() * 3600)}


def expect(directory: pathlib.Path, orders: list[dict], sessions: dict[str, dict]) -> None:
    """Writes the rows of the tables orders and sessions."""
    lines = (
        {"id": o["_id"], "store": o["store_id"], "second": int(o["ordered_at"].timestamp()), "status": o["status"], "cents": o["cents"], "note": o["note"]}
        for o in orders
    )
    directory.joinpath("orders").write_text("".join(json.dumps(line) + "\n" for line in lines))
    directory.joinpath("sessions").write_text("".join(json.dumps({"session": key, **value}) + "\n" for key, value in sessions.items()))


def keep(manager, system: str, password: str) -> None:
    name, value = f"stores/{system}", json.dumps({"password": password})
    try:
        manager.create_secret(Name=name, SecretString=value)
    except manager.exceptions.ResourceExistsException:
        manager.put_secret_value(SecretId=name, SecretString=value)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--date", type=dt.date.fromisoformat, default=dt.datetime.now(dt.timezone.utc).date() - dt.timedelta(1), help="default yesterday")
    parser.add_argument("--orders", type=int, default=20_000, help="of each date")
    parser.add_argument("--sessions", type=int, default=20_000, help="of each date")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--expect", help="directory for the rows of the date that tables must have, as JSON Lines")
    args = parser.parse_args()
    manager = boto3.client("secretsmanager")  # before anything starts: the environment may select no account
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    passwords = {system: secrets.token_urlsafe(24) for system in ("mongodb", "redis")}
    if args.expect:
        expect(pathlib.Path(args.expect), list(orders(args.date, args.orders, args.seed)), dict(sessions(args.date, args.sessions, args.seed)))
    days = [args.date + dt.timedelta(n) for n in (-1, 0, 1)]
    with contextlib.ExitStack() as stack:
        base = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ephemr-warehouse-", ignore_cleanup_errors=True)))
        mongodb = stack.enter_context(servers.ferretdb(base, USER, passwords["mongodb"]))
        cache = stack.enter_context(servers.redis(base, passwords["redis"]))
        with pymongo.MongoClient(f"mongodb://{mongodb}/", username=USER, password=passwords["mongodb"], authSource="admin") as client:
            for day in days:
                client.warehouse.orders.insert_many(orders(day, args.orders if day == args.date else args.orders // 10, args.seed))
        host, _, port = cache.rpartition(":")
        with redis.Redis(host=host, port=int(port), password=passwords["redis"]) as client:
            for day in days:
                client.mset({key: json.dumps(value) for key, value in sessions(day, args.sessions, args.seed)})
        for system, password in passwords.items():
            keep(manager, system, password)
        print(json.dumps({"mongodb": mongodb, "redis": cache, "logs": str(base)}), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            sys.stdin.read()


if __name__ == "__main__":
    main()
