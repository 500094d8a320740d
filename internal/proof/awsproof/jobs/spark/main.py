"""Writes and reads with executors, and looks for its own YARN application by the tag that the runner has set."""

import os
import subprocess
import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("awsproof").getOrCreate()
path = sys.argv[1]
spark.range(10000).write.mode("overwrite").parquet(path)
rows = spark.read.parquet(path).count()
tags = spark.conf.get("spark.yarn.tags", "")
application = spark.sparkContext.applicationId
listed = subprocess.run(["yarn", "application", "-list", "-appTags", tags], capture_output=True, text=True, check=False)
with open(os.environ["EPHEMR_OUTPUT"], "a", encoding="utf-8") as out:
    print(f"rows={rows}", file=out)
    print(f"master={spark.sparkContext.master}", file=out)
    print(f"tags={tags}", file=out)
    print(f"listed={'yes' if application in listed.stdout else 'no: ' + (listed.stdout + listed.stderr)[-500:].replace(chr(10), ' ')}", file=out)
spark.stop()
