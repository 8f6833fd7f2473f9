"""Checks statements, given as JSON [[in a transaction, SQL], …], against what a warehouse documents: argument snowflake or
redshift.

sqlglot parses by the dialect; which statements, types, functions and clauses there are is written down here, from the SQL
reference of each (docs.snowflake.com/en/sql-reference, docs.aws.amazon.com/redshift/latest/dg).
"""

import json
import re
import sys

import sqlglot
from sqlglot import exp

dialect = sys.argv[1]

CHANGES = (exp.Insert, exp.Update, exp.Delete)
READS = (exp.Select, exp.Union)
MARKS = (exp.Transaction, exp.Commit, exp.Rollback)
# What makes and drops things, and in Snowflake ends a transaction.
DEFINES = (exp.Create, exp.Drop, exp.Alter, exp.Comment)
FUNCTIONS = {
    "snowflake": {"CAST", "COUNT", "ROW_NUMBER", "PARSE_JSON", "DATE_PART", "EXTRACT", "EXISTS", "AND", "OR", "CASE", "IF", "SUBSTRING", "LOWER", "CONTAINS", "JSON_FORMAT"},
    "redshift": {"CAST", "COUNT", "ROW_NUMBER", "TO_CHAR", "TIME_TO_STR", "CHR", "REPLACE", "COALESCE", "EXISTS", "AND", "OR", "CASE", "IF", "SUBSTRING", "LOWER", "STR_POSITION"},
}
TYPES = {
    "snowflake": {"BOOLEAN", "DECIMAL", "DOUBLE", "FLOAT", "DATE", "TIMESTAMPTZ", "VARCHAR", "TEXT", "VARIANT"},
    "redshift": {"BOOLEAN", "BIGINT", "DOUBLE", "DATE", "TIMESTAMPTZ", "VARCHAR"},
}
COLUMN = r"""COLUMN "[^"]+" COMMENT '([^'\\]|''|\\\\)*'"""
# Statements that sqlglot keeps as text, by the forms that the reference has.
PLAIN = {
    "snowflake": [
        r"PUT 'file://[^']+' @%[A-Z_][A-Z0-9_$]* AUTO_COMPRESS = FALSE OVERWRITE = TRUE",
        r"ALTER SESSION SET (TIMEZONE = 'UTC'|(LOCK_TIMEOUT|MULTI_STATEMENT_COUNT|STATEMENT_TIMEOUT_IN_SECONDS) = \d+)",
        r'COPY INTO "[^"]+"\."[^"]+" FROM @%[A-Z_][A-Z0-9_$]* FILE_FORMAT = \(TYPE = PARQUET '
        r"USE_LOGICAL_TYPE = TRUE NULL_IF = \(\)\) MATCH_BY_COLUMN_NAME = CASE_SENSITIVE",
        r'USE SCHEMA "[^"]+"',
        rf'ALTER TABLE "[^"]+"\."[^"]+" ALTER {COLUMN}(, {COLUMN})*',
    ],
    "redshift": [
        r"SET search_path = \"[^\"]+\"; SET timezone = 'UTC'",
        r"SET statement_timeout = \d+",
        r'COPY "[^"]+"\."[^"]+" FROM \'s3://[^\']+\' (IAM_ROLE (DEFAULT|\'[^\']+\')'
        r"|ACCESS_KEY_ID '[^']+' SECRET_ACCESS_KEY '[^']+'( SESSION_TOKEN '[^']+')?)( REGION '[^']+')? FORMAT AS PARQUET",
    ],
}
LONGEST = {"snowflake": 1 << 20, "redshift": 16 << 20}


def fault(inside, sql):
    """What the reference does not have in a statement."""
    if len(sql) > LONGEST[dialect]:
        return "it is too long"
    if any(re.fullmatch(form, sql) for form in PLAIN[dialect]):
        return "not in a transaction" if inside else None
    trees = sqlglot.parse(sql, dialect=dialect)
    if len(trees) != 1 and not (dialect == "redshift" and all(isinstance(tree, exp.Comment) for tree in trees)):
        return "it is not one statement"
    return next(filter(None, (fault_of(inside, tree) for tree in trees)), None)


def fault_of(inside, tree):
    if inside and not isinstance(tree, CHANGES + READS + MARKS):
        return "nothing but rows changes in a transaction"
    if not isinstance(tree, CHANGES + READS + MARKS + DEFINES):
        return f"no statement of this kind: {type(tree).__name__}"
    for function in tree.find_all(exp.Func):
        name = function.name if isinstance(function, exp.Anonymous) else function.sql_name()
        if name.upper() not in FUNCTIONS[dialect]:
            return f"no function {name}"
    for kind in tree.find_all(exp.DataType):
        if kind.this.name not in TYPES[dialect]:
            return f"no type {kind.this.name}"
    for identifier in tree.find_all(exp.Identifier):
        is_name = identifier.quoted and identifier.name != (
            identifier.name.upper() if dialect == "snowflake" else identifier.name.lower()
        )
        if is_name:
            return f"{identifier.name} needs quotes in queries"
    if tree.find(exp.OnConflict) or tree.find(exp.Returning):
        return "neither ON CONFLICT nor RETURNING"
    if dialect == "redshift" and (tree.find(exp.NullSafeEQ) or tree.find(exp.NullSafeNEQ)):
        return "no IS DISTINCT FROM"
    return None


def shape(sql):
    """Values do not matter."""
    sql = re.sub(r"'(?:[^'\\]|\\.|'')*'", "'x'", sql) if "COPY" not in sql and "PUT" not in sql and "SESSION" not in sql else sql
    return re.sub(r"\b\d+\b", "1", sql)


statements = {shape(sql): (inside, sql) for inside, sql in json.load(sys.stdin)}
faults = []
for inside, sql in statements.values():
    try:
        found = fault(inside, sql)
    except sqlglot.errors.SqlglotError as error:
        found = str(error)
    if found:
        faults.append(f"{found}: {sql[:1000]}")
assert len(statements) > 50, f"only {len(statements)} statements"
if faults:
    sys.exit(f"{len(faults)} of {len(statements)} statements\n" + "\n".join(faults[:20]))
