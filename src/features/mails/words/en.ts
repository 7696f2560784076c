import type { Language } from "./language.js";

const TOKEN = "If you are asked for a token, it is this one. It works once, for a limited time:";
const ALARM =
  "If this was not you, somebody else may have access to your account: choose a new password at once and write to our support.";

export const english: Language = {
  direction: "ltr",
  links: {
    confirmation: {
      subject: "Confirm your e-mail address for {app}",
      lead: "Somebody, hopefully you, signed up for {app} with this e-mail address. Please confirm that it is yours:",
      button: "Confirm e-mail address",
      token: TOKEN,
      ignore: "If you did not sign up, ignore this mail; nothing will happen.",
    },
    password_reset: {
      subject: "Reset your {app} password",
      lead: "Somebody, hopefully you, asked for a new password for your account at {app}. Choose one here:",
      button: "Choose a new password",
      token: TOKEN,
      ignore: "If you did not ask for it, ignore this mail; your password stays as it is.",
    },
  },
  notices: {
    new_device: {
      subject: "New sign-in to your {app} account",
      lead: "Somebody signed in to your account at {app} from a device or a place that we have not seen before.",
      advice: `If this was you, there is nothing to do. ${ALARM}`,
    },
    password_changed: {
      subject: "Your {app} password was changed",
      lead: "The password of your account at {app} was changed. Sessions on other devices have ended.",
      advice: ALARM,
    },
    otp_enabled: {
      subject: "Two-factor authentication is on for {app}",
      lead: "Two-factor authentication was switched on for your account at {app}. From now on you need a code from your authenticator application to sign in.",
      advice: ALARM,
    },
    otp_disabled: {
      subject: "Two-factor authentication is off for {app}",
      lead: "Two-factor authentication was switched off for your account at {app}. The password alone is now enough to sign in.",
      advice: `We advise you to switch it on again. ${ALARM}`,
    },
    api_key_created: {
      subject: "New API key for your {app} account",
      lead: "An API key was created for your account at {app}. Programs that have it can act for you.",
      advice: `If this was not you, delete the key. ${ALARM}`,
    },
    api_keys_deactivated: {
      subject: "API keys of your {app} account were switched off",
      lead: "API keys of your account at {app} were switched off, because its password was reset or its two-factor authentication was switched off or set up anew. Programs that use them are refused.",
      advice: `Look at each key before you switch it on again, and delete those that you do not know. ${ALARM}`,
    },
    email_confirmed: {
      subject: "Your e-mail address for {app} is confirmed",
      lead: "Your e-mail address is confirmed, and your account at {app} is active.",
      advice: "You can sign in now.",
    },
    document_verified: {
      subject: "Your documents at {app} were accepted",
      lead: "We have checked the documents that you gave to {app}, and accepted them.",
      advice: "There is nothing more to do.",
    },
    document_rejected: {
      subject: "Your documents at {app} were not accepted",
      lead: "We have checked the documents that you gave to {app}, and could not accept them.",
      advice:
        "Please sign in and upload documents that are valid, complete and easy to read. If you have questions, write to our support.",
    },
  },
  facts: { time: "Time", address: "IP address", device: "Device", key: "API key", keys: "API keys" },
  unknown: "unknown",
};
