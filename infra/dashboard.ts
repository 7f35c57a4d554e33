/**
 * Dashboard: how a pipeline does, on one page of Cloud Monitoring.
 *
 * Owns: which charts there are and where. Does not own: the queries (queries.ts).
 *
 * Watermarks are in Firestore, where `tidemark status` reads them; what is drawn of them is what the
 * tracker logs from time to time (watermark-metric.ts). How long messages wait is Pub/Sub's to tell.
 */
import { Dashboard } from "@pulumi/gcp/monitoring/dashboard.js";
import type { CustomResourceOptions } from "@pulumi/pulumi";
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { undeliveredName } from "./names.ts";
import {
  costOfFunction,
  functionNames,
  ofDatabase,
  ofFunctions,
  ofSubscriptions,
  ofTopics,
  ofWatermarks,
} from "./queries.ts";
import type { FunctionSettings } from "./settings.ts";

/** What is drawn. */
export interface DashboardInput {
  readonly project: string;
  readonly database: string;
  readonly plan: MeshPlan;
  /** How often watermarks are logged, in ms; 0: never. */
  readonly watermarkLogMs: number;
  readonly settingsOf: (name: string) => FunctionSettings;
}

const COLUMNS = 48;
const WIDTH = 24;
const HEIGHT = 16;

/** Declares the dashboard of a pipeline. */
export function declareDashboard(input: DashboardInput, options: CustomResourceOptions): Dashboard {
  const { project, plan } = input;
  return new Dashboard(
    `${plan.pipeline}-dashboard`,
    { project, dashboardJson: JSON.stringify(dashboardOf(input)) },
    options,
  );
}

/** Returns the address of a dashboard in the console. */
export function dashboardUrl(id: string, project: string): string {
  const name = id.slice(id.lastIndexOf("/") + 1);
  return `https://console.cloud.google.com/monitoring/dashboards/builder/${name}?project=${project}`;
}

/** Returns the dashboard as Cloud Monitoring takes it. */
export function dashboardOf(input: DashboardInput): object {
  const charts = chartsOf(input);
  return {
    displayName: `Tidemark: ${input.plan.pipeline}`,
    mosaicLayout: {
      columns: COLUMNS,
      tiles: charts.map(({ title, sets }, at) => ({
        xPos: (at % 2) * WIDTH,
        yPos: Math.floor(at / 2) * HEIGHT,
        width: WIDTH,
        height: HEIGHT,
        widget: { title, xyChart: { dataSets: sets, yAxis: { scale: "LINEAR" } } },
      })),
    },
  };
}

interface Chart {
  readonly title: string;
  readonly sets: readonly object[];
}

function chartsOf({ plan, database, watermarkLogMs, settingsOf }: DashboardInput): Chart[] {
  const letters = [plan.deadLetterTopic, undeliveredName(plan.pipeline)];
  const bySubscription = ["resource.label.subscription_id"];
  const byService = ["resource.label.service_name"];
  const costs = [...functionNames(plan)].map(([stage, name]) => ({
    plotType: "STACKED_AREA",
    legendTemplate: stage,
    timeSeriesQuery: { prometheusQuery: costOfFunction(name, settingsOf(stage)) },
  }));
  return [
    ...(watermarkLogMs === 0 ? [] : [watermarkLag(plan, watermarkLogMs)]),
    {
      title: "Freshness: the oldest message that waits, by stage (s)",
      sets: [
        line(ofSubscriptions(plan, "oldest_unacked_message_age"), "ALIGN_MAX", bySubscription),
      ],
    },
    {
      title: "Backlog: messages that wait, by stage",
      sets: [line(ofSubscriptions(plan, "num_undelivered_messages"), "ALIGN_MEAN", bySubscription)],
    },
    {
      title: "Throughput: pushes a second, by stage",
      sets: [line(ofSubscriptions(plan, "push_request_count"), "ALIGN_RATE", bySubscription)],
    },
    {
      title: "Latency of pushes, 95th percentile, by stage",
      sets: [line(ofFunctions(plan, "request_latencies"), "ALIGN_PERCENTILE_95", byService)],
    },
    {
      title: "Errors: requests a second that failed, by stage",
      sets: [
        line(
          `${ofFunctions(plan, "request_count")} AND metric.labels.response_code_class = "5xx"`,
          "ALIGN_RATE",
          byService,
        ),
      ],
    },
    {
      title: "Dead letters, and messages that could not be delivered",
      sets: [
        line(ofTopics(letters, "send_message_operation_count"), "ALIGN_DELTA", [
          "resource.label.topic_id",
        ]),
      ],
    },
    {
      title: "Instances, by stage",
      sets: [line(ofFunctions(plan, "container/instance_count"), "ALIGN_MAX", byService)],
    },
    {
      title: `Firestore operations a second, all pipelines in ${database}`,
      sets: ["read", "write", "delete"].map((each) =>
        line(ofDatabase(database, `document/${each}_ops_count`), "ALIGN_RATE", []),
      ),
    },
    { title: "Cost of functions, USD a month as in the last day", sets: costs },
  ];
}

/** How far event time has come: what Dataflow calls data freshness. */
function watermarkLag(plan: MeshPlan, watermarkLogMs: number): Chart {
  const aggregation = {
    alignmentPeriod: `${Math.max(60, Math.ceil(watermarkLogMs / 1_000))}s`,
    perSeriesAligner: "ALIGN_DELTA",
    // Of distributions it gives the mean of the values, not of the buckets.
    crossSeriesReducer: "REDUCE_MEAN",
    groupByFields: ["metric.label.stage"],
  };
  const query = { timeSeriesFilter: { filter: ofWatermarks(plan), aggregation } };
  return {
    title: "Watermark lag: how far event time lies behind the clock, by stage (s)",
    sets: [{ plotType: "LINE", timeSeriesQuery: query }],
  };
}

function line(filter: string, aligner: string, groupByFields: readonly string[]): object {
  const aggregation = {
    alignmentPeriod: "60s",
    perSeriesAligner: aligner,
    crossSeriesReducer:
      aligner === "ALIGN_RATE" || aligner === "ALIGN_DELTA" ? "REDUCE_SUM" : "REDUCE_MAX",
    groupByFields,
  };
  return { plotType: "LINE", timeSeriesQuery: { timeSeriesFilter: { filter, aggregation } } };
}
