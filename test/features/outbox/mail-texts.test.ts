import { expect, test } from "vitest";
import { createMailTexts, languageChain } from "../../../src/features/outbox/mail-texts.js";
import { wordsIn } from "../../../src/features/outbox/mail-words.js";

const settings = {
  appName: "Barong",
  confirmUrl: "https://example.com/accounts/confirmation?confirmation_token={token}",
  resetUrl: "https://example.com/accounts/password_reset?reset_token={token}",
};

test.each([
  [
    "confirmation",
    "https://example.com/accounts/confirmation?confirmation_token=t0ken",
    "Confirm your e-mail",
  ],
  ["password_reset", "https://example.com/accounts/password_reset?reset_token=t0ken", "Reset your Barong"],
] as const)("a %s mail has the link, also to click on, and the bare token", (topic, link, subject) => {
  const mail = createMailTexts(settings)(topic, "en", "t0ken");

  expect(mail.subject).toContain(subject);
  expect(mail.text).toContain(`\n${link}\n`);
  expect(mail.text).toContain("\nt0ken\n");
  expect(mail.html).toContain(`<a href="${link}"`);
  expect(mail.html).toContain("<code>t0ken</code>");
});

test.each([...wordsIn.keys()])("in %s no word is missing and no placeholder is left", (language) => {
  const compose = createMailTexts(settings);

  for (const topic of ["confirmation", "password_reset"] as const) {
    const mail = compose(topic, language, "t0ken");
    expect(mail.html).toContain(`<html lang="${language}">`);
    expect(`${mail.subject}${mail.text}${mail.html}`).not.toMatch(/[{}]|undefined/);
    expect(mail.subject).toContain("Barong");
  }
});

test("a language tag asks for its own language, then for the broader one, then for English", () => {
  expect(languageChain("pt-BR")).toEqual(["pt-br", "pt", "en"]);
  expect(languageChain("uk_UA")).toEqual(["uk-ua", "uk", "en"]);
  expect(languageChain("")).toEqual(["", "en"]);
});

test.each([
  ["uk-UA", "uk"],
  ["DE", "de"],
  ["pt-BR", "en"],
  ["", "en"],
  ["__proto__", "en"],
  ["../../etc/passwd", "en"],
])("somebody who asks for %j gets %s", (asked, spoken) => {
  expect(createMailTexts(settings)("confirmation", asked, "t").html).toContain(`<html lang="${spoken}">`);
});

test("values are values: they add no markup, no header line and no parameter", () => {
  const compose = createMailTexts({ ...settings, appName: "A&B <b>\r\nBcc: eve@example.com $& {token}" });

  const mail = compose("confirmation", "en", `"><img src=x>&a=1#{app}$&`);

  expect(mail.subject).not.toMatch(/[\r\n]/);
  expect(mail.html).not.toContain("<img");
  expect(mail.html).not.toContain("<b>");
  expect(mail.html).toContain("A&amp;B &lt;b&gt; Bcc: eve@example.com $&amp; {token}");
  expect(mail.text).toContain("confirmation_token=%22%3E%3Cimg%20src%3Dx%3E%26a%3D1%23%7Bapp%7D%24%26\n");
});

test("a mail loads nothing from elsewhere", () => {
  const { html } = createMailTexts(settings)("confirmation", "en", "t0ken");

  expect(html).not.toMatch(/<(img|link|script|iframe|style)|url\(|src=/i);
});
