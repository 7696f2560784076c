import { expect, test } from "vitest";
import { DeliveryRefused } from "../../../src/ports/delivery.js";
import { describeEachDatabase } from "../../support/databases.js";
import { aReceiver } from "../../support/outboxes.js";
import { activeMember, expectRefusal, rest, signIn } from "../../support/rest.js";
import { accountWith } from "../../support/staff.js";
import { startedApp } from "../../support/start-app.js";

interface Parcel {
  readonly id: number;
  readonly message_id: string;
  readonly state: string;
}

describeEachDatabase("staff about what leaves the server", (database) => {
  const app = startedApp(database);

  const staff = async () => ({ cookie: await signIn(app, "admin@barong.io") });

  /** A parcel that the other side refuses for good, until `mend` is called. */
  async function deadParcel() {
    const channel = `test ${Math.random()}`.slice(0, 20);
    const account = await app.rooms.accounts.byEmail(await activeMember(app));
    const receiver = aReceiver({ channel });
    receiver.refuse("s3cret", new DeliveryRefused("it has no such box", { permanent: true }));
    app.rooms.outbox.deliverBy(receiver);
    await app.database.transaction((tx) =>
      app.rooms.outbox.post(tx, {
        channel,
        topic: "greeting",
        accountId: account?.id ?? null,
        payload: { to: "dana@example.com", word: "s3cret" },
      }),
    );
    const headers = await staff();
    const query = `/admin/outbox?state=dead&channel=${encodeURIComponent(channel)}`;
    await expect.poll(async () => (await rest(app, "GET", query, { headers })).body).toHaveLength(1);
    const [parcel] = (await rest(app, "GET", query, { headers })).body as Parcel[];
    const mend = () => receiver.refuse("s3cret", undefined);
    return { id: parcel?.id ?? 0, uid: account?.uid, channel, receiver, mend };
  }

  test("list it by state, channel, topic and account, newest first", async () => {
    const { id, uid, channel } = await deadParcel();
    const headers = await staff();

    const { body, headers: page } = await rest(app, "GET", `/admin/outbox?uid=${uid}&topic=greeting`, {
      headers,
    });

    expect(page.get("total")).toBe("1");
    expect(body).toMatchObject([
      { id, uid, channel, topic: "greeting", state: "dead", attempts: 1, last_error: "it has no such box" },
    ]);
    const mails = (await rest(app, "GET", `/admin/outbox?uid=${uid}&channel=mail`, { headers }))
      .body as Parcel[];
    expect(mails.length).toBeGreaterThan(0);
    expect(mails.map((mail) => mail.id)).toEqual(mails.map((mail) => mail.id).sort((a, b) => b - a));
  });

  test("inspect it, with addresses and secrets masked", async () => {
    const { id } = await deadParcel();

    const answer = await rest(app, "GET", `/admin/outbox/${id}`, { headers: await staff() });

    expect(answer.body).toMatchObject({ id, contents: { to: "d***", word: "***" } });
    expect(JSON.stringify(answer.body)).not.toMatch(/s3cret|dana/);
  });

  test("resend what was given up, which is in the log of who does so", async () => {
    const { id, receiver, mend } = await deadParcel();
    const headers = await staff();
    mend();

    const answer = await rest(app, "POST", `/admin/outbox/${id}/resend`, { headers });

    expect(answer).toMatchObject({ status: 201, body: { id, state: "waiting", attempts: 0 } });
    await expect.poll(() => receiver.taken).toHaveLength(1);
    expect(receiver.taken[0]?.messageId).toBe((answer.body as Parcel).message_id);
    const all = await rest(app, "GET", "/resource/users/activity/all", { headers });
    expect((all.body as { action: string }[]).map(({ action }) => action)).toContain("resend");
    const { id: admin } = await accountWith(app, "admin@barong.io");
    const resent = (await app.rooms.activities.latest(admin, 10)).find(({ action }) => action === "resend");
    expect(JSON.parse(resent?.data ?? "")).toEqual({ parcel: id });
    await expect
      .poll(async () => (await rest(app, "GET", `/admin/outbox/${id}`, { headers })).body)
      .toMatchObject({ state: "sent" });
    expectRefusal(
      await rest(app, "POST", `/admin/outbox/${id}/resend`, { headers }),
      422,
      "admin.outbox.not_resendable",
    );
  });

  test("what does not exist is not found, and nobody else is told anything", async () => {
    const headers = await staff();
    const member = { cookie: await signIn(app, await activeMember(app)) };

    expectRefusal(await rest(app, "GET", "/admin/outbox/99999999", { headers }), 404, "record.not_found");
    expectRefusal(
      await rest(app, "POST", "/admin/outbox/99999999/resend", { headers }),
      404,
      "record.not_found",
    );
    expectRefusal(
      await rest(app, "GET", "/admin/outbox?uid=ID0000000000", { headers }),
      404,
      "admin.user.doesnt_exist",
    );
    expectRefusal(await rest(app, "GET", "/admin/outbox", { headers: member }), 401, "admin.access.denied");
  });
});
