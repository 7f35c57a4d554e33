/**
 * Watermark metric: the tracker's log entries → a metric of Cloud Monitoring, by stage.
 *
 * Owns: which entries count, and what is taken out of them. Does not own: what the tracker logs, and
 * how often (functions/watermark-log.ts).
 *
 * A distribution, since no other log-based metric has values. Its mean is exact whatever the buckets.
 *
 * @see https://docs.cloud.google.com/logging/docs/logs-based-metrics/distribution-metrics
 */
import { Metric, type MetricArgs } from "@pulumi/gcp/logging/metric.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import { WATERMARK_LAG_FIELD } from "../functions/watermark-log.ts";
import { TRACKER } from "./functions.ts";
import { functionName, watermarkMetricName } from "./names.ts";

/** What of a metric its entries are found and read by, and what else it is declared with. */
type WatermarkMetric = Pick<MetricArgs, "bucketOptions" | "description" | "metricDescriptor"> & {
  readonly name: string;
  readonly filter: string;
  readonly valueExtractor: string;
  readonly labelExtractors: Readonly<Record<string, string>>;
};

/** From a second to the age of any clock. */
const BUCKETS = { scale: 1, growthFactor: 2, numFiniteBuckets: 32 } as const;

/** Declares the metric of a pipeline. */
export function declareWatermarkMetric(
  project: string,
  pipeline: string,
  options: CustomResourceOptions,
): Metric {
  return new Metric(
    `${pipeline}-watermark-lag`,
    { project, ...watermarkMetric(pipeline) },
    options,
  );
}

/** Returns the metric as Cloud Logging takes it. */
export function watermarkMetric(pipeline: string): WatermarkMetric {
  const filter = [
    'resource.type = "cloud_run_revision"',
    `resource.labels.service_name = "${functionName(pipeline, TRACKER)}"`,
    `jsonPayload.${WATERMARK_LAG_FIELD}:*`,
  ].join(" AND ");
  return {
    name: watermarkMetricName(pipeline),
    description: `How far the output watermarks of pipeline ${pipeline} lie behind the clock.`,
    filter,
    valueExtractor: `EXTRACT(jsonPayload.${WATERMARK_LAG_FIELD})`,
    labelExtractors: { pipeline: "EXTRACT(labels.pipeline)", stage: "EXTRACT(labels.stage)" },
    metricDescriptor: {
      metricKind: "DELTA",
      valueType: "DISTRIBUTION",
      unit: "s",
      displayName: `Tidemark, ${pipeline}: watermark lag`,
      labels: [
        { key: "pipeline", valueType: "STRING", description: "Name of the pipeline." },
        { key: "stage", valueType: "STRING", description: "Id of the stage." },
      ],
    },
    bucketOptions: { exponentialBuckets: BUCKETS },
  };
}
