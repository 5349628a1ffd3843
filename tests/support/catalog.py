"""What a database's catalogs say of a schema, comparable between two databases."""

import asyncpg

Catalog = dict[str, set[tuple[object, ...]]]

# Object ids, physical order and what the system made by itself are left out; a column's place in
# its table too, which differs when a migration adds one.
_QUESTIONS = {
    "tables": """
        SELECT c.relname, c.relkind::text, c.relpersistence::text, c.relrowsecurity,
               c.reloptions::text, toast.reloptions::text, c.relacl::text,
               obj_description(c.oid, 'pg_class')
        FROM pg_class c LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind <> 'i'
    """,
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
               a.attstorage::text, a.attcompression::text, a.attcollation::regcollation::text,
               a.attstattarget::text, a.attacl::text, col_description(c.oid, a.attnum)
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
          AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated,
               obj_description(oid, 'pg_constraint')
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "indexes": """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid,
               indisclustered, indisreplident, obj_description(indexrelid, 'pg_class')
        FROM pg_index JOIN pg_class c ON c.oid = indrelid
        WHERE c.relnamespace = 'public'::regnamespace
    """,
    "functions": """
        SELECT oid::regprocedure::text, pg_get_functiondef(oid), proacl::text,
               obj_description(oid, 'pg_proc')
        FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    """,
    "sequences": """
        SELECT seqrelid::regclass::text, format_type(seqtypid, NULL), seqstart, seqincrement,
               seqmax, seqmin, seqcache, seqcycle
        FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
        WHERE c.relnamespace = 'public'::regnamespace
    """,
    "triggers": """
        SELECT tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled::text
        FROM pg_trigger WHERE NOT tgisinternal
    """,
    "rules": "SELECT ev_class::regclass::text, pg_get_ruledef(r.oid) FROM pg_rewrite r"
    " JOIN pg_class c ON c.oid = ev_class WHERE c.relnamespace = 'public'::regnamespace",
    "policies": "SELECT polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid)"
    " FROM pg_policy",
    "types": """
        SELECT typname, typtype::text, format_type(typbasetype, typtypmod), typnotnull, typdefault,
               (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum
                WHERE enumtypid = t.oid), obj_description(oid, 'pg_type')
        FROM pg_type t WHERE typnamespace = 'public'::regnamespace AND typtype <> 'c'
          AND typcategory <> 'A'
    """,
    "extensions": "SELECT extname, extversion FROM pg_extension",
    "schemas": "SELECT nspname, nspacl::text FROM pg_namespace"
    " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
}


async def catalog(connection: asyncpg.Connection) -> Catalog:
    """Everything that a schema consists of, by kind."""
    return {
        kind: {tuple(row.values()) for row in await connection.fetch(question)}
        for kind, question in _QUESTIONS.items()
    }


def difference(one: Catalog, other: Catalog) -> dict[str, list[tuple[object, ...]]]:
    """What stands in only one of two catalogs; empty if they are equal."""
    return {
        kind: sorted(one[kind] ^ other[kind], key=repr) for kind in one if one[kind] != other[kind]
    }
