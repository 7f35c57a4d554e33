/**
 * What people look at and are told: the dashboard and the alert policies.
 */
import { describe, expect, test } from "vitest";
import { costOfFunction, noProgress, ofDatabase } from "../../infra/queries.ts";
import { DEFAULT_SETTINGS } from "../../infra/settings.ts";
import {
  argsOf,
  type Declared,
  declared,
  declarePipeline,
  flights,
  ofType,
  only,
} from "./support.ts";

const channels = ["projects/demo-project/notificationChannels/1"];

async function policies(
  budgetPerMonth?: number,
  watermarkLagSeconds?: number,
): Promise<readonly Declared[]> {
  const alerts = { channels, freshnessSeconds: 90, budgetPerMonth, watermarkLagSeconds };
  const made = await declared(() => declarePipeline(flights, { alerts }));
  return ofType(made, "monitoring/alertPolicy:AlertPolicy");
}

describe("alert policies", () => {
  test("four, and one each for budget and watermark lag if there is one, all to the channels", async () => {
    const names = (all: readonly Declared[]): Set<string> => new Set(all.map(({ name }) => name));
    const four = ["freshness", "dead-letters", "errors", "no-progress"].map(
      (each) => `flights-${each}`,
    );
    const without = await policies();
    expect(names(without)).toEqual(new Set(four));
    expect(names(await policies(20, 60))).toEqual(
      new Set([...four, "flights-budget", "flights-watermark-lag"]),
    );
    expect(without.every(({ inputs }) => inputs.notificationChannels[0] === channels[0])).toBe(
      true,
    );
    expect(without.every(({ inputs }) => inputs.documentation.content.length > 20)).toBe(true);
  });

  test("mail addresses become channels, once for all policies", async () => {
    const alertEmails = ["ops@example.com", "a.b@example.com", "a-b@example.com"];
    const alerts = {
      channels,
      freshnessSeconds: 90,
      budgetPerMonth: undefined,
      watermarkLagSeconds: undefined,
    };
    const made = await declared(() => declarePipeline(flights, { alerts }, { alertEmails }));
    const mail = ofType(made, "monitoring/notificationChannel:NotificationChannel");
    expect(mail.map(({ inputs }) => inputs.labels.email_address).sort()).toEqual(
      [...alertEmails].sort(),
    );
    expect(mail.every(({ inputs }) => inputs.type === "email")).toBe(true);
    expect(new Set(mail.map(({ name }) => name)).size).toBe(3);
    for (const { inputs } of ofType(made, "monitoring/alertPolicy:AlertPolicy")) {
      expect(inputs.notificationChannels).toEqual([
        ...channels,
        ...alertEmails.map((email) => `projects/demo-project/notificationChannels/${email}`),
      ]);
    }
  });

  test("each looks at the pipeline's own resources and no others", async () => {
    const all = await policies();
    const [freshness, letters, errors] = ["freshness", "dead-letters", "errors"].map((name) =>
      only(all, "monitoring/alertPolicy:AlertPolicy", `flights-${name}`),
    );
    const threshold = freshness?.inputs.conditions[0].conditionThreshold;
    expect(threshold.thresholdValue).toBe(90);
    const matched = (filter: string, name: string): boolean => {
      const [, names = ""] = /full_match\("(.*)"\)/.exec(filter) ?? [];
      return new RegExp(`^${names}$`).test(name);
    };
    expect(matched(threshold.filter, "tm-flights-airport-days-d5ae9c")).toBe(true);
    expect(matched(threshold.filter, "tm-flights-eu-airport-days-d5ae9c")).toBe(false);
    const dead = letters?.inputs.conditions[0].conditionThreshold.filter;
    expect(matched(dead, "tm-flights-dead-letters")).toBe(true);
    expect(matched(dead, "tm-flights-undelivered")).toBe(true);
    expect(matched(dead, "tm-flights-airport-days-d5ae9c")).toBe(false);
    const { filter, denominatorFilter } = errors?.inputs.conditions[0].conditionThreshold ?? {};
    expect(filter).toBe(`${denominatorFilter} AND metric.labels.response_code_class = "5xx"`);
    expect(matched(denominatorFilter, "tm-flights-tracker")).toBe(true);
  });

  test("the budget sums all functions, those without a request too", async () => {
    const budget = (await policies(20)).find(({ name }) => name === "flights-budget");
    const { query } = budget?.inputs.conditions[0].conditionPrometheusQueryLanguage ?? {};
    expect(query.match(/or vector\(0\)/g)).toHaveLength(5);
    expect(query).toMatch(/ > 20$/);
  });
});

