import type { CountryRule } from "./settings.js";

/** The settings of SMS as they were read; undefined where they are absent or not readable. */
interface SmsValues {
  readonly mode: string | undefined;
  readonly smsProviders: readonly string[] | undefined;
  readonly twilioAccountSid: string | undefined;
  readonly twilioAuthToken: string | undefined;
  readonly twilioPhoneNumber: string | undefined;
  readonly twilioUrl: URL | undefined;
  readonly twilioVerifyServiceSid: string | undefined;
  readonly twilioVerifyUrl: URL | undefined;
  readonly smsHttpUrl: URL | undefined;
  readonly smsHttpSecret: string | undefined;
  readonly smsText: string | undefined;
  readonly smsCountries: CountryRule | undefined;
  readonly smsPerPrefixHour: number | undefined;
  readonly smsPerClientHour: number | undefined;
  readonly smsPerCountryHour: number | undefined;
  readonly smsPerDay: number | undefined;
}

/** One vendor of SMS and what it takes to use it. */
export type SmsProviderConfig =
  | ({ readonly name: "twilio"; readonly from: string } & TwilioAccount)
  | ({ readonly name: "twilio_verify"; readonly serviceSid: string } & TwilioAccount)
  | { readonly name: "http"; readonly url: string; readonly secret: string };

interface TwilioAccount {
  readonly accountSid: string;
  readonly authToken: string;
  readonly url: string;
}

/** Who sends SMS, what they say, where to, and how many. */
export type SmsConfig = ReturnType<typeof smsConfig>;

export function smsConfig(values: SmsValues) {
  return {
    /** In the order in which they are asked; none for the development mailbox. */
    providers: chosen(values).flatMap((name) => providerOf(name, values) ?? []),
    text: values.smsText ?? "",
    countries: values.smsCountries ?? { except: [] },
    /** 0 is no limit. */
    limits: {
      perPrefixHour: values.smsPerPrefixHour ?? 0,
      perClientHour: values.smsPerClientHour ?? 0,
      perCountryHour: values.smsPerCountryHour ?? 0,
      perDay: values.smsPerDay ?? 0,
    },
  };
}

function chosen({ smsProviders, twilioAccountSid, smsHttpUrl }: SmsValues): readonly string[] {
  if (smsProviders !== undefined) return smsProviders;
  if (twilioAccountSid !== undefined) return ["twilio"];
  return smsHttpUrl === undefined ? [] : ["http"];
}

function providerOf(name: string, values: SmsValues): SmsProviderConfig | undefined {
  const account = { accountSid: values.twilioAccountSid ?? "", authToken: values.twilioAuthToken ?? "" };
  const { twilioPhoneNumber: from = "", twilioVerifyServiceSid: serviceSid = "" } = values;
  if (name === "twilio") return { name, ...account, from, url: values.twilioUrl?.href ?? "" };
  if (name === "twilio_verify") {
    return { name, ...account, serviceSid, url: values.twilioVerifyUrl?.href ?? "" };
  }
  if (name !== "http") return undefined;
  return { name, url: values.smsHttpUrl?.href ?? "", secret: values.smsHttpSecret ?? "" };
}

/** What each vendor cannot do without. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  twilio: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
  twilio_verify: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_VERIFY_SERVICE_SID"],
  http: ["SMS_HTTP_URL", "SMS_HTTP_SECRET"],
};

/** Settings of SMS that need each other or leave something out, one sentence each. */
export function smsContradictions(
  environment: Readonly<Record<string, string | undefined>>,
  values: SmsValues,
): string[] {
  const isGiven = (name: string) => (environment[name] ?? "") !== "";
  const found: string[] = [];
  if (isGiven("TWILIO_AUTH_TOKEN") && !isGiven("TWILIO_ACCOUNT_SID")) {
    found.push("TWILIO_AUTH_TOKEN needs TWILIO_ACCOUNT_SID");
  }
  if (isGiven("SMS_HTTP_SECRET") && !isGiven("SMS_HTTP_URL"))
    found.push("SMS_HTTP_SECRET needs SMS_HTTP_URL");
  found.push(...providerContradictions(isGiven, values));
  if (values.smsText !== undefined && !values.smsText.includes("{code}")) {
    found.push("SMS_TEXT must contain {code}");
  }
  return found;
}

function providerContradictions(isGiven: (name: string) => boolean, values: SmsValues): string[] {
  const { smsProviders = [], mode } = values;
  const isProduction = mode === "production";
  const found: string[] = [];
  for (const name of smsProviders) {
    if (NEEDS[name] === undefined)
      found.push(`SMS_PROVIDERS: ${name} is none of ${Object.keys(NEEDS).join(", ")}`);
  }
  if (new Set(smsProviders).size < smsProviders.length) found.push("SMS_PROVIDERS names somebody twice");
  // What is given and cannot be read is told of elsewhere.
  const used = providersMeant(isGiven, values);
  if (used.length === 0 && isProduction) {
    found.push("TWILIO_ACCOUNT_SID must be set in production, or SMS_PROVIDERS with another who sends SMS");
  }
  for (const name of used) {
    const [first = "", ...others] = NEEDS[name] ?? [];
    const reason = smsProviders.includes(name) ? `SMS_PROVIDERS with ${name}` : first;
    for (const needed of [first, ...others]) {
      if (needed !== reason && !isGiven(needed)) found.push(`${reason} needs ${needed}`);
    }
  }
  if (isProduction && used.includes("twilio") && !isGiven("TWILIO_PHONE_NUMBER")) {
    found.push("TWILIO_PHONE_NUMBER must be set in production");
  }
  return found;
}

function providersMeant(isGiven: (name: string) => boolean, { smsProviders }: SmsValues): readonly string[] {
  if (smsProviders !== undefined) return smsProviders.filter((name) => NEEDS[name] !== undefined);
  if (isGiven("TWILIO_ACCOUNT_SID")) return ["twilio"];
  return isGiven("SMS_HTTP_URL") ? ["http"] : [];
}
