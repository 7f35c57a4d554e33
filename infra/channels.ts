/**
 * Channels: mail addresses → notification channels, that alerts of all pipelines of a stack are sent to.
 *
 * Owns: channels of this stack. Channels that are there already are named by the configuration.
 */
import { NotificationChannel } from "@pulumi/gcp/monitoring/notificationChannel.js";
import type { CustomResourceOptions, Output } from "@pulumi/pulumi";
import { channelLabel } from "./names.ts";

/** Declares a channel for each address, and returns their full names. */
export function declareChannels(
  name: string,
  project: string,
  emails: readonly string[],
  labels: Readonly<Record<string, string>>,
  options: CustomResourceOptions,
): readonly Output<string>[] {
  return emails.map((email) => {
    const channel = new NotificationChannel(
      `${name}-mail-${channelLabel(email)}`,
      {
        project,
        type: "email",
        displayName: `Tidemark: ${email}`,
        labels: { email_address: email },
        userLabels: labels,
      },
      options,
    );
    return channel.name;
  });
}