describe("watermark lag", () => {
  test("dashboard and alert read the metric that is declared, by stage", async () => {
    const alerts = {
      channels,
      freshnessSeconds: 90,
      budgetPerMonth: undefined,
      watermarkLagSeconds: 3_600,
    };
    const made = await declared(() => declarePipeline(flights, { alerts }));
    const { inputs } = only(made, "logging/metric:Metric", "flights-watermark-lag");
    const { dashboardJson } = only(
      made,
      "monitoring/dashboard:Dashboard",
      "flights-dashboard",
    ).inputs;
    const [tile] = JSON.parse(dashboardJson).mosaicLayout.tiles;
    const { filter, aggregation } =
      tile.widget.xyChart.dataSets[0].timeSeriesQuery.timeSeriesFilter;
    expect(filter).toContain(`metric.type = "logging.googleapis.com/user/${inputs.name}"`);
    const labels = inputs.metricDescriptor.labels.map(({ key }: { key: string }) => key);
    expect(aggregation.groupByFields).toEqual(["metric.label.stage"]);
    expect(labels).toEqual(["pipeline", "stage"]);
    const alert = only(made, "monitoring/alertPolicy:AlertPolicy", "flights-watermark-lag");
    const { query } = alert.inputs.conditions[0].conditionPrometheusQueryLanguage;
    expect(inputs.name).toBe("tm-flights/watermark_lag");
    for (const part of ["sum", "count"]) {
      expect(query).toContain(
        `logging_googleapis_com:user_tm_flights_watermark_lag_${part}{pipeline="flights"}[600s]`,
      );
    }
    expect(query).toMatch(/ > 3600$/);
  });

  test("there is neither metric nor chart where watermarks are not logged", async () => {
    const engine = { watermarkLogMs: 0 };
    const made = await declared(() => declarePipeline(flights, { engine }));
    expect(ofType(made, "logging/metric:Metric")).toEqual([]);
    const { inputs } = only(made, "monitoring/dashboard:Dashboard", "flights-dashboard");
    expect(inputs.dashboardJson).not.toContain("atermark");
  });
});

describe("queries", () => {
  test("a function of 1 vCPU and 512 MiB costs 0.00002525 USD a second", () => {
    const cost = costOfFunction("f", DEFAULT_SETTINGS);
    expect(cost).toContain('container_billable_instance_time{service_name="f"}[1d])) * 0.00002525');
    expect(cost).toMatch(/^2592000 \* /);
  });

  test("no progress: messages wait, and none was acknowledged", () => {
    const query = noProgress(argsOf(flights).plan);
    expect(query).toContain('response_class="ack"');
    expect(query).toContain(" unless on() ");
  });

  test("the default database's name is not taken for a group of a regular expression", () => {
    expect(ofDatabase("(default)", "x")).toContain('full_match("\\\\(default\\\\)")');
  });
});

describe("the dashboard", () => {
  test("has watermark lag, freshness, backlog, throughput, latency, errors, dead letters, instances, Firestore and cost", async () => {
    const made = await declared(() => declarePipeline(flights));
    const { inputs } = only(made, "monitoring/dashboard:Dashboard", "flights-dashboard");
    const { displayName, mosaicLayout } = JSON.parse(inputs.dashboardJson);
    expect(displayName).toBe("Tidemark: flights");
    const tiles = mosaicLayout.tiles as {
      xPos: number;
      yPos: number;
      widget: { title: string; xyChart: { dataSets: { legendTemplate?: string }[] } };
    }[];
    expect(tiles.map(({ widget }) => widget.title.split(/[:, ]/)[0])).toEqual([
      ...[
        "Watermark",
        "Freshness",
        "Backlog",
        "Throughput",
        "Latency",
        "Errors",
        "Dead",
        "Instances",
      ],
      ...["Firestore", "Cost"],
    ]);
    const costs = tiles.at(-1)?.widget.xyChart.dataSets.map(({ legendTemplate }) => legendTemplate);
    expect(costs).toHaveLength(5);
    expect(costs).toContain("tracker");
    const places = tiles.map(({ xPos, yPos }) => `${xPos},${yPos}`);
    expect(new Set(places).size).toBe(tiles.length);
  });
});
