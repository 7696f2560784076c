import { expect, test } from "vitest";
import { createMailTexts } from "../../../src/features/mails/mail-texts.js";
import { mailSamples, topics } from "../../../src/features/mails/samples.js";
import { languageChain, languages } from "../../../src/features/mails/words/languages.js";

const settings = {
  appName: "Barong",
  siteUrl: "https://example.com",
  confirmUrl: "https://example.com/accounts/confirmation?confirmation_token={token}",
  resetUrl: "https://example.com/accounts/password_reset?reset_token={token}",
};
const compose = createMailTexts(settings);
const every = topics.flatMap((topic) => [...languages.keys()].map((language) => ({ topic, language })));

test.each([
  [
    "confirmation",
    "https://example.com/accounts/confirmation?confirmation_token=t0ken",
    "Confirm your e-mail",
  ],
  ["password_reset", "https://example.com/accounts/password_reset?reset_token=t0ken", "Reset your Barong"],
] as const)("a %s mail has the link, also to click on, and the bare token", (topic, link, subject) => {
  const mail = compose(topic, "en", { token: "t0ken" });

  expect(mail.subject).toContain(subject);
  expect(mail.text).toContain(`\n${link}\n`);
  expect(mail.text).toContain("\nt0ken\n");
  expect(mail.html).toContain(`<a href="${link}"`);
  expect(mail.html).toContain("<code>t0ken</code>");
});

test("a notice says when, from where and with what it happened, what to do, and where the site is", () => {
  const mail = compose("new_device", "en", {
    time: "2026-11-22 12:00 UTC",
    address: "203.0.113.7",
    device: "Firefox, Windows",
  });

  expect(mail.subject).toBe("New sign-in to your Barong account");
  expect(mail.text).toContain(
    "\nTime: 2026-11-22 12:00 UTC\nIP address: 203.0.113.7\nDevice: Firefox, Windows\n",
  );
  expect(mail.text).toContain("If this was not you");
  expect(mail.text).toMatch(/\nBarong\nhttps:\/\/example\.com\n$/);
  expect(mail.html).toContain("<bdi>203.0.113.7</bdi>");
  expect(mail.html).toContain('<a href="https://example.com"');
});

test("a device that does not tell what it is, is unknown in the language of the mail", () => {
  const mail = compose("new_device", "uk", { time: "now", address: "203.0.113.7", device: "" });

  expect(mail.text).toContain("Пристрій: невідомо");
});

test.each(every)(
  "$topic in $language misses no word, fills every place and loads nothing",
  ({ topic, language }) => {
    const mail = mailSamples(compose).compose(topic, language);

    expect(mail?.html).toContain(`<html lang="${language}" dir="ltr">`);
    expect(`${mail?.subject}${mail?.text}${mail?.html}`).not.toMatch(/[{}]|undefined/);
    expect(mail?.subject).toContain("Barong");
    expect(mail?.html).not.toMatch(/<(img|link|script|iframe|style|video|object)|url\(|src=|@import/i);
  },
);

test("every language has words of its own", () => {
  for (const topic of topics) {
    const subjects = [...languages.keys()].map(
      (language) => mailSamples(compose).compose(topic, language)?.subject,
    );
    expect(new Set(subjects).size).toBe(languages.size);
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
  ["zh-Hans-CN", "zh"],
  ["pt-BR", "en"],
  ["", "en"],
  ["__proto__", "en"],
  ["../../etc/passwd", "en"],
])("somebody who asks for %j gets %s", (asked, spoken) => {
  expect(compose("confirmation", asked, { token: "t" }).html).toContain(`<html lang="${spoken}"`);
});

test("values are values: they add no markup, no header line and no parameter", () => {
  const withNastyName = createMailTexts({
    ...settings,
    appName: "A&B <b>\r\nBcc: eve@example.com $& {token}",
  });

  const mail = withNastyName("confirmation", "en", { token: `"><img src=x>&a=1#{app}$&` });

  expect(mail.subject).not.toMatch(/[\r\n]/);
  expect(mail.html).not.toContain("<img");
  expect(mail.html).not.toContain("<b>");
  expect(mail.html).toContain("A&amp;B &lt;b&gt; Bcc: eve@example.com $&amp; {token}");
  expect(mail.text).toContain("confirmation_token=%22%3E%3Cimg%20src%3Dx%3E%26a%3D1%23%7Bapp%7D%24%26\n");
});

test("a fact is one line of limited length without markup, and never part of the subject", () => {
  const nasty = `<img src="https://evil.example/x">\r\nBcc: eve@example.com\u202e\u0000\u2028${"x".repeat(5000)}`;

  const mail = compose("new_device", "en", { time: "now", address: nasty, device: nasty });

  const [line = ""] = mail.text.split("\n").filter((one) => one.startsWith("Device: "));
  expect(line.length).toBeLessThanOrEqual(130);
  expect(mail.text).not.toMatch(/\nBcc/);
  for (const hidden of ["\u202e", "\u0000", "\u2028"]) expect(mail.text).not.toContain(hidden);
  expect(mail.html).not.toContain("<img");
  expect(mail.subject).toBe("New sign-in to your Barong account");
});
