import type { Parcel } from "./outbox.js";

/** Sealed for this channel, topic and account, a payload cannot be moved to another row. */
export const contextOf = ({ channel, topic, accountId }: Pick<Parcel, "channel" | "topic" | "accountId">) =>
  `outbox:${channel}:${topic}:${accountId ?? "none"}`;

export const recipientContext = (channel: string): string => `outbox_recipient:${channel}`;
