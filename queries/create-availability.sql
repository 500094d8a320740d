-- Declare the table that the pipeline store-availability publishes
--
-- Once per stage. Its partitions are what the runs have published: do not run
-- msck repair table.

create external table if not exists availability (
  store_id int, name string, scheduled boolean, shown boolean, status string
)
partitioned by (dt string, slot string, country string)
stored as parquet
location '{{.Lake.curated}}/availability/';
