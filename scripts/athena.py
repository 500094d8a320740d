"""Patches the emulator's Athena: answers statements about the catalog from the
catalog, and rejects statements that have no effect.

MiniStack 1.5.33 runs each statement in a temporary DuckDB database. There SHOW
TABLES finds nothing, and CREATE VIEW or CREATE TABLE AS succeed without effect;
without DuckDB it returns invented rows. It reads all files below the location of a
partitioned table; here, as on AWS, it reads the locations of the partitions that the
catalog has, and MSCK REPAIR TABLE adds those that it finds. UpdatePartition is missing.
"""
import copy
import json
import re
import threading
from urllib.parse import unquote, urlparse

from ministack.services import athena, glue, s3

PRETENDED = re.compile(r"(create|drop|alter|insert|update|delete|merge|unload|attach|copy|set|use|call|pragma|install|load)\b", re.I)
TABLES = re.compile(r"show\s+tables(?:\s+(?:in|from)\s+[`\"]?(\w+)[`\"]?)?(?:\s+(?:like\s+)?'([^']*)')?", re.I)
DATABASES = re.compile(r"show\s+(?:databases|schemas)(?:\s+(?:like\s+)?'([^']*)')?", re.I)
COLUMNS = re.compile(r"(?:describe|desc|show\s+columns\s+(?:in|from))(?:\s+(?:formatted|extended))?\s+(?:[`\"]?(\w+)[`\"]?\.)?[`\"]?(\w+)[`\"]?", re.I)
REPAIR = re.compile(r"msck\s+repair\s+table\s+(?:[`\"]?(\w+)[`\"]?\.)?[`\"]?(\w+)[`\"]?", re.I)
SCHEMA = re.compile(r"\binformation_schema\b", re.I)
COMMENT = re.compile(r"\A(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)+", re.S)

run = athena._run_duckdb


async def run_patched(query, database, catalog=None):
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise ValueError("no duckdb: it is not installed in the emulator's Python environment") from None
    sql = COMMENT.sub("", query).rstrip("; \n\t")
    answer = from_catalog(sql, database or "default")
    if answer is not None:
        return answer
    if PRETENDED.match(sql) or SCHEMA.search(sql):
        raise ValueError(f"NOT_SUPPORTED: the local region supports only queries, CREATE EXTERNAL TABLE, DROP TABLE, SHOW and DESCRIBE: {sql[:60]}")
    return await run(query, database, catalog)


def from_catalog(sql, database):
    """Returns the result of a statement about the catalog, or None for others."""
    if m := TABLES.fullmatch(sql):
        schema, pattern = (m[1] or database).lower(), m[2]
        known(schema)
        names = sorted(key.split("/", 1)[1] for key in glue._tables if key.startswith(f"{schema}/"))
        return column("tab_name", like(names, pattern))
    if m := DATABASES.fullmatch(sql):
        return column("database_name", like(sorted(glue._databases), m[1]))
    if m := REPAIR.fullmatch(sql):
        repair(table(m[1] or database, m[2]))
        return {"columns": [], "column_types": [], "rows": []}
    if m := COLUMNS.fullmatch(sql):
        found = table(m[1] or database, m[2])
        rows = [[c["Name"], c.get("Type", ""), c.get("Comment", "")]
                for c in (found["StorageDescriptor"].get("Columns") or []) + (found.get("PartitionKeys") or [])]
        if sql.lower().startswith("show"):
            return column("field", [row[0] for row in rows])
        return {"columns": ["col_name", "data_type", "comment"], "column_types": ["varchar"] * 3, "rows": rows}
    return None


def column(name, values):
    return {"columns": [name], "column_types": ["varchar"], "rows": [[value] for value in values]}


def like(names, pattern):
    """Filters names by a pattern of Hive: * matches any characters, | separates alternatives."""
    if not pattern:
        return names
    wanted = re.compile("|".join(re.escape(part).replace(r"\*", ".*") for part in pattern.lower().split("|")))
    return [name for name in names if wanted.fullmatch(name)]


