/** A metric that is made of log entries: recorded, its filter and extractors read. */
import { isObject, type Properties, UNKNOWN } from "../values.ts";
import type { InputCheck } from "./input-check.ts";
import { readExtractor, readLogFilter } from "./log-filter.ts";
import { list, object, type ResourceKind, text } from "./resource-kind.ts";

// Source: docs.cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics, and for the number
// of labels docs.cloud.google.com/logging/docs/logs-based-metrics/labels.
const NAME = {
  min: 1,
  max: 100,
  pattern: /^[A-Za-z0-9_\-.,+!*',()%][A-Za-z0-9_\-.,+!*',()%/]*$/,
  words: "[A-Za-z0-9_-.,+!*',()%/]+, not beginning with /",
} as const;
const FILTER_CHARS_MAX = 20_000;
const DESCRIPTION_CHARS_MAX = 8_000;
const LABELS_MAX = 10;
/** Source: the reference's Distribution.BucketOptions, of which a metric takes 200. */
const BUCKETS_MAX = 200;
const BUCKETS = ["linearBuckets", "exponentialBuckets", "explicitBuckets"];

export const logMetric: ResourceKind = {
  type: "gcp:logging/metric:Metric",
  apis: ["logging.googleapis.com"],
  fixed: ["project", "name"],
  check: checkInputs,
  id: (inputs) => text(inputs, "name"),
  create(inputs, cloud) {
    cloud.add(nameOf(inputs), inputs);
    return {};
  },
  update(inputs, cloud) {
    cloud.put(nameOf(inputs), inputs);
    return {};
  },
  delete: (inputs, cloud) => cloud.remove(nameOf(inputs)),
};

function nameOf(inputs: Properties): string {
  return `projects/${text(inputs, "project")}/metrics/${text(inputs, "name")}`;
}

function checkInputs(check: InputCheck): void {
  if (check.inputs["name"] === undefined) check.fail("name", "is needed");
  check.text("name", NAME);
  check.text("filter", { min: 1, max: FILTER_CHARS_MAX });
  check.text("description", { max: DESCRIPTION_CHARS_MAX });
  checkRead(check, "filter", readLogFilter);
  checkRead(check, "valueExtractor", readExtractor);
  const kind = "metricDescriptor.metricKind";
  check.oneOf(kind, ["DELTA"]);
  const type = "metricDescriptor.valueType";
  check.oneOf(type, ["INT64", "DISTRIBUTION"]);
  const isDistribution = check.at(type) === "DISTRIBUTION";
  for (const each of ["valueExtractor", "bucketOptions"]) {
    const isGiven = check.inputs[each] !== undefined;
    // Logging has buckets of its own where none are given; without a value there is nothing to put there.
    if (isDistribution && each === "valueExtractor" && !isGiven) {
      check.fail(each, "a DISTRIBUTION needs it");
    }
    if (!isDistribution && isGiven) check.fail(each, "only a DISTRIBUTION may have it");
  }
  checkLabels(check);
  checkBuckets(check);
}

function checkRead(check: InputCheck, path: string, read: (text: string) => unknown): void {
  const value = check.at(path);
  if (typeof value !== "string") return;
  try {
    read(value);
  } catch (error) {
    check.fail(path, (error as Error).message);
  }
}

/** Each label that is declared has an extractor, and the other way round. */
function checkLabels(check: InputCheck): void {
  const path = "metricDescriptor.labels";
  const labels = list(object(check.inputs, "metricDescriptor"), "labels");
  if (labels.length > LABELS_MAX) check.fail(path, `at most ${LABELS_MAX} are accepted`);
  labels.forEach((_, i) => {
    const key = { min: 1, max: 100, pattern: /^[a-z][a-z0-9_]*$/, words: "[a-z][a-z0-9_]*" };
    check.text(`${path}[${i}].key`, key);
    check.oneOf(`${path}[${i}].valueType`, ["STRING", "INT64", "BOOL"]);
  });
  const extractors = check.at("labelExtractors");
  const given = isObject(extractors) ? Object.keys(extractors) : [];
  const declared = labels.flatMap((label) => (isObject(label) ? [text(label, "key")] : []));
  for (const key of declared) {
    if (given.includes(key) || key === UNKNOWN) continue;
    check.fail(`labelExtractors.${key}`, "the label that is declared needs it");
  }
  for (const key of given) {
    if (!declared.includes(key)) check.fail(`labelExtractors.${key}`, "no such label is declared");
    checkRead(check, `labelExtractors.${key}`, readExtractor);
  }
}

function checkBuckets(check: InputCheck): void {
  const options = check.at("bucketOptions");
  if (!isObject(options)) return;
  const kinds = BUCKETS.filter((kind) => options[kind] !== undefined);
  if (kinds.length !== 1) check.fail("bucketOptions", `needs one of ${BUCKETS.join(", ")}`);
  for (const kind of kinds) {
    check.number(`bucketOptions.${kind}.numFiniteBuckets`, { min: 1, max: BUCKETS_MAX });
  }
  check.number("bucketOptions.exponentialBuckets.growthFactor", {
    min: 1 + Number.EPSILON,
    max: Number.MAX_VALUE,
  });
  check.number("bucketOptions.exponentialBuckets.scale", {
    min: Number.MIN_VALUE,
    max: Number.MAX_VALUE,
  });
}
