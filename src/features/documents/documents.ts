import type { JsonObject } from "@bufbuild/protobuf";
import { ErrorReason } from "../../../gen/barong/errors/v1/error_reason_pb.js";
import type { Database } from "../../database/database.js";
import { calendarDay, dayOf } from "../../platform/calendar-date.js";
import type { Clock } from "../../platform/clock.js";
import { Failure } from "../../platform/failure.js";
import { squeezed } from "../../platform/white-space.js";
import type { LinkParts, OpenedFile, Storage } from "../../ports/storage/storage.js";
import type { Accounts } from "../accounts/accounts.js";
import type { Labels } from "../labels/labels.js";
import { createFileKeeper, type KeptFile } from "./file-keeper.js";
import { inspectFiles, type UploadedFile } from "./inspection.js";
import { deleteOrphans } from "./orphans.js";
import { fileNameOf, limitReason, metadataText, reasonsAgainst } from "./rules.js";
import type { Document, DocumentStore } from "./store.js";

/** Life of a link to a file. */
const LINK_SECONDS = 300;

export interface DocumentsNeeds {
  readonly database: Database;
  readonly store: DocumentStore;
  readonly accounts: Accounts;
  readonly labels: Labels;
  readonly storage: Storage;
  readonly clock: Clock;
  /** Documents of an account at most. */
  readonly limit: number;
}

/** A document with a link that hands out its file for some minutes. */
export interface LinkedDocument extends Document {
  readonly url: string;
}

/** What an account's owner hands in: files that are all about one paper. */
export interface Submission {
  readonly docType: string;
  readonly docNumber: string;
  /** `YYYY-MM-DD` or `DD/MM/YYYY`. */
  readonly docExpire: string;
  readonly metadata: JsonObject | undefined;
  readonly files: readonly UploadedFile[];
}

type Paper = Pick<Document, "docType" | "docNumber" | "docExpire" | "metadata">;

export function createDocuments(needs: DocumentsNeeds) {
  const { database, store, accounts, labels, storage, clock, limit } = needs;
  const keeper = createFileKeeper(storage);

  function refuseBeyondLimit(present: number, added: number): void {
    const reason = limitReason(present, added, limit);
    if (reason !== undefined) throw new Failure(reason);
  }

  /** Puts down documents whose files are in the storage. When that fails, the files go again. */
  async function record(accountId: number, paper: Paper, files: readonly KeptFile[]): Promise<void> {
    let isReadyToCommit = false;
    try {
      await database.transaction(async (tx) => {
        isReadyToCommit = false;
        const account = await accounts.lock(accountId, tx);
        if (!account) throw new Failure(ErrorReason.RECORD_NOT_FOUND);
        refuseBeyondLimit(await store.count(accountId, tx), files.length);
        const now = clock();
        const rows = files.map((file) => ({ ...paper, ...rowOf(file), userId: accountId }));
        await store.insert(
          rows.map((row) => ({ ...row, createdAt: now, updatedAt: now })),
          tx,
        );
        await labels.setPendingUnlessVerified(account, "document", tx);
        isReadyToCommit = true;
      });
    } catch (fault) {
      // When a commit fails, nobody knows whether the rows are there; the sweep finds out.
      if (!isReadyToCommit) await keeper.discard(files);
      throw fault;
    }
  }

  return {
    /** The documents of an account, oldest first. */
    async ofAccount(accountId: number): Promise<LinkedDocument[]> {
      const documents = await store.ofAccount(accountId);
      return Promise.all(
        documents.map(async (document) => {
          const { storageKey, fileName, contentType } = document;
          const terms = { seconds: LINK_SECONDS, fileName, contentType };
          return { ...document, url: await storage.linkTo(storageKey, terms) };
        }),
      );
    },

    /** Keeps the files of a paper, each as a document, and labels the account `document: pending` unless it is verified. */
    async submit(accountId: number, submission: Submission): Promise<void> {
      const { files, docType, metadata } = submission;
      refuseBeyondLimit(await store.count(accountId), files.length);
      const docExpire = calendarDay(submission.docExpire);
      const paper = {
        ...{ docType, docExpire, docNumber: squeezed(submission.docNumber) },
        metadata: metadataText(metadata),
      };
      const { accepted, reasons } = await inspectFiles(files);
      const [first, ...others] = [...reasonsAgainst({ docExpire, metadata }, dayOf(clock())), ...reasons];
      if (first !== undefined) throw new Failure([first, ...others]);
      await record(accountId, paper, await keeper.keepAll(accepted));
    },

    /** Opens the file to which a link of this server leads; its stream must be read or destroyed. */
    async openFile(key: string, link: LinkParts): Promise<OpenedFile> {
      const opened = (await storage.open?.(key, link)) ?? "missing";
      if (opened === "expired") throw new Failure(ErrorReason.FILE_LINK_EXPIRED);
      if (typeof opened === "string") throw new Failure(ErrorReason.RECORD_NOT_FOUND);
      return opened;
    },

    /** Deletes files that no document has: those of accounts that are gone, and of uploads that were cut off. */
    sweepOrphans: (): Promise<void> => deleteOrphans(storage, store, clock()),
  };
}

export type Documents = ReturnType<typeof createDocuments>;

const rowOf = ({ key, name, type, content }: KeptFile) => ({
  storageKey: key,
  fileName: fileNameOf(name, type),
  contentType: type,
  bytes: content.bytes,
});
