-- Declare the demo's tables; needed in the local region only
--
-- On AWS jobs/publish declares them in the Glue catalog. In the local region that
-- job uses a temporary catalog, so only the data remains.

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
partitioned by (version string)
stored as parquet
location '{{.Lake.curated}}/delays/';
