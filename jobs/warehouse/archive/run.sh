#!/usr/bin/env bash
# Archives the raw exports of a date: the parts of each source become one object below _archive/, and are removed.
# S3 does not move objects under 128 KB to cheaper classes, and asks a price for each one that it moves: the lifecycle
# of the zone (archiveDays, expireDays in the stage's file) then works on few large ones.
#   run.sh s3://bucket/warehouse 2026-11-30
set -euo pipefail
raw=$1 date=$2
for source in orders sessions; do
  # The checkpoint is removed between the copy and the parts: without it, an attempt before has made the copy.
  checkpoint=$raw/$source/_checkpoints/$date.json
  found=$(aws s3 ls "$checkpoint") || [ $? -eq 1 ] # 1 = there is none
  if [ -n "$found" ]; then
    mkdir "$source"
    aws s3 cp --only-show-errors --recursive "$raw/$source/dt=$date/" "$source/"
    # Files of gzip that follow one another are one; names are in the order of the parts.
    find "$source" -name 'part-*.json.gz' | sort | xargs -r cat >"$source.json.gz"
    lines=$(gzip -dcf "$source.json.gz" | wc -l)
    aws s3 cp --only-show-errors "$source.json.gz" "$raw/_archive/$source/$date.json.gz"
    aws s3 rm --only-show-errors "$checkpoint"
    echo "archived $lines lines of $source"
  fi
  aws s3 rm --only-show-errors --recursive "$raw/$source/dt=$date/"
done
