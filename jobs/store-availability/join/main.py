"""Compares when the stores of a country should be open with what users are shown.

Reads stores and schedules from PostgreSQL and the stores that are shown as open
from an OpenSearch index, joins them in Spark, and writes one row per store. Both
systems evaluate the conditions themselves, and each partition of Spark has one
client of its own.

The password of PostgreSQL is in PGPASSWORD. Outputs: stores, hidden, wrong.
"""

import argparse
import os
from collections.abc import Iterator

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

SCHEDULED = """
select s.store_id, s.name, exists (
  select from schedules p where p.store_id = s.store_id and (
    p.weekday = extract(isodow from l.now) and p.opens <= l.now::time and (l.now::time < p.closes or p.closes <= p.opens)
    -- a period that began the day before
    or p.weekday = extract(isodow from l.now - interval '1 day') and p.closes <= p.opens and l.now::time < p.closes))
from stores s, lateral (select %(slot)s::timestamptz at time zone s.timezone as now) l
where s.store_id %% %(parts)s = %(part)s
"""


def scheduled(part: int, parts: int, slot: str, database: dict) -> Iterator[tuple[int, str, bool]]:
    """Yields id, name and whether the schedule says open, of one part of the stores."""
    import psycopg

    connection = psycopg.connect(**database, connect_timeout=10, application_name="store-availability")
    with connection, connection.cursor(name="stores") as cursor:  # of the server: rows come as they are read
        cursor.execute(SCHEDULED, {"slot": slot, "parts": parts, "part": part})
        yield from cursor


def shown(part: int, parts: int, slot: str, url: str, pit: str) -> Iterator[tuple[int]]:
    """Yields the ids of the stores that the index shows as open, of one slice of it."""
    from opensearchpy import OpenSearch

    client, last = OpenSearch(url, timeout=30, max_retries=3, retry_on_timeout=True), None
    body = {
        "size": 1000, "_source": False, "fields": ["store_id"], "sort": [{"store_id": "asc"}], "track_total_hits": False,
        "pit": {"id": pit, "keep_alive": "2m"},
        "query": {"bool": {"filter": [{"term": {"visible": True}}, {"term": {"open": slot}}]}},
        **({"slice": {"id": part, "max": parts}} if parts > 1 else {}),
    }
    while True:
        hits = client.search(body={**body, **({"search_after": last} if last else {})})["hits"]["hits"]
        yield from ((hit["fields"]["store_id"][0],) for hit in hits)
        if len(hits) < body["size"]:
            return
        last = hits[-1]["sort"]


def compare(schedules: DataFrame, index: DataFrame) -> DataFrame:
    """Returns one row for each store of the schedules; status says how both agree."""
    status = (
        f.when(f.col("scheduled") & f.col("shown"), "open").when(f.col("scheduled"), "hidden")
        .when(f.col("shown"), "wrong").otherwise("closed")
    )
    return (
        schedules.join(index.withColumn("found", f.lit(True)), "store_id", "left")
        .select("store_id", "name", "scheduled", f.coalesce("found", f.lit(False)).alias("shown")).withColumn("status", status)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--country", required=True)
    parser.add_argument("--slot", required=True, help="the time to compare for, as 2026-11-30T10:15:00Z")
    parser.add_argument("--database", required=True, help="host:port of PostgreSQL")
    parser.add_argument("--index", required=True, help="URL of OpenSearch")
    parser.add_argument("--output", required=True, help="directory of the rows, which is replaced")
    parser.add_argument("--parts", type=int, default=4, help="clients of each system")
    args = parser.parse_args()

    from opensearchpy import OpenSearch

    host, _, port = args.database.rpartition(":")
    if not host or not args.index:
        raise SystemExit(f"needs --database host:port and the URL of --index, has {args.database!r} and {args.index!r}")
    database = {"host": host, "port": port, "dbname": "postgres", "user": f"stores_{args.country}", "password": os.environ["PGPASSWORD"]}
    slot, url, parts = args.slot, args.index, args.parts

    spark = SparkSession.builder.appName("store-availability").config("spark.sql.shuffle.partitions", parts).getOrCreate()
    client = OpenSearch(url, timeout=30)
    # All slices read the index as it is now. A closure, never Spark's configuration, takes the password to the tasks.
    pit = client.create_pit(index=f"stores-{args.country}", params={"keep_alive": "2m"})["pit_id"]
    try:
        numbers = spark.sparkContext.parallelize(range(parts), parts)
        schedules = spark.createDataFrame(
            numbers.flatMap(lambda part: scheduled(part, parts, slot, database)), "store_id int, name string, scheduled boolean"
        )
        index = spark.createDataFrame(numbers.flatMap(lambda part: shown(part, parts, slot, url, pit)), "store_id int")
        rows = compare(schedules, index).cache()
        counts = {row["status"]: row["count"] for row in rows.groupBy("status").count().collect()}
        if not counts:
            raise SystemExit(f"the schema {args.country} of {args.database} has no stores")
        rows.coalesce(1).write.mode("overwrite").parquet(args.output)
    finally:
        client.delete_pit(body={"pit_id": [pit]})
    total, hidden, wrong = sum(counts.values()), counts.get("hidden", 0), counts.get("wrong", 0)
    print(f"{total} stores of {args.country} at {slot}: {hidden} open but not shown, {wrong} shown but not open", flush=True)
    with open(os.environ["EPHEMR_OUTPUT"], "a", encoding="utf-8") as out:
        out.write(f"stores={total}\nhidden={hidden}\nwrong={wrong}\n")
    spark.stop()


if __name__ == "__main__":
    main()
