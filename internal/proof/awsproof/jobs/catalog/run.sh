#!/usr/bin/env bash
# Uses the Glue catalog as jobs do: run.sh DATABASE LOCATION. Reports for each program whether it worked.
set -uo pipefail
work() { # program, table
  local sql text
  sql="SHOW TABLES IN $database; CREATE EXTERNAL TABLE IF NOT EXISTS $database.$2 (n INT) STORED AS PARQUET LOCATION '$location/$2/';
    SELECT COUNT(*) FROM $database.$2; DROP TABLE $database.$2;"
  if text=$("$1" -e "$sql" 2>&1); then
    echo "$1=yes" >>"$EPHEMR_OUTPUT"
  else
    echo "$text" >&2
    text=$(grep -m 1 -iE 'AccessDenied|not authorized' <<<"$text" || tail -n 1 <<<"$text")
    printf '%s=no: %s\n' "$1" "${text:0:1500}" >>"$EPHEMR_OUTPUT"
  fi
}
database=$1 location=$2
work spark-sql "awsproof_spark_$3"
work hive "awsproof_hive_$3"
