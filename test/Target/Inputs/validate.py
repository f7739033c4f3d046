# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""validate.py SCHEMA FILE: checks JSON against the part of JSON Schema that
docs/manifest.schema.json uses. Prints the first violation, or `valid`."""

import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "integer": int}
KNOWN = {"$schema", "$comment", "$defs", "$ref", "title", "description", "type", "required", "properties",
         "additionalProperties", "items", "oneOf", "enum", "const", "pattern", "minimum", "minItems", "maxItems"}  # fmt: skip


class Invalid(Exception):
    pass


def check(schema, value, root, where):
    unknown = set(schema) - KNOWN
    if unknown:
        raise Invalid(f"schema at {where}: this checker knows no {sorted(unknown)}")
    if "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        check(target, value, root, where)
    if "type" in schema and (not isinstance(value, TYPES[schema["type"]]) or isinstance(value, bool)):
        raise Invalid(f"{where}: {value!r} is no {schema['type']}")
    if "const" in schema and value != schema["const"]:
        raise Invalid(f"{where}: {value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        raise Invalid(f"{where}: {value!r} is none of {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        raise Invalid(f"{where}: {value!r} does not match {schema['pattern']}")
    if "minimum" in schema and value < schema["minimum"]:
        raise Invalid(f"{where}: {value} is below {schema['minimum']}")
    if "oneOf" in schema:
        fits = 0
        for option in schema["oneOf"]:
            try:
                check(option, value, root, where)
                fits += 1
            except Invalid:
                pass
        if fits != 1:
            raise Invalid(f"{where}: {value!r} fits {fits} of {len(schema['oneOf'])} options")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                raise Invalid(f"{where}: {name} is missing")
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        for name, part in value.items():
            if name in properties:
                check(properties[name], part, root, f"{where}.{name}")
            elif others is False:
                raise Invalid(f"{where}: {name} is not in the schema")
            elif isinstance(others, dict):
                check(others, part, root, f"{where}.{name}")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            raise Invalid(f"{where}: has {len(value)} items")
        for i, part in enumerate(value):
            check(schema.get("items", {}), part, root, f"{where}[{i}]")


schema = json.load(open(sys.argv[1]))
try:
    check(schema, json.load(open(sys.argv[2])), schema, "manifest")
    print("valid")
except Invalid as fault:
    print("invalid:", fault)
