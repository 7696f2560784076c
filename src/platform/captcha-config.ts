import { getOption } from "@bufbuild/protobuf";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { method as methodRules } from "../../gen/barong/options/v1/options_pb.js";

/** The settings of captcha as they were read; undefined where they are absent or not readable. */
interface CaptchaValues {
  readonly captcha: "none" | CaptchaVendor["name"] | undefined;
  readonly captchaFor: readonly string[] | undefined;
  readonly captchaOutage: "closed" | "open" | undefined;
  readonly captchaHostnames: readonly string[] | undefined;
  readonly recaptchaSecretKey: string | undefined;
  readonly recaptchaMinimumScore: number | undefined;
  readonly recaptchaUrl: URL | undefined;
  readonly hcaptchaSiteKey: string | undefined;
  readonly hcaptchaSecretKey: string | undefined;
  readonly hcaptchaUrl: URL | undefined;
  readonly turnstileSecretKey: string | undefined;
  readonly turnstileUrl: URL | undefined;
  readonly geetestId: string | undefined;
  readonly geetestKey: string | undefined;
  readonly geetestUrl: URL | undefined;
}

/** One vendor of captchas and what it takes to ask him. */
export type CaptchaVendor =
  | ({ readonly name: "recaptcha" | "turnstile" } & Siteverify)
  | ({ readonly name: "recaptcha_v3"; readonly minimumScore: number } & Siteverify)
  | ({ readonly name: "hcaptcha"; readonly siteKey: string } & Siteverify)
  | {
      readonly name: "geetest" | "geetest_v4";
      readonly id: string;
      readonly key: string;
      readonly url: string;
    };

interface Siteverify {
  readonly secretKey: string;
  readonly url: string;
  readonly hostnames: readonly string[];
}

/** Who tells people from programs, what for, and what holds while he is out. */
export type CaptchaConfig = ReturnType<typeof captchaConfig>;

export const captchaConfig = (values: CaptchaValues) => ({
  /** Undefined when captcha is off. */
  vendor: vendorOf(values),
  actions: values.captchaFor ?? [],
  outage: values.captchaOutage ?? "closed",
});

function vendorOf(values: CaptchaValues): CaptchaVendor | undefined {
  const { captcha: name } = values;
  const site = (secretKey: string | undefined, url: URL | undefined): Siteverify => ({
    secretKey: secretKey ?? "",
    url: url?.href ?? "",
    hostnames: (values.captchaHostnames ?? []).map((host) => host.toLowerCase()),
  });
  switch (name) {
    case undefined:
    case "none":
      return undefined;
    case "recaptcha":
      return { name, ...site(values.recaptchaSecretKey, values.recaptchaUrl) };
    case "recaptcha_v3":
      return {
        name,
        minimumScore: values.recaptchaMinimumScore ?? 1,
        ...site(values.recaptchaSecretKey, values.recaptchaUrl),
      };
    case "hcaptcha":
      return {
        name,
        siteKey: values.hcaptchaSiteKey ?? "",
        ...site(values.hcaptchaSecretKey, values.hcaptchaUrl),
      };
    case "turnstile":
      return { name, ...site(values.turnstileSecretKey, values.turnstileUrl) };
    case "geetest":
    case "geetest_v4":
      return {
        name,
        id: values.geetestId ?? "",
        key: values.geetestKey ?? "",
        url: values.geetestUrl?.href ?? GEETEST_URLS[name],
      };
  }
}

const GEETEST_URLS = { geetest: "https://api.geetest.com", geetest_v4: "https://gcaptcha4.geetest.com" };

/** What each vendor cannot do without. */
const NEEDS: Readonly<Record<CaptchaVendor["name"], readonly string[]>> = {
  recaptcha: ["RECAPTCHA_SECRET_KEY"],
  recaptcha_v3: ["RECAPTCHA_SECRET_KEY"],
  hcaptcha: ["HCAPTCHA_SITE_KEY", "HCAPTCHA_SECRET_KEY"],
  turnstile: ["TURNSTILE_SECRET_KEY"],
  geetest: ["GEETEST_ID", "GEETEST_KEY"],
  geetest_v4: ["GEETEST_ID", "GEETEST_KEY"],
};

/** What a captcha can be demanded for: the actions that the schema names. */
const ACTIONS = [UserService, SessionService]
  .flatMap(({ methods }) => methods)
  .map((method) => getOption(method, methodRules).captchaAction)
  .filter((action) => action !== "");

/** Settings of captcha that leave something out or promise what is not held, one sentence each. */
export function captchaContradictions(
  environment: Readonly<Record<string, string | undefined>>,
  { captcha: vendor, captchaFor: actions, captchaHostnames: hostnames = [] }: CaptchaValues,
): string[] {
  const isGiven = (name: string) => (environment[name] ?? "") !== "";
  const found: string[] = [];
  for (const action of actions ?? []) {
    if (!ACTIONS.includes(action)) found.push(`CAPTCHA_FOR: ${action} is none of ${ACTIONS.join(", ")}`);
  }
  for (const host of hostnames) {
    if (!/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(host))
      found.push(`CAPTCHA_HOSTNAMES: ${host} is not a host such as www.example.com`);
  }
  if (vendor === undefined || vendor === "none") return found;
  for (const name of NEEDS[vendor]) {
    if (!isGiven(name)) found.push(`CAPTCHA=${vendor} needs ${name}`);
  }
  if (actions?.length === 0) found.push("CAPTCHA_FOR names nothing; CAPTCHA=none switches captcha off");
  if (vendor.startsWith("geetest") && hostnames.length > 0)
    found.push("CAPTCHA_HOSTNAMES is not held by Geetest, which does not tell the page");
  if (vendor === "recaptcha" && isGiven("RECAPTCHA_MINIMUM_SCORE"))
    found.push("RECAPTCHA_MINIMUM_SCORE needs CAPTCHA=recaptcha_v3");
  return found;
}
