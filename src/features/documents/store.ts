import {
  type CreationOptional,
  DataTypes,
  type InferAttributes,
  type InferCreationAttributes,
  Model,
} from "sequelize";
import type { Database, Tx } from "../../database/database.js";
import { instant, inTransaction, reference, serialId } from "../../database/model.js";

/** A document whose file is in the storage. */
export interface Document {
  readonly id: number;
  readonly userId: number;
  readonly storageKey: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly docType: string;
  readonly docNumber: string;
  /** `YYYY-MM-DD`. */
  readonly docExpire: string;
  /** JSON of an object. */
  readonly metadata: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

function defineDocumentModel({ sequelize }: Database) {
  class DocumentModel extends Model<InferAttributes<DocumentModel>, InferCreationAttributes<DocumentModel>> {
    declare id: CreationOptional<number>;
    declare userId: number;
    declare storageKey: string;
    declare fileName: string;
    declare contentType: string;
    declare bytes: number;
    declare docType: string;
    declare docNumber: string;
    declare docExpire: string;
    declare metadata: string | null;
    declare createdAt: Date;
    declare updatedAt: Date;
  }
  DocumentModel.init(
    {
      id: serialId(),
      userId: reference(),
      storageKey: { type: DataTypes.STRING(128), allowNull: false },
      fileName: { type: DataTypes.STRING(255), allowNull: false },
      contentType: { type: DataTypes.STRING(64), allowNull: false },
      bytes: { type: DataTypes.INTEGER, allowNull: false },
      docType: { type: DataTypes.STRING(64), allowNull: false },
      docNumber: { type: DataTypes.STRING(128), allowNull: false },
      docExpire: { type: DataTypes.STRING(10), allowNull: false },
      metadata: { type: DataTypes.TEXT, allowNull: true },
      createdAt: instant(),
      updatedAt: instant(),
    },
    { sequelize, tableName: "documents", underscored: true, timestamps: false },
  );
  return DocumentModel;
}

export function createDocumentStore(database: Database) {
  const DocumentModel = defineDocumentModel(database);

  return {
    /** Oldest first. */
    ofAccount: (userId: number): Promise<Document[]> =>
      DocumentModel.findAll({ where: { userId }, order: [["id", "ASC"]], raw: true }),

    count: (userId: number, tx?: Tx): Promise<number> =>
      DocumentModel.count({ where: { userId }, ...inTransaction(tx) }),

    isEmpty: async (): Promise<boolean> =>
      (await DocumentModel.findOne({ attributes: ["id"], raw: true })) === null,

    async insert(documents: readonly Omit<Document, "id">[], tx: Tx): Promise<void> {
      await DocumentModel.bulkCreate([...documents], inTransaction(tx));
    },

    /** Those of the keys that a document has. */
    async keysAmong(keys: readonly string[]): Promise<string[]> {
      const where = { storageKey: [...keys] };
      const rows = await DocumentModel.findAll({ where, attributes: ["storageKey"], raw: true });
      return rows.map(({ storageKey }) => storageKey);
    },
  };
}

export type DocumentStore = ReturnType<typeof createDocumentStore>;
