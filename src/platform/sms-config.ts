/** The settings of SMS as they were read; undefined where they are absent or not readable. */
interface SmsValues {
  readonly twilioAccountSid: string | undefined;
  readonly twilioAuthToken: string | undefined;
  readonly twilioPhoneNumber: string | undefined;
  readonly twilioUrl: URL | undefined;
  readonly smsText: string | undefined;
}

/** Who sends SMS, and what they say. */
export type SmsConfig = ReturnType<typeof smsConfig>;

export function smsConfig({
  twilioAccountSid,
  twilioAuthToken,
  twilioPhoneNumber = "",
  twilioUrl,
  smsText = "",
}: SmsValues) {
  const twilio =
    twilioAccountSid === undefined || twilioAuthToken === undefined
      ? undefined
      : {
          accountSid: twilioAccountSid,
          authToken: twilioAuthToken,
          from: twilioPhoneNumber,
          url: twilioUrl?.href ?? "",
        };
  return { twilio, text: smsText };
}

/** Settings of SMS that need each other or leave something out, one sentence each. */
export function smsContradictions(
  environment: Readonly<Record<string, string | undefined>>,
  { smsText }: SmsValues,
): string[] {
  const isGiven = (name: string) => (environment[name] ?? "") !== "";
  const found: string[] = [];
  if (isGiven("TWILIO_ACCOUNT_SID") && !isGiven("TWILIO_AUTH_TOKEN")) {
    found.push("TWILIO_ACCOUNT_SID needs TWILIO_AUTH_TOKEN");
  }
  if (isGiven("TWILIO_AUTH_TOKEN") && !isGiven("TWILIO_ACCOUNT_SID")) {
    found.push("TWILIO_AUTH_TOKEN needs TWILIO_ACCOUNT_SID");
  }
  if (smsText !== undefined && !smsText.includes("{code}")) found.push("SMS_TEXT must contain {code}");
  return found;
}
