import { expect, test } from "vitest";
import { eventView } from "../../../src/features/events/view.js";

const event = { id: "d6a1", name: "system.document.verified", at: new Date(1_700_000_000_000) };
const payload = { uid: "ID1", email: "dana@example.com" };

test("an event is told in the message of its name, and nothing of it that the message does not know", () => {
  expect(eventView({ ...event, payload: { ...payload, later: 1 } })).toMatchObject({
    name: event.name,
    payload: { case: "documentVerified", value: payload },
  });
});

test.each([
  ["a payload that does not fit its message", { ...event, payload: { ...payload, uid: 5 } }],
  ["a payload that nobody can read", { ...event, payload: undefined }],
  ["a name that nobody knows", { ...event, name: "system.document.lost", payload }],
])("%s is told without, for what is behind it has to be told too", (_what, unreadable) => {
  const told = eventView(unreadable);

  expect(told.id).toBe(event.id);
  expect(told.payload).toBeUndefined();
});

test("a one-time token is not told", () => {
  const { payload: told } = eventView({
    ...event,
    name: "system.user.password.reset.token",
    payload: { user: {}, language: "en", token: "s3cret" },
  });

  expect(told).toMatchObject({ case: "passwordResetToken", value: { language: "en", token: "" } });
});
