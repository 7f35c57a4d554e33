/**
 * Bounded sources by kind: which connector reads a source spec.
 */
import type { SourceSpec } from "../../sdk/io/source-spec.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { BoundedSource } from "../ports.ts";
import { createSource } from "./create-source.ts";
import { fileSource } from "./file-source.ts";

/**
 * Returns the reader of a bounded source.
 *
 * @throws ERR_INVARIANT for an unbounded one: ingest.ts takes those
 */
export function boundedSourceOf(spec: SourceSpec): BoundedSource {
  if (spec.type === "create") return createSource(spec);
  if (spec.type === "file") return fileSource(spec);
  throw new MeshError("ERR_INVARIANT", `A ${spec.type} source is not bounded.`);
}
