import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../src/database/database.js";
import { createDirectory } from "../../../src/features/accounts/directory.js";
import { sliceOf } from "../../../src/features/accounts/slice.js";
import { type AccountStore, createAccountStore } from "../../../src/features/accounts/store.js";
import { describeEachDatabase, openMigrated } from "../../support/databases.js";

test("a page is reached from the nearer end of its list", () => {
  const ways = [1, 2, 3, 4, 5].map((page) => sliceOf({ offset: (page - 1) * 2, limit: 2 }, 7));

  expect(ways).toEqual([
    { offset: 0, limit: 2, fromEnd: false },
    { offset: 2, limit: 2, fromEnd: false },
    { offset: 1, limit: 2, fromEnd: true },
    { offset: 0, limit: 1, fromEnd: true },
    undefined,
  ]);
  expect(sliceOf({ offset: 0, limit: 2 }, 0)).toBeUndefined();
});

describeEachDatabase("the directory of accounts", (kind) => {
  let opened: { database: Database; close(): Promise<void> };
  let store: AccountStore;
  beforeAll(async () => {
    opened = await openMigrated(kind);
    store = createAccountStore(opened.database);
  });
  afterAll(() => opened.close());

  const moment = new Date("2026-11-25T12:00:00.500Z");
  const signUp = (name: string) =>
    opened.database.transaction((tx) =>
      store.insert(
        {
          ...{ uid: `ID${name}`, email: `${name}@example.com`, passwordDigest: "none", role: "member" },
          ...{
            level: 0,
            otp: false,
            state: "pending",
            referralId: null,
            language: null,
            createdAt: moment,
            updatedAt: moment,
          },
        },
        tx,
      ),
    );

  test("who signs up while a page is being cut moves nobody to another page", async () => {
    for (const name of ["ann", "bob", "cat", "dan"]) await signUp(name);
    let late = 0;
    const busy = {
      ...store,
      async count(...selection: Parameters<AccountStore["count"]>) {
        const counted = await store.count(...selection);
        late += 1;
        await signUp(`late${late}`);
        return counted;
      },
    };

    const lastOfAll = await createDirectory({ store: busy }).list({ offset: 2, limit: 2 });
    const lastFound = await createDirectory({ store: busy }).search(
      { field: "state", value: "pending" },
      { offset: 3, limit: 2 },
    );

    expect(lastOfAll).toMatchObject({ total: 4, rows: [{ uid: "IDcat" }, { uid: "IDdan" }] });
    expect(lastFound).toMatchObject({ total: 5, rows: [{ uid: "IDdan" }, { uid: "IDlate1" }] });
  });

  test("an account is listed without its password", async () => {
    const { rows } = await createDirectory({ store }).list({ offset: 0, limit: 1 });

    expect(rows).toEqual([
      {
        ...{ id: rows[0]?.id, uid: "IDann", email: "ann@example.com", role: "member", level: 0, otp: false },
        ...{ state: "pending", referralId: null, createdAt: moment, updatedAt: moment },
      },
    ]);
  });
});
