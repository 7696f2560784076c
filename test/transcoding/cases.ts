import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonValue } from "@bufbuild/protobuf";
import { decisions } from "./decisions.js";

interface CaseBase {
  readonly id: string;
  /** "core", or "policy:ID" where transcoders differ. */
  readonly strength: string;
}

type MessageOrError = { readonly message?: JsonValue; readonly error?: string };

export interface TemplateCase extends CaseBase {
  readonly kind: "template";
  readonly template: string;
  readonly expect: {
    readonly ok: boolean;
    readonly segments?: string[];
    readonly verb?: string;
    readonly vars?: { readonly field: string; readonly pattern: string }[];
  };
}

export interface MatchCase extends CaseBase {
  readonly kind: "match";
  readonly routes: { readonly id: string; readonly method: string; readonly template: string }[];
  readonly method: string;
  readonly path: string;
  readonly expect: {
    readonly route: string | null;
    readonly bindings?: Record<string, string>;
    readonly http_status?: number;
    readonly allow?: string[];
    /** The routes cannot be built at all. */
    readonly malformed?: string;
  };
}

export interface QueryCase extends CaseBase {
  readonly kind: "query";
  readonly query: string;
  readonly already_bound?: string[];
  readonly expect: MessageOrError;
}

export interface EncodeCase extends CaseBase {
  readonly kind: "encode";
  readonly template: string;
  readonly body?: string;
  readonly message: JsonValue;
  readonly expect: {
    readonly path?: string;
    readonly query?: Record<string, string[]>;
    readonly body?: JsonValue;
    readonly error?: string;
  };
}

export interface RuleCase {
  readonly method: string;
  readonly template: string;
  readonly body?: string;
  readonly response_body?: string;
  readonly rpc?: string;
}

export interface ConfigCase extends CaseBase {
  readonly kind: "config";
  readonly rules: RuleCase[];
  readonly expect: "ok" | "error";
}

export interface HttpCase extends CaseBase {
  readonly kind: "http";
  readonly title: string;
  readonly rule: RuleCase;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    readonly header_list?: [string, string][];
    readonly body?: string;
    readonly body_parts?: [string, number][];
    readonly body_gzip_of?: string;
  };
  readonly backend_reply?: {
    readonly message?: JsonValue;
    readonly http_body?: { readonly content_type: string; readonly data: string };
    readonly stream?: JsonValue[];
    readonly error?: {
      readonly code: number;
      readonly message: string;
      readonly details?: { readonly type: string }[];
    };
    readonly http_status?: number;
  };
  readonly options?: { readonly max_request_bytes?: number };
  readonly expect: {
    readonly message?: Record<string, JsonValue>;
    readonly messages?: JsonValue[];
    readonly http_status?: number;
    readonly headers?: Record<string, string | null>;
    readonly response_json?: JsonValue;
    readonly response_json_subset?: Record<string, JsonValue>;
    readonly response_text?: string;
    readonly metadata?: Record<string, string>;
    /** JSON lines, each with at least these members. */
    readonly lines?: Record<string, JsonValue>[];
    readonly deadline_ms?: number;
  };
}

export interface PatchMaskCase extends CaseBase {
  readonly kind: "patch-mask";
  readonly body: string;
}

type Case = TemplateCase | MatchCase | QueryCase | EncodeCase | ConfigCase | HttpCase | PatchMaskCase;

const all: Case[] = JSON.parse(readFileSync(join(import.meta.dirname, "cases.json"), "utf8")).cases;

/** The cases of one kind, each with what we expect; core cases as they stand, policy cases as we have decided. */
export function casesOf<K extends Case["kind"]>(kind: K): Extract<Case, { kind: K }>[] {
  return all
    .filter((each): each is Extract<Case, { kind: K }> => each.kind === kind)
    .map((each) => {
      const ours = each.strength === "core" ? undefined : decisions[each.id];
      return ours === undefined ? each : { ...each, expect: ours };
    });
}
