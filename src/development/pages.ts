import type { FastifyInstance, FastifyReply } from "fastify";
import { opaqueToken } from "../platform/random.js";
import type { Mailbox } from "../ports/mail/mailbox.js";
import { MAIL_POLICY, type Page, policyFor, renderPage } from "./html.js";
import { mailboxPage } from "./mailbox-page.js";
import { MAIL_FRAME, type MailSamples, mailsPage } from "./mails-page.js";
import { confirmationPage, passwordResetPage } from "./token-forms.js";

export interface DevelopmentPagesNeeds {
  readonly mailbox: Pick<Mailbox, "list">;
  readonly samples: MailSamples;
  /** Resolves when what was queued has arrived: whoever signs up and looks finds the mail. */
  readonly settled: () => Promise<void>;
  /** Names under which the pages may be asked for; none for any. */
  readonly hosts: readonly string[];
}

/**
 * Pages for development, never to be registered in production: `GET /dev/mailbox` and `/dev/mailbox.json` show every
 * mail and SMS; `GET /dev/mails` what mails look like; `GET /dev/confirmation` and `/dev/password-reset` stand in for the front end that mails link to.
 */
export const developmentPages =
  ({ mailbox, samples, settled, hosts }: DevelopmentPagesNeeds) =>
  async (server: FastifyInstance): Promise<void> => {
    // Any name can be made to lead here; the pages answer to those of this machine and of the site.
    server.addHook("onRequest", async (request, reply) => {
      if (hosts.length > 0 && !hosts.includes(request.hostname)) {
        return reply.code(403).type("text/plain").send("Open this page at http://localhost\n");
      }
    });

    server.get("/dev/mailbox", async (_request, reply) => {
      await settled();
      return show(reply, mailboxPage(mailbox.list()));
    });

    server.get("/dev/mailbox.json", async (_request, reply) => {
      await settled();
      return reply.header("cache-control", "no-store").send(mailbox.list());
    });

    server.get("/dev/mails", async ({ query }, reply) => show(reply, mailsPage(samples, chosenIn(query))));

    server.get(MAIL_FRAME, async ({ query }, reply) => {
      const { topic, language } = chosenIn(query);
      const sample = samples.compose(topic, language);
      if (!sample) return reply.code(404).type("text/plain").send("There is no such mail.\n");
      return asDocument(reply, MAIL_POLICY).send(sample.html);
    });

    server.get("/dev/confirmation", async ({ query }, reply) =>
      show(reply, confirmationPage(tokenIn(query))),
    );

    server.get("/dev/password-reset", async ({ query }, reply) =>
      show(reply, passwordResetPage(tokenIn(query))),
    );
  };

function show(reply: FastifyReply, page: Omit<Page, "nonce">) {
  const nonce = opaqueToken();
  return asDocument(reply, policyFor(nonce)).send(renderPage({ ...page, nonce }));
}

function asDocument(reply: FastifyReply, policy: string): FastifyReply {
  return (
    reply
      .header("content-security-policy", policy)
      .header("cache-control", "no-store")
      // The address has a token in it, which is nobody else's business.
      .header("referrer-policy", "same-origin")
      .header("x-content-type-options", "nosniff")
      .type("text/html; charset=utf-8")
  );
}

const tokenIn = (query: unknown): string => parameterIn(query, "token");

const chosenIn = (query: unknown) => ({
  topic: parameterIn(query, "topic"),
  language: parameterIn(query, "language"),
});

// A repeated parameter arrives as a list.
function parameterIn(query: unknown, name: string): string {
  const value: unknown = typeof query === "object" && query !== null ? Reflect.get(query, name) : "";
  return typeof value === "string" ? value : "";
}
