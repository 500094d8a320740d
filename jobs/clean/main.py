"""Cleans a month of flights.

Reads CSV (optionally gzipped) as the Bureau of Transportation Statistics
publishes it, drops unusable rows and counts the reasons, and writes Parquet,
one partition per day. The job is idempotent: a second run on the same input
replaces the days that it writes and keeps all others.

Outputs: rows, dropped, and dropped_<reason> for each reason.
"""

import argparse
import os

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

SCHEMA = """year int, month int, day int, dep_time int, sched_dep_time int, dep_delay double, arr_time int,
    sched_arr_time int, arr_delay double, carrier string, flight int, tailnum string, origin string, dest string,
    air_time double, distance double, hour int, minute int, time_hour timestamp"""


def reasons() -> dict[str, Column]:
    """Returns the reasons to drop a row, by name; the first that holds is counted."""
    day = f.make_date("year", "month", "day")
    return {
        "unreadable": day.isNull() | f.col("carrier").isNull() | f.col("origin").isNull() | f.col("flight").isNull(),
        "cancelled": f.col("dep_delay").isNull(),
        "diverted": f.col("arr_delay").isNull(),
        "implausible": (f.abs("dep_delay") > 48 * 60) | (f.abs("arr_delay") > 48 * 60),
    }


def read(spark: SparkSession, source: str) -> DataFrame:
    return spark.read.csv(source, schema=SCHEMA, header=True, nullValue="NA", mode="PERMISSIVE")


def judge(flights: DataFrame) -> DataFrame:
    """Adds the column reason: why a row is dropped, or null if it is kept."""
    verdict = f.lit(None).cast("string")
    for name, holds in reversed(reasons().items()):
        verdict = f.when(holds, f.lit(name)).otherwise(verdict)
    return flights.withColumn("reason", verdict)


def tidy(flights: DataFrame) -> DataFrame:
    return flights.select(
        f.concat_ws("-", "carrier", "flight", f.date_format("time_hour", "yyyyMMddHH")).alias("id"),
        "carrier", "flight", "tailnum", "origin", "dest",
        f.col("time_hour").alias("scheduled_hour"),
        "dep_delay", "arr_delay", "air_time", "distance",
        f.make_date("year", "month", "day").cast("string").alias("dt"),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", required=True, help="a CSV file, or a directory of them")
    parser.add_argument("--output", required=True, help="directory of the cleaned flights")
    args = parser.parse_args()

    spark = SparkSession.builder.appName("clean").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    judged = judge(read(spark, args.input)).cache()
    dropped = {row["reason"]: row["count"] for row in judged.groupBy("reason").count().collect()}
    usable = dropped.pop(None, 0)
    if usable == 0:
        raise SystemExit(f"{args.input} has no usable flight")
    clean = tidy(judged.where("reason is null")).dropDuplicates(["id"]).cache()
    rows = clean.count()
    if rows < usable:
        dropped["duplicate"] = usable - rows
    for reason, count in sorted(dropped.items()):
        print(f"dropped {count:>7,} flights: {reason}", flush=True)

    (
        clean.repartition("dt").write.mode("overwrite").option("partitionOverwriteMode", "dynamic")
        .partitionBy("dt").parquet(args.output)
    )
    print(f"wrote   {rows:>7,} flights to {args.output}", flush=True)

    outputs = {"rows": rows, "dropped": sum(dropped.values()), **{f"dropped_{k}": v for k, v in dropped.items()}}
    with open(os.environ.get("EPHEMR_OUTPUT", os.devnull), "a", encoding="utf-8") as out:
        out.writelines(f"{key}={value}\n" for key, value in outputs.items())
    spark.stop()


if __name__ == "__main__":
    main()
