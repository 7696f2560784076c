import type { WebhookSettings } from "../../platform/webhooks-file.js";
import { EVENT_NAMES, type EventName } from "../events/events.js";
import { nameMatcher } from "../events/rules.js";

/** Events with a one-time token: whoever reads them can act as the owner of the account. */
const WITH_TOKEN: readonly EventName[] = [
  "system.user.email.confirmation.token",
  "system.user.password.reset.token",
];

/** What is wrong with what a webhook is to be told, or where: one sentence; undefined when nothing is. */
export function webhookFault(
  { name, url, events }: Omit<WebhookSettings, "secrets">,
  { isProduction }: { readonly isProduction: boolean },
): string | undefined {
  const unknown = events.find((pattern) => !EVENT_NAMES.some(nameMatcher([pattern])));
  if (unknown !== undefined)
    return `webhook ${name} waits for ${unknown}, of which there is none: events are ${EVENT_NAMES.join(", ")}`;
  if (isProduction && isReadable(new URL(url)) && WITH_TOKEN.some(nameMatcher(events)))
    return `webhook ${name} would get one-time tokens by http://: it needs https://, or events without ${WITH_TOKEN.join(" and ")}`;
  return undefined;
}

/** What is wrong with leaving links to webhooks alone: one sentence; undefined when each kind of link has one that is told. */
export function untoldLinksFault(webhooks: readonly Pick<WebhookSettings, "events">[]): string | undefined {
  const untold = WITH_TOKEN.filter((name) => !webhooks.some(({ events }) => nameMatcher(events)(name)));
  if (untold.length === 0) return undefined;
  return `MAIL_LINKS=false leaves links to listeners of events, but there is no broker and no webhook waits for ${untold.join(" or ")}`;
}

/** Whether others on the way could read what is sent there. */
const isReadable = ({ protocol, hostname }: URL): boolean =>
  protocol === "http:" && !/^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
