"""What a database's catalogs say of a schema, comparable between two databases."""

import asyncpg

_SCHEMAS = "('public', 'accounts', 'operators')"
_OURS = f"IN (SELECT oid FROM pg_namespace WHERE nspname IN {_SCHEMAS})"

Catalog = dict[str, set[tuple[object, ...]]]

# Object ids, physical order and what the system made by itself are left out; a column's place in
# its table too, which differs when a migration adds one.
_QUESTIONS = {
    "tables": f"""
        SELECT c.oid::regclass::text, c.relkind::text, c.relpersistence::text, c.relrowsecurity,
               c.reloptions::text, toast.reloptions::text, c.relacl::text,
               obj_description(c.oid, 'pg_class')
        FROM pg_class c LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
        WHERE c.relnamespace {_OURS} AND c.relkind <> 'i'
    """,
    "columns": f"""
        SELECT c.oid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
               a.attstorage::text, a.attcompression::text, a.attcollation::regcollation::text,
               a.attstattarget::text, a.attacl::text, col_description(c.oid, a.attnum)
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
        WHERE c.relnamespace {_OURS} AND c.relkind IN ('r', 'p', 'v', 'm')
          AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraints": f"""
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated,
               obj_description(oid, 'pg_constraint')
        FROM pg_constraint WHERE connamespace {_OURS}
    """,
    "indexes": f"""
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid,
               indisclustered, indisreplident, obj_description(indexrelid, 'pg_class')
        FROM pg_index JOIN pg_class c ON c.oid = indrelid
        WHERE c.relnamespace {_OURS}
    """,
    "functions": f"""
        SELECT oid::regprocedure::text, pg_get_functiondef(oid), proacl::text,
               obj_description(oid, 'pg_proc')
        FROM pg_proc WHERE pronamespace {_OURS}
    """,
    "sequences": f"""
        SELECT seqrelid::regclass::text, format_type(seqtypid, NULL), seqstart, seqincrement,
               seqmax, seqmin, seqcache, seqcycle
        FROM pg_sequence JOIN pg_class c ON c.oid = seqrelid
        WHERE c.relnamespace {_OURS}
    """,
    "triggers": """
        SELECT tgrelid::regclass::text, pg_get_triggerdef(oid), tgenabled::text
        FROM pg_trigger WHERE NOT tgisinternal
    """,
    "rules": "SELECT ev_class::regclass::text, pg_get_ruledef(r.oid) FROM pg_rewrite r"
    f" JOIN pg_class c ON c.oid = ev_class WHERE c.relnamespace {_OURS}",
    "policies": "SELECT polrelid::regclass::text, polname, pg_get_expr(polqual, polrelid)"
    " FROM pg_policy",
    "types": f"""
        SELECT typname, typtype::text, format_type(typbasetype, typtypmod), typnotnull, typdefault,
               (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum
                WHERE enumtypid = t.oid), obj_description(oid, 'pg_type')
        FROM pg_type t WHERE typnamespace {_OURS} AND typtype <> 'c'
          AND typcategory <> 'A'
    """,
    "extensions": "SELECT extname, extversion FROM pg_extension",
    "schemas": "SELECT nspname, nspacl::text, obj_description(oid, 'pg_namespace')"
    " FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'",
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
