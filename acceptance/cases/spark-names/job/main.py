import os
import sys
import tempfile

from pyspark.sql import SparkSession

import helper
import rates

spark = SparkSession.builder.getOrCreate()
print("argv", ascii(sys.argv[1:]), ascii(os.environ["MY_CITY"]))


def work(n):
    with tempfile.TemporaryDirectory() as dir:
        with open(os.path.join(dir, "city"), "w") as f:
            f.write("Zürich")
        with open(f.name, "rb") as f:
            city = f.read().decode("utf-8")
    return rates.double(helper.increase(n)), city


found = spark.sparkContext.parallelize([2, 3], 2).map(work).collect()
print("executors", [n for n, _ in found], ascii(found[0][1]))
