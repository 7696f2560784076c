import { type DescFile, type DescMethod, getOption } from "@bufbuild/protobuf";
import { ErrorReasonSchema } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { error as errorRules } from "../../gen/barong/options/v1/options_pb.js";
import { nameOf } from "../../src/transcoding/rules.js";
import { commentOf } from "./comments.js";

/** A reason of the error catalogue. */
export interface Reason {
  /** As comments of the schema call it: `PROFILE_EXISTS`. */
  readonly name: string;
  readonly code: string;
  readonly status: number;
  /** When it is answered. */
  readonly when: string;
}

const PREFIX = "ERROR_REASON_";
const CAPITALS = /\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b/g;

export class Catalogue {
  private readonly reasons: ReadonlyMap<string, Reason>;

  constructor(files: readonly DescFile[]) {
    const values = files
      .flatMap(({ enums }) => enums)
      .filter(({ typeName }) => typeName === ErrorReasonSchema.typeName)
      .flatMap(({ values }) => values)
      .filter(({ number }) => number !== 0);
    this.reasons = new Map(
      values.map((value) => {
        const { code, status } = getOption(value, errorRules);
        const name = value.name.slice(PREFIX.length);
        return [name, { name, code, status, when: commentOf(value) }];
      }),
    );
  }

  get(name: string): Reason {
    const reason = this.reasons.get(name);
    if (reason === undefined) throw new Error(`the error catalogue has no ${name}`);
    return reason;
  }

  /** The reasons that the comment of a method names. Throws on a name in capitals that looks like one and is none. */
  namedBy(method: DescMethod): readonly Reason[] {
    const words = commentOf(method).match(CAPITALS) ?? [];
    const unknown = words.find((word) => word.includes("_") && !this.reasons.has(word));
    if (unknown !== undefined) throw new Error(`${nameOf(method)} answers ${unknown}, which is no reason`);
    return words.flatMap((word) => this.reasons.get(word) ?? []);
  }

  /** A text with the codes that clients see in place of the names of their reasons. */
  withCodes(text: string): string {
    return text.replace(CAPITALS, (word) => {
      const reason = this.reasons.get(word);
      return reason === undefined ? word : `\`${reason.code}\``;
    });
  }
}
