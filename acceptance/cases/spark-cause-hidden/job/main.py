from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.range(5).selectExpr("assert_true(id < 3, concat('row ', id, ' has no price')) as ok").collect()
