"""Mends the emulator's Athena: it answers from the catalog what DuckDB cannot
know, and says so where it would only pretend to have done something.

MiniStack 1.5.33 gives each statement a database of its own that is gone
afterwards. There SHOW TABLES finds nothing, and CREATE VIEW or CREATE TABLE AS
succeed and leave nothing; without DuckDB it makes rows up.
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


async def run_mended(query, database, catalog=None):
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise ValueError("no duckdb: the emulator's Python has none, and rows would be made up") from None
    sql = COMMENT.sub("", query).rstrip("; \n\t")
    answer = from_catalog(sql, database or "default")
    if answer is not None:
        return answer
    if PRETENDED.match(sql) or SCHEMA.search(sql):
        raise ValueError(f"NOT_SUPPORTED: on a laptop there are queries, CREATE EXTERNAL TABLE, DROP TABLE, SHOW and DESCRIBE; AWS has the rest: {sql[:60]}")
    return await run(query, database, catalog)


def from_catalog(sql, database):
    """The answer to what asks for the catalog itself, or None."""
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
    """Those that match Hive's pattern: * is anything, | is or."""
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


athena._run_duckdb = run_mended
athena.ATHENA_ENGINE = "duckdb"  # also where it is missing: then queries fail instead of making rows up
