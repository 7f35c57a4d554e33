/** A secret of Secret Manager: its name; the values are versions. */
import { isObject, type Properties } from "../values.ts";
import { type ResourceKind, text } from "./resource-kind.ts";

/** Source: docs.cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create. */
const ID = { min: 1, max: 255, pattern: /^[A-Za-z0-9_-]+$/, words: "[A-Za-z0-9_-]" } as const;

export const secret: ResourceKind = {
  type: "gcp:secretmanager/secret:Secret",
  apis: ["secretmanager.googleapis.com"],
  fixed: ["project", "secretId", "replication"],
  check(check) {
    check.text("secretId", ID);
    check.labels();
    const kinds = check.at("replication");
    if (isObject(kinds) && ["auto", "userManaged"].filter((kind) => kind in kinds).length !== 1) {
      check.fail("replication", "needs one of auto, userManaged");
    }
  },
  id: nameOf,
  create(inputs, cloud) {
    cloud.add(nameOf(inputs), inputs);
    return { name: nameOf(inputs) };
  },
  update(inputs, cloud) {
    cloud.put(nameOf(inputs), inputs);
    return {};
  },
  delete(inputs, cloud) {
    for (const version of cloud.names(`${nameOf(inputs)}/versions/`)) cloud.remove(version);
    cloud.remove(nameOf(inputs));
  },
};

function nameOf(inputs: Properties): string {
  return `projects/${text(inputs, "project")}/secrets/${text(inputs, "secretId")}`;
}
