import type { Database } from "../../database/database.js";

/** That a nonce is used, by whom the claim tells. */
export interface Claim {
  /** The SHA-256 of the key's name and the nonce. */
  readonly digest: string;
  /** A text that no other claim has. */
  readonly claim: string;
  readonly expiresAt: Date;
}

export function createNonceStore(database: Database) {
  const isMysql = database.dialect === "mysql";
  const insert = `INSERT ${isMysql ? "IGNORE" : "OR IGNORE"} INTO used_nonces (digest, claim, expires_at) VALUES`;
  const prune = isMysql
    ? "DELETE FROM used_nonces WHERE expires_at <= ? LIMIT ?"
    : "DELETE FROM used_nonces WHERE digest IN (SELECT digest FROM used_nonces WHERE expires_at <= ? LIMIT ?)";

  return {
    /** Inserts what is not there yet; answers which of the claims came first. Can be run again with the same claims. */
    async insert(claims: readonly Claim[]): Promise<ReadonlySet<string>> {
      const rows = claims.map(() => "(?, ?, ?)").join();
      const values = claims.flatMap(({ digest, claim, expiresAt }) => [digest, claim, expiresAt]);
      const inserted = await database.write(`${insert} ${rows}`, values);
      if (inserted === claims.length) return new Set(claims.map(({ claim }) => claim));
      const digests = claims.map(({ digest }) => digest);
      const marks = digests.map(() => "?").join();
      const first = await database.read<Pick<Claim, "claim">>(
        `SELECT claim FROM used_nonces WHERE digest IN (${marks})`,
        digests,
      );
      return new Set(first.map(({ claim }) => claim));
    },

    deleteOver: (now: Date, most: number): Promise<number> => database.write(prune, [now, most]),
  };
}

export type NonceStore = ReturnType<typeof createNonceStore>;
