import SMTPConnection, { type SMTPConnectionOptions } from "nodemailer/lib/smtp-connection";

/** Whether an address can only be given to a server that offers SMTPUTF8. A host has an ASCII form, what is before it has none. */
export const needsUtf8 = (address: string): boolean =>
  /[^\p{ASCII}]/u.test(address.slice(0, address.lastIndexOf("@")));

/** Whether the server offers SMTPUTF8; undefined when it does not come to tell. Opens a connection of its own. */
export function offersUtf8(
  options: SMTPConnectionOptions,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    let offered: boolean | undefined;
    // The one place where nodemailer shows the extensions of a server. Nobody is logged in.
    const look: NonNullable<SMTPConnectionOptions["customAuth"]>[string] = (server) => {
      offered = server.extensions.includes("SMTPUTF8");
      server.resolve();
    };
    const connection = new SMTPConnection({ ...options, customAuth: { LOOK: look } });
    const end = () => {
      connection.close();
      resolve(offered);
    };
    connection.on("error", end);
    signal.addEventListener("abort", end, { once: true });
    connection.connect((fault) => (fault ? end() : connection.login({ method: "LOOK" }, end)));
  });
}
