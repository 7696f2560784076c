import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { ErrorReason } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { ApiKeyService, ListApiKeysRequestSchema } from "../../gen/barong/resource/v1/api_key_service_pb.js";
import { PhoneService } from "../../gen/barong/resource/v1/phone_service_pb.js";
import { Failure } from "../../src/platform/failure.js";
import { serve } from "../../src/wire/services.js";
import { grpcClient } from "./clients.js";
import { get, openTestDoors, post } from "./support.js";

/** The keys' service for a caller whose second factor is on or off; "123456" is the right code. */
async function openKeyDoors({ otp }: { readonly otp: boolean }) {
  const done: string[] = [];
  const answer = (what: string) => async () => {
    done.push(what);
    return {};
  };
  const doors = await openTestDoors({
    steps: {
      identify: async () => ({
        caller: {
          ...{ kind: "bearer", accountId: 7, uid: "ID0000000007", email: "a@b.c", role: "member", level: 3 },
          otp,
        },
      }),
      async proveSecondFactor(code, call) {
        done.push(`${call.method.name} with ${code}`);
        if (code !== "123456") throw new Failure(ErrorReason.SECOND_FACTOR_INVALID);
      },
    },
    services: [
      serve(ApiKeyService, {
        listApiKeys: answer("list"),
        createApiKey: answer("create"),
        updateApiKey: answer("update"),
        deleteApiKey: answer("delete"),
      }),
      serve(PhoneService, {
        createPhone: answer("phone"),
        sendCode: answer("code"),
        verifyPhone: answer("verify"),
      }),
    ],
  });
  return { ...doors, done };
}

const keys = "/api/v2/resource/api_keys";

test("without two-factor authentication nothing else is looked at", async () => {
  const { url, done } = await openKeyDoors({ otp: false });

  const answer = await post(`${url}${keys}`, { totp_code: "123456" });

  expect(answer).toMatchObject({ status: 400, body: { errors: ["resource.api_key.2fa_disabled"] } });
  expect(done).toEqual([]);
});

test.each(["", "?totp_code=", "?totp_code=%20"])(
  "a list asked for with '%s' lacks the code",
  async (query) => {
    const { url, done } = await openKeyDoors({ otp: true });

    const answer = await get(`${url}${keys}${query}`);

    expect(answer).toMatchObject({ status: 400, body: { errors: ["resource.api_key.missing_totp"] } });
    expect(done).toEqual([]);
  },
);

test("a code that is no text is told as such", async () => {
  const { url, done } = await openKeyDoors({ otp: true });

  const answer = await post(`${url}${keys}`, { totp_code: 123456, algorithm: "HS256" });

  expect(answer).toMatchObject({ status: 422, body: { errors: ["resource.apikey.invalid_totp_code"] } });
  expect(done).toEqual([]);
});

test("a request that breaks rules does not use the code up", async () => {
  const { url, done } = await openKeyDoors({ otp: true });

  const answer = await post(`${url}${keys}`, { totp_code: "123456", algorithm: "kek" });

  expect(answer).toMatchObject({ status: 422, body: { errors: ["algorithm.inclusion"] } });
  expect(done).toEqual([]);
});

test("the code is proved before anything is done, through every door", async () => {
  const { url, doors, done } = await openKeyDoors({ otp: true });

  const wrong = await get(`${url}${keys}?totp_code=654321`);
  const right = await get(`${url}${keys}?totp_code=%20123456`);
  const rpc = await grpcClient(doors.grpcPort).call(
    ApiKeyService.method.listApiKeys,
    create(ListApiKeysRequestSchema, { totpCode: "000000" }),
  );

  expect(wrong).toMatchObject({ status: 422, body: { errors: ["resource.api_key.invalid_totp"] } });
  expect(right.status).toBe(200);
  expect(rpc).toMatchObject({ code: 3, reasons: ["resource.api_key.invalid_totp"] });
  expect(done).toEqual([
    "ListApiKeys with 654321",
    "ListApiKeys with 123456",
    "list",
    "ListApiKeys with 000000",
  ]);
});

test("limits by account count for the caller", async () => {
  const { url, buckets } = await openKeyDoors({ otp: true });

  await post(`${url}/api/v2/resource/phones`, { phone_number: "+12345678911" });

  expect(buckets[0]).toBe(JSON.stringify(["barong.resource.v1.PhoneService.CreatePhone", "account", "7"]));
});
