import type { Migration } from "../migration.js";
import { accounts } from "./0001-accounts.js";
import { identity } from "./0002-identity.js";
import { gateway } from "./0003-gateway.js";
import { outbox } from "./0004-outbox.js";
import { phoneCodes } from "./0005-phone-codes.js";
import { eventPlaces } from "./0006-event-places.js";
import { phoneNumbers } from "./0007-phone-numbers.js";
import { outboxTopics } from "./0008-outbox-topics.js";
import { eventEpoch } from "./0009-event-epoch.js";

/** Oldest first. */
export const migrations: readonly Migration[] = [
  accounts,
  identity,
  gateway,
  outbox,
  phoneCodes,
  eventPlaces,
  phoneNumbers,
  outboxTopics,
  eventEpoch,
];
