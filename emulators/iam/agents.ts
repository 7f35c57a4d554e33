/**
 * Agents: the accounts as which Google's services act themselves.
 *
 * Owns: their names in a local world. Does not own: their rights (policy.ts).
 */

/** The number of every project of a local world. */
export const PROJECT_NUMBER = "1000000000001";

/** Signs pushes and forwards dead letters. */
export const pubsubAgent: string = agent("gcp-sa-pubsub");

/** Signs tasks. */
export const tasksAgent: string = agent("gcp-sa-cloudtasks");

function agent(service: string): string {
  return `serviceAccount:service-${PROJECT_NUMBER}@${service}.iam.gserviceaccount.com`;
}
