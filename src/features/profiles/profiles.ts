import type { JsonObject } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database } from "../../database/database.js";
import { isUniqueViolation } from "../../database/errors.js";
import { calendarDay, dayOf } from "../../platform/calendar-date.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { squeezed, trimmed } from "../../platform/white-space.js";
import type { Accounts } from "../accounts/accounts.js";
import type { Labels } from "../labels/labels.js";
import { reasonsAgainst } from "./rules.js";
import { type Profile, type ProfileStore, UNIQUE_ACCOUNT } from "./store.js";

export type { Profile } from "./store.js";

export interface ProfilesNeeds {
  readonly database: Database;
  readonly store: ProfileStore;
  readonly accounts: Accounts;
  readonly labels: Labels;
  readonly clock: Clock;
}

/** What the owner of an account tells, with whatever white space he types. */
export interface Told {
  readonly firstName: string;
  readonly lastName: string;
  /** `YYYY-MM-DD` or `DD/MM/YYYY`. */
  readonly dob: string;
  readonly address: string;
  readonly postcode: string;
  readonly city: string;
  readonly country: string;
  readonly metadata: JsonObject | undefined;
}

export function createProfiles({ database, store, accounts, labels, clock }: ProfilesNeeds) {
  return {
    /** The profile of an account; undefined when it has none. */
    ofAccount: store.of,

    /** The profile of an account; throws Failure(PROFILE_NOT_FOUND). */
    async get(accountId: number): Promise<Profile> {
      const profile = await store.of(accountId);
      if (!profile) throw new Failure(ErrorReason.PROFILE_NOT_FOUND);
      return profile;
    },

    /** Keeps what an owner tells, and labels his account `profile: verified`. Throws Failure(PROFILE_EXISTS) the second time. */
    async create(accountId: number, told: Told): Promise<void> {
      const tidy = tidied(told);
      const [first, ...rest] = reasonsAgainst(tidy, dayOf(clock()));
      if (first !== undefined) throw new Failure([first, ...rest]);
      await database.transaction(async (tx) => {
        // First, as labelling needs it too: a row that refers to the account would already hold a part of this lock.
        if (!(await accounts.lock(accountId, tx))) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        try {
          await store.insert(rowOf(accountId, tidy, clock()), tx);
        } catch (fault) {
          if (isUniqueViolation(fault, UNIQUE_ACCOUNT))
            throw new Failure(ErrorReason.PROFILE_EXISTS, { cause: fault });
          throw fault;
        }
        await labels.setPrivate({ id: accountId }, "profile", "verified", tx);
      });
    },
  };
}

export type Profiles = ReturnType<typeof createProfiles>;

const tidied = ({ firstName, lastName, dob, address, postcode, city, country, metadata }: Told): Told => ({
  firstName: squeezed(firstName),
  lastName: squeezed(lastName),
  dob: calendarDay(dob),
  // The lines of an address stay apart.
  address: trimmed(address),
  postcode: squeezed(postcode),
  city: squeezed(city),
  country: trimmed(country),
  metadata,
});

const rowOf = (userId: number, { metadata, ...told }: Told, now: Date): Profile => ({
  ...told,
  userId,
  metadata: metadata ? JSON.stringify(metadata) : null,
  createdAt: now,
  updatedAt: now,
});