def known(database):
    if database not in glue._databases:
        raise ValueError(f"SCHEMA_NOT_FOUND: Schema '{database}' does not exist")


def table(database, name):
    known(database.lower())
    found = glue._tables.get(f"{database.lower()}/{name.lower()}")
    if not found:
        raise ValueError(f"TABLE_NOT_FOUND: Table '{database}.{name}' does not exist")
    return found


def partitions(data):
    return glue._partitions.get(f"{data['DatabaseName']}/{data['Name']}", [])


def repair(data):
    """Adds the partitions that folders below the table's location are named after."""
    keys = [key["Name"] for key in data.get("PartitionKeys") or []]
    location = data["StorageDescriptor"]["Location"].rstrip("/") + "/"
    bucket, prefix = urlparse(location).netloc, urlparse(location).path.lstrip("/")
    known_values = [p.get("Values") for p in partitions(data)]
    for key in sorted(s3._buckets.get(bucket, {"objects": {}})["objects"]):
        folders = key[len(prefix):].split("/")[:-1][:len(keys)] if key.startswith(prefix) else []
        pairs = [folder.partition("=") for folder in folders]
        values = [unquote(value) for _, _, value in pairs]
        if not keys or [name for name, _, _ in pairs] != keys or values in known_values:
            continue
        known_values.append(values)
        storage = dict(data["StorageDescriptor"], Location=location + "/".join(folders) + "/")
        glue._create_partition({"DatabaseName": data["DatabaseName"], "TableName": data["Name"],
                                "PartitionInput": {"Values": values, "StorageDescriptor": storage}})


materialize, relation, empty = athena._materialize_table_files, athena._table_relation, athena._empty_relation
scratch = threading.local()  # directories of the query, which it removes at its end


def materialize_table_files(location, workdirs):
    scratch.workdirs = workdirs
    return materialize(location, workdirs)


def table_relation(data, files):
    return partitioned(data) if data.get("PartitionKeys") else relation(data, files)


def empty_relation(data):
    return partitioned(data) if data.get("PartitionKeys") else empty(data)


def partitioned(data):
    """A relation over the locations of the table's partitions."""
    parts = []
    for partition in partitions(data):
        files = materialize(partition["StorageDescriptor"]["Location"], scratch.workdirs)
        if not files:
            continue
        plain = copy.deepcopy(dict(data))
        plain["PartitionKeys"] = []
        values = ", ".join(
            f"""CAST('{value.replace("'", "''")}' AS {athena._duckdb_type(key)}) AS "{key['Name']}\""""
            for key, value in zip(data["PartitionKeys"], partition["Values"]))
        parts.append(f"SELECT *, {values} FROM {relation(plain, files)}")
    return f"({' UNION ALL BY NAME '.join(parts)})" if parts else empty(data)


handle = glue._handle_request_sync


def handle_glue(method, path, headers, body, query_params):
    if not headers.get("x-amz-target", "").endswith(".UpdatePartition"):
        return handle(method, path, headers, body, query_params)
    data = json.loads(body)
    answer = glue._batch_update_partition({
        "DatabaseName": data["DatabaseName"], "TableName": data["TableName"],
        "Entries": [{"PartitionValueList": data["PartitionValueList"], "PartitionInput": data["PartitionInput"]}]})
    errors = json.loads(answer[2]).get("Errors") if answer[0] == 200 else []
    if errors:
        detail = errors[0]["ErrorDetail"]
        return glue.error_response_json(detail["ErrorCode"], detail["ErrorMessage"], 400)
    return answer


glue._handle_request_sync = handle_glue
athena._materialize_table_files, athena._table_relation, athena._empty_relation = materialize_table_files, table_relation, empty_relation
athena._run_duckdb = run_patched
athena.ATHENA_ENGINE = "duckdb"  # also without duckdb: queries then fail instead of returning invented rows
