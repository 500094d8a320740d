# shellcheck shell=bash
# Sourced by the shims: how Spark is run on a laptop. What a step asks for
# itself comes later on the command line, and wins.
shims=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$(cd "$shims/../../.tools" && pwd)
temp=${TMPDIR:-/tmp}
java_short='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto' # a job of seconds: no time to optimize

export SPARK_HOME=$tools/spark
export SPARK_DIST_CLASSPATH="$tools/jars/*"
export SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_DIRS=$temp
export SPARK_LAUNCHER_OPTS="$java_short ${SPARK_LAUNCHER_OPTS:-}"
# The archive holds the classes of a run, parsed and verified: a short job takes two thirds of the time.
archive=
[ ! -f "$tools/spark.jsa" ] || archive="-XX:SharedArchiveFile=\"$tools/spark.jsa\""
export SPARK_SUBMIT_OPTS="$java_short $archive -Xlog:disable \
-Dlog4j2.configurationFile=\"$shims/lib/log4j2.properties\" -Djava.io.tmpdir=\"$temp\" -Dderby.system.home=\"$temp\" ${SPARK_SUBMIT_OPTS:-}"
# version 1 of the SDK for Java does not read the variable
[ -z "${AWS_EC2_METADATA_SERVICE_ENDPOINT:-}" ] ||
  SPARK_SUBMIT_OPTS="$SPARK_SUBMIT_OPTS -Dcom.amazonaws.sdk.ec2MetadataServiceEndpointOverride=$AWS_EC2_METADATA_SERVICE_ENDPOINT"
export PYSPARK_PYTHON=$tools/venv/bin/python PYSPARK_DRIVER_PYTHON=$tools/venv/bin/python
export PYTHONPATH=${PYTHONPATH:+$PYTHONPATH:}$shims/lib/python # of ephemr_daemon
export AWS_ACCESS_KEY=${AWS_ACCESS_KEY_ID:-} AWS_SECRET_KEY=${AWS_SECRET_ACCESS_KEY:-}

spark_conf=(
  --conf 'spark.master=local[2]'
  --conf spark.submit.deployMode=client
  --conf spark.driver.memory=1g
  --conf spark.driver.bindAddress=127.0.0.1
  --conf spark.ui.enabled=false
  --conf spark.python.daemon.module=ephemr_daemon # workers as on YARN
  --conf spark.sql.shuffle.partitions=2
  --conf "spark.sql.warehouse.dir=file://$temp/warehouse/$$" # the catalog ends with the step
  --conf "spark.hadoop.hadoop.tmp.dir=$temp/hadoop"
  --conf spark.hadoop.fs.s3.impl=org.apache.hadoop.fs.s3a.S3AFileSystem
  --conf spark.hadoop.fs.s3n.impl=org.apache.hadoop.fs.s3a.S3AFileSystem
  --conf spark.hadoop.fs.s3a.path.style.access=true
  --conf spark.hadoop.fs.s3a.change.detection.mode=none
  --conf 'spark.hadoop.fs.s3a.aws.credentials.provider=com.amazonaws.auth.EnvironmentVariableCredentialsProvider,com.amazonaws.auth.EC2ContainerCredentialsProviderWrapper'
  --conf spark.hadoop.fs.s3a.directory.marker.retention=keep
  --conf spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version=2
  # a metastore of the step's own, in memory
  --conf 'spark.hadoop.javax.jdo.option.ConnectionURL=jdbc:derby:memory:metastore;create=true'
  --conf spark.hadoop.datanucleus.schema.autoCreateAll=true
  --conf spark.hadoop.hive.metastore.schema.verification=false
)
if [ -n "${AWS_ENDPOINT_URL:-}" ]; then
  spark_conf+=(--conf "spark.hadoop.fs.s3a.endpoint=$AWS_ENDPOINT_URL")
fi

# The cluster's formats of tables: Delta, Iceberg. Catalogs of Iceberg use the region's services.
tables=${EPHEMR_HOME:-/nonexistent}/spark-tables
if [ -s "$tables" ]; then
  if [ ! -d "$tools/tables" ]; then
    echo "${0##*/}: the cluster has Delta or Iceberg, whose jars are not installed: run scripts/setup tables" >&2
    exit 1
  fi
  SPARK_DIST_CLASSPATH="$SPARK_DIST_CLASSPATH:$tools/tables/*"
  while IFS= read -r property; do
    spark_conf+=(--conf "$property")
    catalog=${property%%=*}
    if [ "${property#*=}" = org.apache.iceberg.spark.SparkCatalog ] && [ -n "${AWS_ENDPOINT_URL:-}" ]; then
      spark_conf+=(
        --conf "$catalog.glue.endpoint=$AWS_ENDPOINT_URL"
        --conf "$catalog.s3.endpoint=$AWS_ENDPOINT_URL"
        --conf "$catalog.s3.path-style-access=true"
      )
    fi
  done <"$tables"
fi
