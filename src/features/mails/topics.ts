/** Mails whose link does something. */
export type LinkTopic = "confirmation" | "password_reset";

/** Mails that tell the owner of an account what has happened to it. */
export type NoticeTopic =
  | "new_device"
  | "password_changed"
  | "otp_enabled"
  | "otp_disabled"
  | "api_key_created"
  | "api_keys_deactivated"
  | "email_confirmed"
  | "document_verified"
  | "document_rejected";

export type MailTopic = LinkTopic | NoticeTopic;

/** What a notice says besides its words, in the order in which it is shown. */
export const FACTS = ["time", "address", "device", "key", "keys"] as const;
export type Fact = (typeof FACTS)[number];
export type Facts = Readonly<Partial<Record<Fact, string>>>;

/** What is filled into a mail: the token of its link, or the facts of a notice. */
export type MailFields = Facts & { readonly token?: string };
