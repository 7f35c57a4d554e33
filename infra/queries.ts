/**
 * Queries: which time series of Cloud Monitoring are a pipeline's.
 *
 * Owns: filters and PromQL. Does not own: what is drawn (dashboard.ts), what is reported (alerts.ts).
 *
 * @see https://docs.cloud.google.com/monitoring/api/metrics_gcp
 */
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { feedsOf } from "./feeds.ts";
import { TRACKER } from "./functions.ts";
import { functionName, watermarkMetricName } from "./names.ts";
import { LIST_PRICES } from "./prices.ts";
import { type FunctionSettings, mebibytesOf } from "./settings.ts";

const MINUTE_SECONDS = 60;
/** A month of 30 days, in s. */
const MONTH_SECONDS = 30 * 86_400;

/** Returns a regular expression that exactly these names match. */
function oneOf(names: readonly string[]): string {
  return names.length === 1 ? (names[0] ?? "") : `(${names.join("|")})`;
}

/** Returns the names of a plan's functions at Google, by stage. */
export function functionNames({ pipeline, stages }: MeshPlan): ReadonlyMap<string, string> {
  const names = [...stages.map(({ id }) => id), TRACKER];
  return new Map(names.map((name) => [name, functionName(pipeline, name)]));
}

/** Returns the subscriptions that feed a plan: those that were there before too. */
function subscriptionNames(plan: MeshPlan): string[] {
  const adopted = plan.stages.flatMap(({ ingest }) =>
    ingest !== undefined && ingest.topic === undefined ? [lastOf(ingest.subscription)] : [],
  );
  return [...feedsOf(plan).map(({ name }) => name), ...adopted];
}

/** Returns the filter of a metric of all the pipeline's subscriptions. */
export function ofSubscriptions(plan: MeshPlan, metric: string): string {
  return filter("pubsub_subscription", `pubsub.googleapis.com/subscription/${metric}`, [
    "subscription_id",
    oneOf(subscriptionNames(plan)),
  ]);
}

/** Returns the filter of a metric of topics. */
export function ofTopics(topics: readonly string[], metric: string): string {
  return filter("pubsub_topic", `pubsub.googleapis.com/topic/${metric}`, [
    "topic_id",
    oneOf(topics),
  ]);
}

/** Returns the filter of a metric of all the pipeline's functions. */
export function ofFunctions(plan: MeshPlan, metric: string): string {
  return filter("cloud_run_revision", `run.googleapis.com/${metric}`, [
    "service_name",
    oneOf([...functionNames(plan).values()]),
  ]);
}

/** Returns the filter of a metric of the database: of all pipelines in it. */
export function ofDatabase(database: string, metric: string): string {
  const named: [string, string] = ["database_id", database.replace(/[()]/g, "\\\\$&")];
  return filter("firestore.googleapis.com/Database", `firestore.googleapis.com/${metric}`, named);
}

/** Returns the filter of the watermark lag of all the pipeline's stages. */
export function ofWatermarks({ pipeline }: MeshPlan): string {
  const type = `logging.googleapis.com/user/${watermarkMetricName(pipeline)}`;
  return `resource.type = "cloud_run_revision" AND metric.type = "${type}"`;
}

function filter(resource: string, metric: string, [label, names]: [string, string]): string {
  return [
    `resource.type = "${resource}"`,
    `metric.type = "${metric}"`,
    `resource.labels.${label} = monitoring.regex.full_match("${names}")`,
  ].join(" AND ");
}

/** Returns PromQL: messages wait, and none was taken for a quarter of an hour. */
export function noProgress(plan: MeshPlan): string {
  const names = `subscription_id=~"${oneOf(subscriptionNames(plan))}"`;
  const waiting = `sum(pubsub_googleapis_com:subscription_num_undelivered_messages{${names}}) > 0`;
  const pushes = "pubsub_googleapis_com:subscription_push_request_count";
  const taken = `sum(increase(${pushes}{${names},response_class="ack"}[15m])) > 0`;
  return `${waiting} unless on() (${taken})`;
}

/**
 * Returns PromQL: stages whose watermark lies more than this behind the clock, in the mean of their
 * last entries.
 *
 * @see https://docs.cloud.google.com/monitoring/promql/promql-mapping
 */
export function lagsBehind({ pipeline }: MeshPlan, lagSeconds: number, logSeconds: number): string {
  const name = watermarkMetricName(pipeline).replace(/[^A-Za-z0-9]/g, "_");
  const range = `{pipeline="${pipeline}"}[${Math.max(MINUTE_SECONDS, logSeconds) * 2}s]`;
  const sumOf = (part: string): string =>
    `sum by (stage) (increase(logging_googleapis_com:user_${name}_${part}${range}))`;
  return `${sumOf("sum")} / ${sumOf("count")} > ${lagSeconds}`;
}

/** Returns PromQL: USD that a function costs in a month, if it went on as in the last day. */
export function costOfFunction(name: string, { cpu, memory }: FunctionSettings): string {
  const label = `service_name="${name}"`;
  const { runPerVcpuSecond, runPerGibSecond, runPerMillionRequests } = LIST_PRICES;
  const gibibytes = (mebibytesOf(memory) ?? 0) / 1024;
  const second = Number(cpu) * runPerVcpuSecond + gibibytes * runPerGibSecond;
  const time = `sum(rate(run_googleapis_com:container_billable_instance_time{${label}}[1d]))`;
  const requests = `sum(rate(run_googleapis_com:request_count{${label}}[1d]))`;
  // A message is billed when it is published and when it is pushed.
  const { pubsubPerTiB, pubsubRequestBytesMin } = LIST_PRICES;
  const push = (2 * pubsubRequestBytesMin * pubsubPerTiB) / 2 ** 40;
  const request = runPerMillionRequests / 1_000_000 + push;
  return `${MONTH_SECONDS} * (${time} * ${usd(second)} + ${requests} * ${usd(request)})`;
}

/** Returns PromQL: USD of all functions of a pipeline. */
export function costOfPipeline(
  plan: MeshPlan,
  settingsOf: (name: string) => FunctionSettings,
): string {
  const costs = [...functionNames(plan)].map(
    ([stage, name]) =>
      // One that had no request yet has no series, and would make the sum nothing.
      `(${costOfFunction(name, settingsOf(stage))} or vector(0))`,
  );
  return costs.join(" + ");
}

function usd(amount: number): string {
  return amount.toFixed(12).replace(/0+$/, "");
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
