/**
 * Roles: the permissions of the predefined roles that a mesh may be given.
 *
 * Owns: the table. Of each role only the permissions stand here that a call of a mesh or of a local
 * world can ask for, so that a role never permits more here than at Google. Does not own: who has a
 * role (policy.ts).
 *
 * Sources: cloud.google.com/iam/docs/roles-permissions/SERVICE, the page of each service below.
 */

// …/roles-permissions/pubsub, and cloud.google.com/pubsub/docs/access-control.
const pubsubViews = [
  "pubsub.snapshots.get",
  "pubsub.snapshots.list",
  "pubsub.subscriptions.get",
  "pubsub.subscriptions.list",
  "pubsub.topics.get",
  "pubsub.topics.list",
];
const pubsubSubscribes = [
  "pubsub.snapshots.seek",
  "pubsub.subscriptions.consume",
  "pubsub.topics.attachSubscription",
];
const pubsubEdits = [
  ...pubsubViews,
  ...pubsubSubscribes,
  "pubsub.snapshots.create",
  "pubsub.snapshots.delete",
  "pubsub.snapshots.update",
  "pubsub.subscriptions.create",
  "pubsub.subscriptions.delete",
  "pubsub.subscriptions.update",
  "pubsub.topics.create",
  "pubsub.topics.delete",
  "pubsub.topics.detachSubscription",
  "pubsub.topics.publish",
  "pubsub.topics.update",
];

// …/roles-permissions/datastore, and cloud.google.com/firestore/docs/security/iam.
const datastoreViews = [
  "datastore.databases.get",
  "datastore.entities.get",
  "datastore.entities.list",
];
const datastoreUses = [
  ...datastoreViews,
  "datastore.entities.allocateIds",
  "datastore.entities.create",
  "datastore.entities.delete",
  "datastore.entities.update",
];

// …/roles-permissions/cloudtasks, and cloud.google.com/tasks/docs/reference-access-control.
const queueViews = ["cloudtasks.queues.get", "cloudtasks.queues.list"];
const queueEdits = [
  ...queueViews,
  "cloudtasks.queues.create",
  "cloudtasks.queues.delete",
  "cloudtasks.queues.pause",
  "cloudtasks.queues.purge",
  "cloudtasks.queues.resume",
  "cloudtasks.queues.update",
];
const taskViews = ["cloudtasks.tasks.fullView", "cloudtasks.tasks.get", "cloudtasks.tasks.list"];

// …/roles-permissions/iam.
const accountViews = ["iam.serviceAccounts.get", "iam.serviceAccounts.list"];

// …/roles-permissions/storage.
const objectViews = ["storage.objects.get", "storage.objects.list"];
const objectEdits = [
  ...objectViews,
  "storage.objects.create",
  "storage.objects.delete",
  "storage.objects.update",
];

const repositoryReads = [
  "artifactregistry.repositories.downloadArtifacts",
  "artifactregistry.repositories.get",
];

const roles: Readonly<Record<string, readonly string[]>> = {
  "roles/pubsub.publisher": ["pubsub.topics.publish"],
  "roles/pubsub.subscriber": pubsubSubscribes,
  "roles/pubsub.viewer": pubsubViews,
  "roles/pubsub.editor": pubsubEdits,
  "roles/pubsub.admin": pubsubEdits,
  "roles/pubsub.serviceAgent": [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
  ],
  "roles/datastore.viewer": datastoreViews,
  "roles/datastore.user": datastoreUses,
  "roles/datastore.owner": datastoreUses,
  "roles/cloudtasks.enqueuer": ["cloudtasks.tasks.create", "cloudtasks.tasks.fullView"],
  "roles/cloudtasks.taskDeleter": ["cloudtasks.tasks.delete"],
  "roles/cloudtasks.taskRunner": ["cloudtasks.tasks.fullView", "cloudtasks.tasks.run"],
  "roles/cloudtasks.viewer": [...queueViews, ...taskViews],
  "roles/cloudtasks.queueAdmin": queueEdits,
  "roles/cloudtasks.admin": [
    ...queueEdits,
    ...taskViews,
    "cloudtasks.tasks.create",
    "cloudtasks.tasks.delete",
    "cloudtasks.tasks.run",
  ],
  "roles/cloudtasks.serviceAgent": [
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "logging.logEntries.create",
  ],
  "roles/iam.serviceAccountUser": [...accountViews, "iam.serviceAccounts.actAs"],
  "roles/iam.serviceAccountTokenCreator": [
    ...accountViews,
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.getOpenIdToken",
    "iam.serviceAccounts.implicitDelegation",
    "iam.serviceAccounts.signBlob",
    "iam.serviceAccounts.signJwt",
  ],
  "roles/iam.serviceAccountOpenIdTokenCreator": ["iam.serviceAccounts.getOpenIdToken"],
  // …/roles-permissions/run.
  "roles/run.invoker": ["run.routes.invoke"],
  // …/roles-permissions/secretmanager.
  "roles/secretmanager.secretAccessor": ["secretmanager.versions.access"],
  "roles/storage.objectViewer": objectViews,
  "roles/storage.objectCreator": ["storage.objects.create"],
  "roles/storage.objectUser": objectEdits,
  "roles/storage.objectAdmin": objectEdits,
  // …/roles-permissions/logging, …/monitoring, …/cloudtrace.
  "roles/logging.logWriter": ["logging.logEntries.create", "logging.logEntries.route"],
  "roles/monitoring.metricWriter": ["monitoring.timeSeries.create"],
  "roles/cloudtrace.agent": ["cloudtrace.traces.patch"],
  // …/roles-permissions/artifactregistry.
  "roles/artifactregistry.reader": repositoryReads,
  "roles/artifactregistry.writer": [
    ...repositoryReads,
    "artifactregistry.repositories.uploadArtifacts",
  ],
};

const sets = new Map(Object.entries(roles).map(([role, has]) => [role, new Set(has)]));

/** Permissions that something in a local world asks for; the other services are not there. */
const asked =
  /^(?:pubsub|datastore|cloudtasks)\.|^storage\.objects\.get$|^logging\.logEntries\.create$|^artifactregistry\.repositories\.uploadArtifacts$|^run\.routes\.invoke$|^secretmanager\.versions\.access$|^iam\.serviceAccounts\.(?:actAs|getOpenIdToken)$/;

/** Whether a local world can tell if a role is needed: it asks for something that the role permits. */
export function isTriedHere(role: string): boolean {
  return [...(sets.get(role) ?? [])].some((permission) => asked.test(permission));
}

/** What a role permits; undefined for a role that is not known here. */
export function permissionsOf(role: string): ReadonlySet<string> | undefined {
  return sets.get(role);
}

/** The known role with fewest permissions that has this one; those of Google's own agents apart. */
export function smallestRoleWith(permission: string): string | undefined {
  const having = [...sets].filter(([role, has]) => has.has(permission) && !role.endsWith("Agent"));
  return having.toSorted(([, a], [, b]) => a.size - b.size)[0]?.[0];
}
