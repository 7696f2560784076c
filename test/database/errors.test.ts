import { ConnectionRefusedError, DatabaseError } from "sequelize";
import { expect, test } from "vitest";
import {
  CallEnded,
  ConnectionLost,
  isRetryable,
  isUnavailable,
  QueryTimeout,
  shortReason,
} from "../../src/database/errors.js";

const fromServer = (errno: number, message = "refused", sqlState = "HY000"): DatabaseError =>
  new DatabaseError(Object.assign(new Error(message), { errno, sqlState, sql: "SELECT 1" }));

test.each([
  ["a deadlock", fromServer(1213, "Deadlock found", "40001"), true],
  ["a lock wait that took too long", fromServer(1205), true],
  ["a rollback by the group's certification", fromServer(3101, "rolled back", "40000"), true],
  ["a commit that the storage engine says to retry", fromServer(1180, "Got error 149 - Lock deadlock"), true],
  ["a commit that failed for another reason", fromServer(1180, "Got error 28 - No space left"), false],
  ["a broken rule", fromServer(1048), false],
  ["a lost connection", new ConnectionLost(), false],
  ["a timeout", new QueryTimeout(5), false],
  ["something else", new Error("no"), false],
])("a transaction that ended by %s is repeated only if that can help", (_name, error, expected) => {
  expect(isRetryable(error)).toBe(expected);
});

test.each([
  ["a refused connection", new ConnectionRefusedError(new Error("refused")), true],
  ["a node that is not ready", fromServer(1047, "WSREP has not yet prepared node", "08S01"), true],
  ["a commit without a majority", fromServer(3100), true],
  ["a read-only server", fromServer(1290), true],
  ["a lost connection", new ConnectionLost(), true],
  ["a silent server", new QueryTimeout(5), true],
  ["a conflict that did not end", fromServer(1213), true],
  ["a wrapped cause", new Error("no", { cause: fromServer(1040) }), true],
  ["a broken rule", fromServer(1048), false],
  ["the end of the call", new CallEnded(), false],
  ["no error at all", undefined, false],
])("%s is told apart from what will not pass", (_name, error, expected) => {
  expect(isUnavailable(error)).toBe(expected);
});

test("a reason to print is a code and never a statement", () => {
  const error = new DatabaseError(
    Object.assign(new Error("Duplicate entry 'secret'"), { code: "ER_DUP_ENTRY", sql: "INSERT 'secret'" }),
  );

  expect(shortReason(error)).toBe("ER_DUP_ENTRY");
  expect(shortReason(new Error("secret"))).toBe("Error");
});
