/**
 * Alerts: what a person is told of without looking.
 *
 * Owns: up to six policies a pipeline: elements wait too long, dead letters, failing functions, a mesh
 * that stands still; and where they are asked for, watermarks far behind and cost past a budget. Does not own: the queries (queries.ts).
 */
import { AlertPolicy, type AlertPolicyArgs } from "@pulumi/gcp/monitoring/alertPolicy.js";
import type { CustomResourceOptions, Input } from "@pulumi/pulumi";
import type { MeshPlan } from "../sdk/compile/plan.ts";
import { undeliveredName } from "./names.ts";
import {
  costOfPipeline,
  lagsBehind,
  noProgress,
  ofFunctions,
  ofSubscriptions,
  ofTopics,
} from "./queries.ts";
import type { FunctionSettings } from "./settings.ts";

/** Who is told, and from when on. */
export interface AlertSettings {
  /** Full names of notification channels. */
  readonly channels: readonly Input<string>[];
  /** An element that waits longer is reported, in s. */
  readonly freshnessSeconds: number;
  /** A stage whose watermark lies further behind the clock is reported, in s; undefined: none. */
  readonly watermarkLagSeconds: number | undefined;
  /** USD a month; undefined: none. */
  readonly budgetPerMonth: number | undefined;
}

/** What alerts are about. */
export interface AlertInput {
  readonly project: string;
  readonly plan: MeshPlan;
  readonly labels: Readonly<Record<string, string>>;
  readonly alerts: AlertSettings;
  /** How often watermarks are logged, in ms; 0: never. */
  readonly watermarkLogMs: number;
  readonly settingsOf: (name: string) => FunctionSettings;
}

/** Share of requests that fail from which on it is reported. */
const FAILING_SHARE = 0.1;

const SHORT = "300s";

/** Declares the policies of a pipeline. */
export function declareAlerts(input: AlertInput, options: CustomResourceOptions): AlertPolicy[] {
  const { plan, alerts } = input;
  const policy = policyOf(input, options);
  const { freshnessSeconds } = alerts;
  const dead = [plan.deadLetterTopic, undeliveredName(plan.pipeline)];
  return [
    policy("freshness", `an element waits longer than ${freshnessSeconds} s`, FRESHNESS_HELP, {
      conditionThreshold: {
        filter: ofSubscriptions(plan, "oldest_unacked_message_age"),
        comparison: "COMPARISON_GT",
        thresholdValue: freshnessSeconds,
        duration: SHORT,
        aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_MAX" }],
      },
    }),
    policy("dead-letters", "elements were set aside", DEAD_LETTERS_HELP, {
      conditionThreshold: {
        filter: ofTopics(dead, "send_message_operation_count"),
        comparison: "COMPARISON_GT",
        thresholdValue: 0,
        duration: "0s",
        aggregations: [{ alignmentPeriod: SHORT, perSeriesAligner: "ALIGN_DELTA" }],
      },
    }),
    policy("errors", `more than ${FAILING_SHARE * 100} % of requests fail`, ERRORS_HELP, {
      conditionThreshold: {
        filter: `${ofFunctions(plan, "request_count")} AND metric.labels.response_code_class = "5xx"`,
        denominatorFilter: ofFunctions(plan, "request_count"),
        comparison: "COMPARISON_GT",
        thresholdValue: FAILING_SHARE,
        duration: SHORT,
        aggregations: [sumByService],
        denominatorAggregations: [sumByService],
      },
    }),
    policy("no-progress", "messages wait and none is taken", NO_PROGRESS_HELP, {
      conditionPrometheusQueryLanguage: {
        query: noProgress(plan),
        duration: SHORT,
        evaluationInterval: "60s",
      },
    }),
    ...declareWanted(input, policy),
  ];
}

/** Policies that there are only where a limit is given. */
function declareWanted(
  { plan, alerts, watermarkLogMs, settingsOf }: AlertInput,
  policy: PolicyOf,
): AlertPolicy[] {
  const { budgetPerMonth, watermarkLagSeconds: lag } = alerts;
  const wanted: AlertPolicy[] = [];
  if (lag !== undefined && watermarkLogMs > 0) {
    const condition = {
      conditionPrometheusQueryLanguage: {
        query: lagsBehind(plan, lag, Math.ceil(watermarkLogMs / 1_000)),
        duration: SHORT,
        evaluationInterval: "60s",
      },
    };
    wanted.push(
      policy("watermark-lag", `a watermark lags more than ${lag} s`, LAG_HELP, condition),
    );
  }
  if (budgetPerMonth !== undefined) {
    const condition = {
      conditionPrometheusQueryLanguage: {
        query: `${costOfPipeline(plan, settingsOf)} > ${budgetPerMonth}`,
        duration: "0s",
        evaluationInterval: "300s",
      },
    };
    const words = `it costs more than ${budgetPerMonth} USD a month`;
    wanted.push(policy("budget", words, BUDGET_HELP, condition));
  }
  return wanted;
}

const sumByService = {
  alignmentPeriod: SHORT,
  perSeriesAligner: "ALIGN_RATE",
  crossSeriesReducer: "REDUCE_SUM",
  groupByFields: ["resource.label.service_name"],
};

type PolicyOf = (name: string, words: string, help: string, condition: object) => AlertPolicy;
type Conditions = Extract<AlertPolicyArgs["conditions"], readonly unknown[]>;

function policyOf(
  { project, plan, labels, alerts }: AlertInput,
  options: CustomResourceOptions,
): PolicyOf {
  const { pipeline } = plan;
  return (name, words, help, condition) =>
    new AlertPolicy(
      `${pipeline}-${name}`,
      {
        project,
        displayName: `${pipeline}: ${words}`,
        combiner: "OR",
        conditions: [{ displayName: words, ...condition }] as Conditions,
        notificationChannels: [...alerts.channels],
        userLabels: labels,
        documentation: {
          mimeType: "text/markdown",
          content: help.replaceAll("PIPELINE", pipeline),
        },
        alertStrategy: { autoClose: "1800s" },
      },
      options,
    );
}

const FRESHNESS_HELP =
  "`tidemark status PIPELINE --why` says what holds it up. A paused job waits too: `tidemark resume PIPELINE`.";
const DEAD_LETTERS_HELP =
  "`tidemark dead-letters list PIPELINE` shows them with their errors. What could not be delivered a hundred times lies in the subscription tm-PIPELINE-undelivered.";
const ERRORS_HELP = "The functions' logs say why: severity ERROR, by code.";
const NO_PROGRESS_HELP =
  "Is the job paused? `tidemark status PIPELINE`. If not, a right or a function is missing: look for 401, 403 and 404 in the functions' logs.";
const LAG_HELP =
  "`tidemark status PIPELINE --why` says what each watermark waits for: a source that gives nothing newer, a hold, or elements on their way.";
const BUDGET_HELP =
  "An estimate by list prices of the functions' time, requests and pushes of the last day; Firestore is not in it.";
