"""Writes the tables of the tests with Spark: rows, layouts and logs as real writers leave them.

Run by spark-submit with the jars of Delta and Iceberg and a catalog glue_catalog.
"""
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.conf.set("spark.sql.shuffle.partitions", "1")


def rows(first, n, day):
    return f"select cast(id as int) id, cast(id % 3 as double) delay, '{day}' dt from range({first}, {first + n}, 1, 1)"


def delta(name, properties, *statements):
    at = f"delta.`s3://lake/{name}`"
    spark.sql(f"create table {at} (id int, delay double, dt string) using delta partitioned by (dt) tblproperties ({properties})")
    for statement in statements:
        spark.sql(statement.format(at))


delta("delta", "'delta.checkpointInterval'='3'",
      "insert into {} " + rows(0, 10, "2026-11-29"),
      "insert into {} " + rows(10, 10, "2026-11-30"),
      "delete from {} where id in (3, 4)",
      "insert into {} " + rows(20, 5, "2026-12-01"))
delta("delta-vectors", "'delta.enableDeletionVectors'='true'",
      "insert into {} " + rows(0, 10, "2026-11-29"),
      "delete from {} where id = 3")


def iceberg(name, properties, *statements):
    at = f"glue_catalog.ephemr_local.{name}"
    spark.sql(f"create table {at} (id int, delay double, dt string) using iceberg partitioned by (dt)"
              f" location 's3://lake/{name.replace('_', '-')}' tblproperties ({properties})")
    for statement in statements:
        spark.sql(statement.format(at))


iceberg("iceberg", "'write.wap.enabled'='true'",
        "insert into {} " + rows(0, 10, "2026-11-29"),
        "insert into {} " + rows(10, 10, "2026-11-30"),
        "delete from {} where id in (3, 4)",
        "alter table {} create branch `run-1`",
        "insert into {}.`branch_run-1` " + rows(20, 5, "2026-12-01"))
iceberg("iceberg_deletes", "'write.delete.mode'='merge-on-read'",
        "insert into {} " + rows(0, 10, "2026-11-29"),
        "delete from {} where id = 3")
for row in spark.sql("select count(*), sum(id) from delta.`s3://lake/delta`").collect() + \
        spark.sql("select count(*), sum(id) from glue_catalog.ephemr_local.iceberg").collect() + \
        spark.sql("select count(*), sum(id) from glue_catalog.ephemr_local.iceberg.`branch_run-1`").collect():
    print(row)
