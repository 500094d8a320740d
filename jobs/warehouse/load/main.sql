-- Raw exports of one date become partitions of tables: orders as ORC and as Parquet, sessions as Parquet.
--   --hivevar database=…   --hivevar raw=s3://…/warehouse   --hivevar curated=s3://…/warehouse   --hivevar dt=2026-11-30
-- All tables are external: dropping one keeps its data. A date that is loaded again replaces its own partitions only.

USE ${hivevar:database};

DROP TABLE IF EXISTS orders_raw;
CREATE EXTERNAL TABLE orders_raw (line STRING) PARTITIONED BY (dt STRING) LOCATION '${hivevar:raw}/orders/';
ALTER TABLE orders_raw ADD PARTITION (dt='${hivevar:dt}') LOCATION '${hivevar:raw}/orders/dt=${hivevar:dt}/';

DROP TABLE IF EXISTS sessions_raw;
CREATE EXTERNAL TABLE sessions_raw (line STRING) PARTITIONED BY (dt STRING) LOCATION '${hivevar:raw}/sessions/';
ALTER TABLE sessions_raw ADD PARTITION (dt='${hivevar:dt}') LOCATION '${hivevar:raw}/sessions/dt=${hivevar:dt}/';

DROP TABLE IF EXISTS orders_orc;
CREATE EXTERNAL TABLE orders_orc (order_id BIGINT, store_id INT, ordered_at TIMESTAMP, status STRING, amount DECIMAL(10,2), note STRING)
PARTITIONED BY (dt STRING) STORED AS ORC LOCATION '${hivevar:curated}/orders_orc/';

INSERT OVERWRITE TABLE orders_orc PARTITION (dt='${hivevar:dt}')
SELECT
  CAST(j.id AS BIGINT), CAST(j.store_id AS INT), CAST(replace(substr(j.ordered_at, 1, 19), 'T', ' ') AS TIMESTAMP),
  j.status, CAST(CAST(j.cents AS DECIMAL(12,2)) / 100 AS DECIMAL(10,2)), j.note
FROM orders_raw
LATERAL VIEW json_tuple(line, 'id', 'store_id', 'ordered_at', 'status', 'cents', 'note') j
  AS id, store_id, ordered_at, status, cents, note
WHERE dt = '${hivevar:dt}';

DROP TABLE IF EXISTS orders;
CREATE EXTERNAL TABLE orders (order_id BIGINT, store_id INT, ordered_at TIMESTAMP, status STRING, amount DECIMAL(10,2), note STRING)
PARTITIONED BY (dt STRING) STORED AS PARQUET LOCATION '${hivevar:curated}/orders/';

INSERT OVERWRITE TABLE orders PARTITION (dt='${hivevar:dt}')
SELECT order_id, store_id, ordered_at, status, amount, note FROM orders_orc WHERE dt = '${hivevar:dt}';

DROP TABLE IF EXISTS sessions;
CREATE EXTERNAL TABLE sessions (session STRING, customer_id BIGINT, pages INT, seconds INT)
PARTITIONED BY (dt STRING) STORED AS PARQUET LOCATION '${hivevar:curated}/sessions/';

-- SCAN of Redis may return a key twice.
INSERT OVERWRITE TABLE sessions PARTITION (dt='${hivevar:dt}')
SELECT j.session, max(CAST(j.customer_id AS BIGINT)), max(CAST(j.pages AS INT)), max(CAST(j.seconds AS INT))
FROM sessions_raw
LATERAL VIEW json_tuple(line, 'key', 'customer_id', 'pages', 'seconds') j AS session, customer_id, pages, seconds
WHERE dt = '${hivevar:dt}'
GROUP BY j.session;

-- Earlier dates, for who queries the tables.
MSCK REPAIR TABLE orders_orc;
MSCK REPAIR TABLE orders;
MSCK REPAIR TABLE sessions;
