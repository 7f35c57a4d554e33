/**
 * BigQuery fields: the columns of a table that holds the elements of a schema.
 *
 * Owns: the way from a schema's JSON Schema to BigQuery's types. Does not own: making the table, and
 * writing to it. Asks libraries that speak Standard JSON Schema (zod and arktype do).
 *
 * @see https://standardschema.dev/json-schema
 * @see https://docs.cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema
 */
import type { StandardJSONSchemaV1 } from "@standard-schema/spec";
import { MeshError } from "../model/errors.ts";

/** A column of a table, in the form of BigQuery's API. */
export interface BigQueryField {
  readonly name: string;
  readonly type: "STRING" | "INT64" | "FLOAT64" | "BOOL" | "TIMESTAMP" | "DATE" | "JSON" | "RECORD";
  readonly mode: "REQUIRED" | "NULLABLE" | "REPEATED";
  /** Of a RECORD. */
  readonly fields?: readonly BigQueryField[];
}

/** As much of a JSON Schema as decides a column. */
interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

/**
 * Returns the columns for the elements of a schema. What has no column of its own (unions, maps, lists
 * of lists) becomes JSON.
 *
 * @throws ERR_UNSUPPORTED if the schema can't be turned into JSON Schema, or is not that of an object
 * @throws ERR_OPTION if a field's name can't be that of a column
 * @example
 * const schema = bigQueryFields(z.object({ id: z.string(), at: z.iso.datetime() }));
 * // [{ name: "id", type: "STRING", mode: "REQUIRED" }, { name: "at", type: "TIMESTAMP", … }]
 */
export function bigQueryFields(schema: StandardJSONSchemaV1): readonly BigQueryField[] {
  const json = jsonSchemaOf(schema);
  const { type, properties } = json;
  if (type === "object" && properties !== undefined) return fieldsOf(json);
  throw new MeshError(
    "ERR_UNSUPPORTED",
    "bigQueryFields: a table's rows are objects, and this schema is of something else. Give the schema of an object with named fields.",
  );
}

function jsonSchemaOf(schema: StandardJSONSchemaV1): JsonSchema {
  const { vendor, jsonSchema } = schema["~standard"];
  // A library that does not speak Standard JSON Schema gets here from JavaScript only.
  const convert: StandardJSONSchemaV1.Converter | undefined = jsonSchema;
  if (convert === undefined) {
    throw new MeshError(
      "ERR_UNSUPPORTED",
      `bigQueryFields: ${vendor} does not tell the fields of a schema (Standard JSON Schema). Wrap it with the library's converter, or use zod or arktype.`,
    );
  }
  try {
    return convert.output({ target: "draft-2020-12" });
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new MeshError(
      "ERR_UNSUPPORTED",
      `bigQueryFields: the ${vendor} schema has no JSON Schema: ${words}`,
      { cause },
    );
  }
}

function fieldsOf({ properties = {}, required = [] }: JsonSchema): BigQueryField[] {
  return Object.entries(properties).map(([name, property]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,299}$/.test(name)) {
      throw new MeshError(
        "ERR_OPTION",
        `bigQueryFields: ${JSON.stringify(name)} can't be the name of a column: it takes up to 300 letters, digits and _, and begins with no digit.`,
      );
    }
    return fieldOf(name, property, required.includes(name));
  });
}

function fieldOf(name: string, property: JsonSchema, isRequired: boolean): BigQueryField {
  const [schema, isNullable] = withoutNull(property);
  const mode = isRequired && !isNullable ? "REQUIRED" : "NULLABLE";
  if (schema.type === "array" && schema.items !== undefined && !isNullable) {
    const [items, hasNulls] = withoutNull(schema.items);
    // BigQuery's lists hold neither lists nor null.
    if (items.type !== "array" && !hasNulls) return { name, ...columnOf(items), mode: "REPEATED" };
  }
  return { name, ...columnOf(schema), mode };
}

/** A schema that allows null, without it. */
function withoutNull(schema: JsonSchema): [JsonSchema, isNullable: boolean] {
  const { anyOf, type } = schema;
  if (anyOf !== undefined) {
    const others = anyOf.filter((each) => each.type !== "null");
    const [only] = others;
    const isNullable = others.length < anyOf.length;
    return [only !== undefined && others.length === 1 ? only : {}, isNullable];
  }
  if (!Array.isArray(type)) return [schema, type === "null"];
  const types = type.filter((each) => each !== "null");
  const [only] = types;
  const isNullable = types.length < type.length;
  return [only !== undefined && types.length === 1 ? { ...schema, type: only } : {}, isNullable];
}

function columnOf(schema: JsonSchema): Pick<BigQueryField, "type" | "fields"> {
  switch (schema.type) {
    case "string":
      return { type: textTypes[schema.format ?? ""] ?? "STRING" };
    case "integer":
      return { type: "INT64" };
    case "number":
      return { type: "FLOAT64" };
    case "boolean":
      return { type: "BOOL" };
    case "object":
      return schema.properties === undefined
        ? { type: "JSON" }
        : { type: "RECORD", fields: fieldsOf(schema) };
    default:
      return { type: "JSON" };
  }
}

const textTypes: Readonly<Record<string, BigQueryField["type"]>> = {
  "date-time": "TIMESTAMP",
  date: "DATE",
};
