/** A dashboard of Cloud Monitoring: recorded, its JSON checked. */
import { createHash } from "node:crypto";
import { isObject, type Properties, type PropertyValue } from "../values.ts";
import type { InputCheck } from "./input-check.ts";
import { checkMetrics } from "./metrics.ts";
import { type ResourceKind, text } from "./resource-kind.ts";

// Source: docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards.
const LAYOUTS = ["gridLayout", "mosaicLayout", "rowLayout", "columnLayout"];
const COLUMNS_MAX = 48;
const TILES_MAX = 100;

export const dashboard: ResourceKind = {
  type: "gcp:monitoring/dashboard:Dashboard",
  apis: ["monitoring.googleapis.com"],
  fixed: ["project"],
  check: checkInputs,
  id: nameOf,
  create(inputs, cloud) {
    cloud.add(nameOf(inputs), inputs);
    return {};
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
  const parsed = parse(text(inputs, "dashboardJson"));
  const title = isObject(parsed) ? text(parsed, "displayName") : "";
  const id = createHash("sha256").update(title).digest("hex").slice(0, 16);
  return `projects/${text(inputs, "project")}/dashboards/${id}`;
}

function parse(json: string): PropertyValue | undefined {
  try {
    return JSON.parse(json) as PropertyValue;
  } catch {
    return undefined; // Said by the check.
  }
}

function checkInputs(check: InputCheck): void {
  const json = check.at("dashboardJson");
  if (typeof json !== "string") return;
  const parsed = parse(json);
  if (!isObject(parsed)) {
    check.fail("dashboardJson", "is no JSON object");
    return;
  }
  if (text(parsed, "displayName") === "") check.fail("dashboardJson.displayName", "is needed");
  const layouts = LAYOUTS.filter((layout) => parsed[layout] !== undefined);
  if (layouts.length !== 1) check.fail("dashboardJson", `needs one of ${LAYOUTS.join(", ")}`);
  checkMetrics(check, "dashboardJson", json);
  const mosaic = parsed["mosaicLayout"];
  if (isObject(mosaic)) checkTiles(check, mosaic);
}

function checkTiles(check: InputCheck, mosaic: Properties): void {
  const path = "dashboardJson.mosaicLayout";
  const columns = Number(mosaic["columns"] ?? 12);
  if (columns < 1 || columns > COLUMNS_MAX) {
    check.fail(`${path}.columns`, `${columns} is not between 1 and ${COLUMNS_MAX}`);
  }
  const tiles = Array.isArray(mosaic["tiles"]) ? mosaic["tiles"] : [];
  if (tiles.length > TILES_MAX) check.fail(`${path}.tiles`, `at most ${TILES_MAX} are accepted`);
  tiles.forEach((tile: PropertyValue, i) => {
    if (!isObject(tile) || !isObject(tile["widget"])) {
      check.fail(`${path}.tiles[${i}]`, "needs a widget");
    } else if (Number(tile["xPos"] ?? 0) + Number(tile["width"] ?? 0) > columns) {
      check.fail(`${path}.tiles[${i}]`, `goes over the ${columns} columns`);
    }
  });
}
