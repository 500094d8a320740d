"""Readers of the systems. Each yields pages of JSON texts, and the position to continue from after each of them."""

import json
from collections.abc import Iterator

PAGE = 500


def mongodb(address: str, password: str, collection: str, date: str, position) -> Iterator[tuple[list[str], object]]:
    """Reads the documents of a day in the order of their ids, which are numbers, from the one after position on."""
    import pymongo

    wanted = {"day": date, **({"_id": {"$gt": position}} if position is not None else {})}
    with pymongo.MongoClient(f"mongodb://{address}/", username="export", password=password, authSource="admin", tz_aware=True) as client:
        page = []
        for document in client.warehouse[collection].find(wanted, batch_size=PAGE).sort("_id", 1):
            last = document.pop("_id")
            page.append(json.dumps({"id": last, **document}, default=lambda v: v.isoformat()))
            if len(page) == PAGE:
                yield page, last
                page = []
        if page:
            yield page, last


def redis(address: str, password: str, name: str, date: str, position) -> Iterator[tuple[list[str], object]]:
    """Reads the keys <name>:<date>:…, from the cursor position on.

    SCAN misses no key that exists all the time, but may return one twice: who reads the parts keeps one of each.
    """
    from redis import Redis

    host, _, port = address.rpartition(":")
    if position == 0:  # the end: an attempt before has written all parts
        return
    cursor = position or 0
    with Redis(host=host, port=int(port), password=password, decode_responses=True) as client:
        while True:
            cursor, keys = client.scan(cursor, match=f"{name}:{date}:*", count=PAGE)
            values = client.mget(keys) if keys else []
            # A key without a value has expired since.
            yield [json.dumps({"key": k, **json.loads(v)}) for k, v in zip(keys, values) if v is not None], cursor
            if cursor == 0:
                return


SOURCES = {"mongodb": mongodb, "redis": redis}
