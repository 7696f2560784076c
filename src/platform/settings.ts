import { isIP } from "node:net";
import { isWebhookSecret } from "./signed-webhook.js";
import { readSigningKey, type SigningKey } from "./signing-key.js";

/** Reading one setting from its text. */
export interface Kind<T> {
  /** How the documentation names it. */
  readonly name: string;
  /** Throws an Error whose message completes "SETTING ...". */
  parse(text: string): T;
}

export interface Setting<T> {
  readonly name: string;
  /** Names that mean the same, such as those of Barong 2. The first one that is set wins. */
  readonly aliases: readonly string[];
  readonly kind: Kind<T>;
  /** The text used when the setting is absent; undefined leaves it unset. */
  readonly fallback: string | undefined;
  readonly about: string;
  /** Production mode refuses to start without it. */
  readonly neededInProduction: boolean;
  /** Never printed. */
  readonly secret: boolean;
}

/** Every problem of a configuration at once, so that an operator mends them in one go. */
export class BadConfiguration extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "BadConfiguration";
  }
}

export const text: Kind<string> = { name: "text", parse: (value) => value };

export const url = (...protocols: string[]): Kind<URL> => ({
  name: protocols.map((protocol) => `${protocol}://…`).join(" or "),
  parse(value) {
    const parsed = URL.canParse(value) ? new URL(value) : undefined;
    if (!parsed || !protocols.includes(parsed.protocol.slice(0, -1))) {
      throw new Error(`must be a URL of the form ${this.name}`);
    }
    return parsed;
  },
});

/** The address of a server, of which everything below is its own affair. */
export const site: Kind<URL> = {
  name: "http(s)://host:port",
  parse(value) {
    const parsed = url("http", "https").parse(value);
    if (parsed.href !== `${parsed.origin}/`)
      throw new Error("must be the address of a server, without a path or keys");
    return parsed;
  },
};

export const flag: Kind<boolean> = {
  name: "true or false",
  parse(value) {
    if (/^(true|yes|on|1)$/i.test(value)) return true;
    if (/^(false|no|off|0)$/i.test(value)) return false;
    throw new Error("must be true or false");
  },
};

export const whole = (least: number, most: number): Kind<number> => ({
  name: `whole number, ${least} to ${most}`,
  parse(value) {
    const parsed = Number(value);
    if (!/^\d+$/.test(value) || parsed < least || parsed > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`);
    }
    return parsed;
  },
});

/** A share of one. */
export const fraction: Kind<number> = {
  name: "number, 0 to 1",
  parse(value) {
    if (!/^(?:0|1|[01]?\.\d{1,6})$/.test(value) || Number(value) > 1) {
      throw new Error("must be a number from 0 to 1, such as 0.5");
    }
    return Number(value);
  },
};

export const oneOf = <const Words extends readonly string[]>(...words: Words): Kind<Words[number]> => ({
  name: words.join(", "),
  parse(value) {
    const word = words.find((candidate) => candidate.toLowerCase() === value.toLowerCase());
    if (word === undefined) throw new Error(`must be one of ${words.join(", ")}`);
    return word;
  },
});

export const databaseUrl: Kind<string> = {
  name: "mysql://… or sqlite:PATH",
  parse(value) {
    if (/^sqlite:./.test(value) || (value.startsWith("mysql://") && URL.canParse(value))) return value;
    throw new Error(`must be of the form ${this.name}`);
  },
};

export const addresses: Kind<readonly string[]> = {
  name: "comma-separated IP addresses or CIDR ranges",
  parse(value) {
    const ranges = list.parse(value);
    for (const range of ranges) {
      const [address = "", bits = "0", ...rest] = range.split("/");
      const longest = isIP(address) === 4 ? 32 : 128;
      if (isIP(address) === 0 || !/^\d+$/.test(bits) || Number(bits) > longest || rest.length > 0) {
        throw new Error(`has "${range}", which is neither an IP address nor a CIDR range`);
      }
    }
    return ranges;
  },
};

export const bucket: Kind<string> = {
  name: "bucket name",
  parse(value) {
    if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(value)) {
      throw new Error("must have 3 to 63 lower-case letters, digits, dots and hyphens");
    }
    return value;
  },
};

/** What Twilio calls an account. */
export const accountSid: Kind<string> = {
  name: "AC…",
  parse(value) {
    if (!/^AC\w+$/.test(value)) throw new Error("must begin with AC and have letters and digits only");
    return value;
  },
};

/** What Twilio calls a service of its Verify. */
export const verifyServiceSid: Kind<string> = {
  name: "VA…",
  parse(value) {
    if (!/^VA\w+$/.test(value)) throw new Error("must begin with VA and have letters and digits only");
    return value;
  },
};

/** What signs requests to others. */
export const webhookSecret: Kind<string> = {
  name: "whsec_…",
  parse(value) {
    if (!isWebhookSecret(value)) throw new Error("must be whsec_ and the base64 of 24 to 64 random bytes");
    return value;
  },
};

/** A private key as one line: base64 of its PEM form, of either alphabet. */
export const encodedKey: Kind<SigningKey> = {
  name: "base64 of a PEM",
  parse: (value) => readSigningKey(Buffer.from(value, "base64").toString("latin1")),
};

/** Countries by ISO 3166-1 alpha-2: these alone, or all but these. */
export type CountryRule = { readonly only: readonly string[] } | { readonly except: readonly string[] };

export const countries: Kind<CountryRule> = {
  name: "comma-separated countries, all or none with a minus",
  parse(value) {
    const entries = list.parse(value).map((entry) => entry.toUpperCase());
    const barred = entries.filter((entry) => entry.startsWith("-"));
    const codes = entries.map((entry) => entry.replace(/^-/, ""));
    for (const code of codes) {
      if (!isCountry(code)) throw new Error(`has "${code}", which is no country such as UA`);
    }
    if (barred.length === 0) return { only: codes };
    if (barred.length < entries.length)
      throw new Error("must have a minus before every country, or before none");
    return { except: codes };
  },
};

/** Names that stand for another one, such as UK, are none: nobody's number is in them. */
function isCountry(code: string): boolean {
  if (!/^[A-Z]{2}$/.test(code) || code === "ZZ") return false;
  const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
  return names.of(code) !== undefined && new Intl.Locale(`und-${code}`).region === code;
}

/** Who an SMS comes from: a number, a short code, or a name where countries allow that. */
export const smsSender: Kind<string> = {
  name: "number or name",
  parse(value) {
    if (!/^(?:\+?\d{3,15}|[A-Za-z0-9 ]{1,11})$/.test(value)) {
      throw new Error("must be a number such as +15005550006, or a name of up to 11 letters and digits");
    }
    return value;
  },
};

/** `Name <address>` or a bare address. */
export const sender: Kind<string> = {
  name: "sender",
  parse(value) {
    if (!/^[^\r\n]*[^\s<>@]+@[^\s<>@]+>?$/.test(value))
      throw new Error("must be like Exchange <noreply@example.com>");
    return value;
  },
};

export const list: Kind<readonly string[]> = {
  name: "comma-separated list",
  parse: (value) =>
    value
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ""),
};
