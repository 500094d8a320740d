"""Estimates pi as Spark's example SparkPi does: pi.py [slices]."""
import random
import sys

from pyspark.sql import SparkSession

slices = int(sys.argv[1]) if len(sys.argv) > 1 else 2
points = 100_000 * slices


def inside(_):
    x, y = random.uniform(-1, 1), random.uniform(-1, 1)
    return x * x + y * y <= 1


spark = SparkSession.builder.appName("Spark Pi").getOrCreate()
count = spark.sparkContext.parallelize(range(points), slices).filter(inside).count()
print(f"Pi is roughly {4.0 * count / points}")
spark.stop()
