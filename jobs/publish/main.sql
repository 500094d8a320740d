-- Delay statistics per month, carrier and origin airport, from the cleaned flights, as files that are published after the
-- checks of the run.
--   --hivevar database=…   --hivevar input=s3://…/flights/   --hivevar output=s3://…/delays/run=…/   --hivevar root=s3://…/delays/
-- The tables are external: dropping one keeps its data, so a run can declare it again with another location.
-- In the stage's database Athena can query them as well: ephemr query --saved delays.

USE ${hivevar:database};

DROP TABLE IF EXISTS flights;
CREATE EXTERNAL TABLE flights (
  id STRING, carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING,
  dep_delay DOUBLE, arr_delay DOUBLE, air_time DOUBLE, distance DOUBLE
)
PARTITIONED BY (dt STRING)
STORED AS PARQUET
LOCATION '${hivevar:input}';
MSCK REPAIR TABLE flights;

-- What readers see: its only partition, version=current, points at the data of the run that was published last.
CREATE EXTERNAL TABLE IF NOT EXISTS delays (
  flight_month STRING, carrier STRING, origin STRING,
  flights BIGINT, dep_delay DOUBLE, arr_delay DOUBLE, late_share DOUBLE, worst_delay DOUBLE
)
PARTITIONED BY (version STRING)
STORED AS PARQUET
LOCATION '${hivevar:root}';

DROP TABLE IF EXISTS unpublished_delays;
CREATE EXTERNAL TABLE unpublished_delays (
  flight_month STRING, carrier STRING, origin STRING,
  flights BIGINT, dep_delay DOUBLE, arr_delay DOUBLE, late_share DOUBLE, worst_delay DOUBLE
)
STORED AS PARQUET
LOCATION '${hivevar:output}';

INSERT OVERWRITE TABLE unpublished_delays
SELECT
  substr(dt, 1, 7),
  carrier,
  origin,
  count(*),
  avg(dep_delay),                  -- minutes; negative is early
  avg(arr_delay),
  avg(IF(arr_delay >= 15, 1, 0)),  -- late, as the airlines count it
  max(arr_delay)
FROM flights
GROUP BY substr(dt, 1, 7), carrier, origin;

DROP TABLE unpublished_delays;
