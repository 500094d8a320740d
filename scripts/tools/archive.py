"""A run that touches what jobs touch; its loaded classes become the archive that the shims start Spark from."""

import os
import tempfile

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

work = tempfile.mkdtemp()
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
with open(f"{work}/in.csv", "w", encoding="utf-8") as csv:
    csv.writelines(f"{i},2013,1,{i % 28 + 1},UA,{i / 7}\n" for i in range(100))
rows = spark.read.csv(f"{work}/in.csv", schema="id int, y int, m int, d int, carrier string, delay double").cache()
rows = rows.withColumn("dt", f.make_date("y", "m", "d").cast("string")).withColumn("at", f.current_timestamp())
rows.groupBy("carrier").count().collect()
rows.dropDuplicates(["id"]).repartition("dt").write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("dt").parquet(f"{work}/out")
spark.sql(f"CREATE EXTERNAL TABLE flights (id int, carrier string, delay double) PARTITIONED BY (dt string) STORED AS PARQUET LOCATION '{work}/out'")
spark.sql("MSCK REPAIR TABLE flights")
spark.sql(f"CREATE EXTERNAL TABLE result (carrier string, flights bigint, delay double) STORED AS PARQUET LOCATION '{work}/result'")
spark.sql("INSERT OVERWRITE TABLE result SELECT carrier, count(*), avg(delay) FROM flights GROUP BY carrier ORDER BY carrier")
spark.sql("SELECT * FROM result").show()
try:  # the client of S3, as far as it gets without one
    os.environ.setdefault("AWS_ENDPOINT_URL", "")
    spark.read.text("s3://nowhere/").count()
except Exception as error:  # noqa: BLE001
    print("as expected:", str(error)[:80])
spark.stop()
