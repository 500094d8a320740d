import os

from pyspark.sql import SparkSession

from shop import prices

spark = SparkSession.builder.getOrCreate()
print("driver", prices.price("a"))
print("executors", spark.sparkContext.parallelize(list("abcd"), 2).map(prices.price).collect())


def strangers(_):
    """Files of the package that executors on YARN would not find."""
    return [f for f in ("main.py", "src/main.py", "data/raw.csv", "src/data/raw.csv") if os.path.exists(f)]


print("lonely", spark.sparkContext.parallelize([1], 1).flatMap(strangers).collect())
