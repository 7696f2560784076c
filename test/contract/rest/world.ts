import { secondsAfter } from "../../../src/platform/clock.js";
import { activeMember, bearerFor, post, rest, signIn } from "../../support/rest.js";
import { codeAt, requestSeed, signInWithCode } from "../../support/second-factor.js";
import type { Started } from "../../support/start-app.js";

/** Somebody with a session. */
export interface Person {
  readonly email: string;
  readonly uid: string;
  readonly headers: { readonly cookie: string };
}

/** Somebody whose every sign-in needs a code. */
export interface CarefulPerson extends Person {
  readonly seed: string;
}

/** Time that only moves forward, and faster when it is told to. */
export class FastClock {
  private aheadSeconds = 0;

  readonly now = (): Date => secondsAfter(new Date(), this.aheadSeconds);

  /** A code that was never good before. */
  codeOf(seed: string): string {
    this.aheadSeconds += 30;
    return codeAt(seed, this.now());
  }
}

/** People and things for requests to be about. */
export class World {
  constructor(
    readonly app: Started,
    readonly clock: FastClock,
  ) {}

  async member(): Promise<Person> {
    return this.person(await activeMember(this.app));
  }

  admin(): Promise<Person> {
    return this.person("admin@barong.io");
  }

  private async person(email: string): Promise<Person> {
    const headers = { cookie: await signIn(this.app, email) };
    const { body } = await rest(this.app, "GET", "/resource/users/me", { headers });
    return { email, uid: (body as { uid: string }).uid, headers };
  }

  async carefulMember(): Promise<CarefulPerson> {
    const { email, uid, headers } = await this.member();
    const seed = await requestSeed(this.app, headers);
    await this.mustSucceed(
      post(this.app, "/resource/otp/enable", { code: this.clock.codeOf(seed) }, headers),
    );
    const cookie = await signInWithCode(this.app, email, this.clock.codeOf(seed));
    return { email, uid, seed, headers: { cookie } };
  }

  async apiKeyOf({ seed, headers }: CarefulPerson): Promise<string> {
    const request = { algorithm: "HS256", totp_code: this.clock.codeOf(seed) };
    const { body } = await this.mustSucceed(post(this.app, "/resource/api_keys", request, headers));
    return (body as { kid: string }).kid;
  }

  async label({ headers }: Person, key: string): Promise<void> {
    await this.mustSucceed(post(this.app, "/resource/labels", { key, value: "some" }, headers));
  }

  async phone({ headers }: Person): Promise<string> {
    const number = freshNumber();
    await this.mustSucceed(post(this.app, "/resource/phones", { phone_number: number }, headers));
    return number;
  }

  /** The code in the newest SMS. */
  async smsCode(): Promise<string> {
    const sms = (await this.app.mails()).find(({ kind }) => kind === "sms");
    return sms?.code ?? "";
  }

  async resetToken({ email }: Person): Promise<string> {
    await this.mustSucceed(post(this.app, "/identity/users/password/generate_code", { email }));
    return this.app.tokenFor(email);
  }

  /** The token of a session whose account is gone. */
  async bearerOfNobody(): Promise<{ readonly authorization: string }> {
    const { email, headers } = await this.member();
    const authorization = await bearerFor(this.app, headers.cookie);
    await this.app.database.sequelize.query("DELETE FROM users WHERE email = :email", {
      replacements: { email },
    });
    return { authorization };
  }

  /** Runs `attempt` while its account is being deleted, so that it is there in the beginning and gone in the end. */
  async whileDeleted<T>({ email }: Pick<Person, "email">, attempt: () => Promise<T>): Promise<T> {
    let attempted: Promise<T> | undefined;
    await this.app.database.transaction(async ({ transaction }) => {
      await this.app.database.sequelize.query("DELETE FROM users WHERE email = :email", {
        replacements: { email },
        transaction,
      });
      attempted ??= attempt();
      await new Promise((resolve) => setTimeout(resolve, MEANWHILE_MS));
    });
    if (attempted === undefined) throw new Error("nothing was attempted");
    return attempted;
  }

  private async mustSucceed(answering: ReturnType<typeof rest>) {
    const answer = await answering;
    if (answer.status > 299) throw new Error(`the way there is barred: ${JSON.stringify(answer.body)}`);
    return answer;
  }
}

/** Longer than it takes to check a password, shorter than a write waits for another. */
const MEANWHILE_MS = 2000;

let numbers = 0;

/** A valid number that nobody had before. */
export function freshNumber(): string {
  numbers += 1;
  return `+447418${String(100_000 + ((process.pid * 997 + numbers) % 899_999))}`;
}
