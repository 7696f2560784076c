import type { Accounts } from "../accounts/accounts.js";
import { normaliseEmail } from "../accounts/email-rules.js";
import type { Activities } from "../activities/activities.js";
import { deviceIn } from "./cookie.js";
import type { Devices } from "./devices.js";

export interface KnownClientsDeps {
  readonly accounts: Pick<Accounts, "byEmail">;
  readonly activities: Pick<Activities, "hasSignedInFrom">;
  readonly devices: Pick<Devices, "find">;
}

/** The id of no account. */
const NO_ACCOUNT = 0;

/** Clients in which the owner of an e-mail address has signed in before. */
export function createKnownClients({ accounts, activities, devices }: KnownClientsDeps) {
  return {
    /** A name of the client for counting; undefined when the owner is not known to use it, or nobody has the address. */
    async of(email: string, header: Pick<Headers, "get">, ip: string): Promise<string | undefined> {
      const account = await accounts.byEmail(normaliseEmail(email));
      const device = account && devices.find(deviceIn(header), account);
      // Asked for unknown addresses too, so that the time taken does not tell whether an address is known.
      const isKnownAddress = await activities.hasSignedInFrom(account?.id ?? NO_ACCOUNT, ip);
      if (device) return `device ${device.id}`;
      return isKnownAddress ? `address ${ip}` : undefined;
    },
  };
}
