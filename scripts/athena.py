"""Patches the emulator's Athena: answers statements about the catalog from the
catalog, and rejects statements that have no effect.

MiniStack 1.5.33 runs each statement in a temporary DuckDB database. There SHOW
TABLES finds nothing, and CREATE VIEW or CREATE TABLE AS succeed without effect;
without DuckDB it returns invented rows.
"""
import re

from ministack.services import athena, glue

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
        table(m[1] or database, m[2])
        return {"columns": [], "column_types": [], "rows": []}  # partitions are found without it
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


athena._run_duckdb = run_patched
athena.ATHENA_ENGINE = "duckdb"  # also without duckdb: queries then fail instead of returning invented rows
