"""A few thousand rows of a large log, from places all over it."""

from dataclasses import replace

from bench.files.logs.opened import Relation, literal

ROWS, _PLACES = 4096, 8  # chosen


def sampled(relation: Relation) -> Relation:
    """The same relation with a sample's rows: runs of rows of Parquet, drawn rows of other files."""
    if relation.files.kind != "parquet":
        return replace(
            relation, sql=f"SELECT * FROM ({relation.sql}) USING SAMPLE reservoir({ROWS} ROWS) REPEATABLE (1)"
        )
    files = "[" + ", ".join(literal(str(path)) for path in relation.files.paths) + "]"
    sizes = relation.rows(f"SELECT file_name, num_rows FROM parquet_file_metadata({files}) WHERE num_rows > 0")
    total = sum(size for _, size in sizes)
    each = max(1, ROWS // _PLACES)
    parts, begun = [], 0
    places = [total * at // _PLACES for at in range(_PLACES)]
    for name, size in sizes:
        for place in places:
            if begun <= place < begun + size:
                first = min(place - begun, max(0, size - each))
                source = f"read_parquet({literal(name)}, file_row_number = true)"
                rows = f"file_row_number BETWEEN {first} AND {first + each - 1}"
                parts.append(f"(SELECT * EXCLUDE (file_row_number) FROM {source} WHERE {rows})")
        begun += size
    return replace(relation, sql=" UNION ALL BY NAME ".join(parts))
