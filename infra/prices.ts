/**
 * Prices: what the estimate of a pipeline's cost in Cloud Monitoring goes by.
 *
 * List prices in USD of us-central1, read on 22 November 2026, without the free tiers. Other regions
 * are up to 40 % dearer.
 *
 * @see https://cloud.google.com/run/pricing
 * @see https://cloud.google.com/pubsub/pricing
 */

/** USD of one vCPU for one second, while requests are answered. */
export const VCPU_SECOND_USD: number = 0.000024;
/** USD of one GiB of memory for one second. */
export const GIB_SECOND_USD: number = 0.0000025;
/** USD of one request. */
export const REQUEST_USD: number = 0.4 / 1_000_000;
/** USD of one push: Pub/Sub bills 1,000 bytes at least, once published and once delivered. */
export const PUSH_USD: number = (2 * 1_000 * 40) / 2 ** 40;
