/** The first of the captcha responses of a request that is not blank. */
export const captchaAnswerIn = (...values: readonly (string | undefined)[]): string | undefined =>
  values.find((value) => value !== undefined && value.trim() !== "");
