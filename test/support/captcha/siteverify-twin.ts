import { randomUUID } from "node:crypto";
import { startVendorTwin } from "../vendor-twin.js";
import { faultOfForm, formIn } from "./captcha-twin.js";

export const SITE_SECRET = "secret-of-the-site";
export const PAGE = "www.example.com";

export type SiteverifyTwin = Awaited<ReturnType<typeof startSiteverifyTwin>> & {
  readonly environment: Readonly<Record<string, string>>;
};

interface Ways {
  readonly path: string;
  /** Parameters of a request, `secret` and `response` among them. */
  readonly fields: readonly string[];
  /** The code for an answer that was looked at before. */
  readonly replayed: string;
  /** What an accepted answer tells besides `success`, `hostname` and `challenge_ts`. */
  about(action: string | undefined): object;
  /** Codes for parameters of his own that are wrong. */
  faultsIn?(form: Readonly<Record<string, string>>): readonly string[];
}

/** A vendor with the interface of siteverify. */
export async function startSiteverifyTwin({ path, fields, replayed, about, faultsIn }: Ways) {
  const solved = new Map<string, { readonly details: object; isUsed: boolean }>();
  const received: Readonly<Record<string, string>>[] = [];

  const twin = await startVendorTwin({
    faultOf: (request, body) => faultOfForm(request, body, { target: path, fields }),
    work(_request, body) {
      const form = formIn(body);
      received.push(form);
      const answer = solved.get(form.response ?? "");
      const codes = [
        ...(form.secret === SITE_SECRET ? [] : ["invalid-input-secret"]),
        ...(faultsIn?.(form) ?? []),
        ...(answer ? [] : ["invalid-input-response"]),
        ...(answer?.isUsed ? [replayed] : []),
      ];
      if (answer) answer.isUsed = true;
      const verdict =
        codes.length > 0
          ? { success: false, "error-codes": codes }
          : { success: true, challenge_ts: "2026-11-26T08:00:00Z", hostname: PAGE, ...answer?.details };
      return { status: 200, body: verdict };
    },
  });

  return Object.assign(twin, {
    siteverify: `${twin.url}${path}`,
    received,
    /** An answer whose verdict tells `details` besides what is usual. */
    solve(action?: string, details: object = {}): string {
      const answer = `03AGdBq_${randomUUID()}`;
      solved.set(answer, { details: { ...about(action), ...details }, isUsed: false });
      return answer;
    },
    forge: () => `03AGdBq_${randomUUID()}`,
  });
}
