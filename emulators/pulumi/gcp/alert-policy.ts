/** An alert policy of Cloud Monitoring: recorded, its conditions checked. */
import { createHash } from "node:crypto";
import { isObject, type Properties } from "../values.ts";
import type { InputCheck } from "./input-check.ts";
import { checkMetrics } from "./metrics.ts";
import { list, type ResourceKind, text } from "./resource-kind.ts";

// Source: docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies.
const CONDITIONS_MAX = 6;
const CHANNELS_MAX = 16;
const DOCUMENTATION_BYTES_MAX = 8_192;
const KINDS = [
  "conditionThreshold",
  "conditionAbsent",
  "conditionMatchedLog",
  "conditionMonitoringQueryLanguage",
  "conditionPrometheusQueryLanguage",
  "conditionSql",
];

export const alertPolicy: ResourceKind = {
  type: "gcp:monitoring/alertPolicy:AlertPolicy",
  apis: ["monitoring.googleapis.com"],
  fixed: ["project"],
  check: checkInputs,
  id: nameOf,
  create(inputs, cloud) {
    for (const channel of list(inputs, "notificationChannels")) requireChannel(String(channel));
    cloud.add(nameOf(inputs), inputs);
    return { name: nameOf(inputs) };
  },
  update(inputs, cloud, before) {
    cloud.remove(nameOf(before));
    cloud.add(nameOf(inputs), inputs);
    return {};
  },
  delete: (inputs, cloud) => cloud.remove(nameOf(inputs)),
};

/** Google makes up an id; here it is made from what people see first. */
function nameOf(inputs: Properties): string {
  const title = text(inputs, "displayName");
  const id = createHash("sha256").update(title).digest("hex").slice(0, 16);
  return `projects/${text(inputs, "project")}/alertPolicies/${id}`;
}

function requireChannel(name: string): void {
  if (!/^projects\/[^/]+\/notificationChannels\/[^/]+$/.test(name)) {
    throw new Error(`"${name}" is no notification channel: projects/P/notificationChannels/ID.`);
  }
}

function checkInputs(check: InputCheck): void {
  check.oneOf("combiner", ["AND", "OR", "AND_WITH_MATCHING_RESOURCE"]);
  check.oneOf("severity", ["CRITICAL", "ERROR", "WARNING"]);
  const conditions = check.count("conditions");
  if (conditions > CONDITIONS_MAX) {
    check.fail("conditions", `at most ${CONDITIONS_MAX} are accepted`);
  }
  if (check.count("notificationChannels") > CHANNELS_MAX) {
    check.fail("notificationChannels", `at most ${CHANNELS_MAX} are accepted`);
  }
  const words = check.at("documentation.content");
  if (typeof words === "string" && Buffer.byteLength(words) > DOCUMENTATION_BYTES_MAX) {
    check.fail("documentation.content", `has more than ${DOCUMENTATION_BYTES_MAX} bytes`);
  }
  for (let i = 0; i < conditions; i++) checkCondition(check, `conditions[${i}]`);
}

function checkCondition(check: InputCheck, path: string): void {
  const condition = check.at(path);
  if (!isObject(condition)) return;
  const kinds = KINDS.filter((kind) => condition[kind] !== undefined);
  if (kinds.length !== 1) check.fail(path, `needs one of ${KINDS.join(", ")}`);
  for (const kind of ["conditionThreshold", "conditionAbsent"]) {
    const filter = check.at(`${path}.${kind}.filter`);
    if (typeof filter === "string") checkMetrics(check, `${path}.${kind}.filter`, filter);
    const duration = check.at(`${path}.${kind}.duration`);
    if (typeof duration === "string" && Number.parseInt(duration, 10) % 60 !== 0) {
      check.fail(`${path}.${kind}.duration`, `${duration} is not a number of whole minutes`);
    }
  }
  check.oneOf(`${path}.conditionThreshold.comparison`, ["COMPARISON_GT", "COMPARISON_LT"]);
}
