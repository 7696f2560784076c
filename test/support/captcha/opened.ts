import type { JsonValue } from "@bufbuild/protobuf";
import { expect, onTestFinished } from "vitest";
import type { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import { systemClock } from "../../../src/platform/clock.js";
import { readConfig } from "../../../src/platform/config.js";
import { Failure } from "../../../src/platform/failure.js";
import { silentLogger } from "../../../src/platform/logger.js";
import type { Occasion } from "../../../src/ports/captcha/captcha.js";
import { createCaptcha } from "../../../src/ports/captcha/create-captcha.js";
import type { CaptchaTwin } from "./captcha-twin.js";

export const SIGN_UP = { ip: "203.0.113.7", action: "user_create" };

/** The captcha that these settings give, with this twin as its vendor. */
export function captchaAt(
  { environment }: Pick<CaptchaTwin, "environment">,
  more: Readonly<Record<string, string>> = {},
  surroundings: Partial<Parameters<typeof createCaptcha>[1]> = {},
) {
  const { captcha } = readConfig({ ...environment, ...more });
  const { verify, registerGeetest } = createCaptcha(captcha, {
    clock: systemClock,
    logger: silentLogger,
    ...surroundings,
  });
  return {
    /** Takes what a client sends, in the form in which it arrives. */
    verify: (answer: JsonValue | undefined, occasion: Occasion) => verify(asText(answer), occasion),
    registerGeetest,
  };
}

/** What the server makes of a value that a client sends as JSON. */
export function asText(answer: JsonValue | undefined): string | undefined {
  if (answer === undefined || typeof answer === "string") return answer;
  const isEmpty = answer === null || answer === false || Object.keys(answer).length === 0;
  return isEmpty && typeof answer !== "number" && answer !== true ? "" : JSON.stringify(answer);
}

/** A twin for this test alone, which fails when the twin gets a request that the real vendor would not take. */
export async function openedTwin<Twin extends CaptchaTwin>(start: () => Promise<Twin>): Promise<Twin> {
  const twin = await start();
  onTestFinished(async () => {
    await twin.stop();
    expect(twin.faults).toEqual([]);
  });
  return twin;
}

/** Whether somebody was refused for this reason alone. */
export const is = (reason: ErrorReason) => (fault: unknown) =>
  fault instanceof Failure && fault.reasons.join() === `${reason}`;
