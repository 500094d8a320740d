-- Declare the demo's tables; only a laptop needs it
--
-- On AWS jobs/publish declares them in the Glue catalog. On a laptop that job
-- has a catalog of its own, which is gone with it, and only the data stays.

create external table if not exists flights (
  id string, carrier string, flight int, tailnum string, origin string, dest string,
  dep_delay double, arr_delay double, air_time double, distance double
)
partitioned by (dt string)
stored as parquet
location '{{.Lake.curated}}/flights/';

msck repair table flights;

create external table if not exists delays (
  flight_month string, carrier string, origin string,
  flights bigint, dep_delay double, arr_delay double, late_share double, worst_delay double
)
stored as parquet
location '{{.Lake.curated}}/delays/';
