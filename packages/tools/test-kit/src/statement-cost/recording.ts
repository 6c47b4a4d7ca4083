// A query builder that runs statements in a transaction to be rolled back, and records where in the source each was issued,
// its result and the work of its plan.
import { fileURLToPath } from "node:url";
import {
  CompiledQuery,
  type ControlledTransaction,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type KyselyPlugin,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";
import { type Plan, type PlanNode, sum, type Work, workOf } from "./plan.js";

/** One statement as it was run. */
export interface Execution {
  /** Where `.execute(` stands: `store/send.ts:166`, from the service's `src`. */
  readonly site: string;
  readonly work: Work;
  readonly answerRows: number;
  readonly answerBytes: number;
  readonly affected: number;
  readonly root: PlanNode;
}

interface Pending {
  readonly site: string;
  readonly text: string;
  answer: Pick<QueryResult<unknown>, "rows" | "numAffectedRows"> | undefined;
  plan: Plan | undefined;
  /** Work of statements that this one caused: those of foreign keys. */
  readonly nested: Plan[];
}

export interface Recording {
  readonly db: Kysely<Record<string, never>>;
  /** Records a plan that the server reported. */
  take(plan: Plan): void;
  /** All executions. Call it when the transaction has ended: only then the last plans have arrived. Throws when one is missing. */
  executions(): Execution[];
}

/** Transactions that the service opens become savepoints of `transaction`. */
export function record(transaction: ControlledTransaction<Record<string, never>>, source: URL): Recording {
  const sites = new Map<string, string>();
  const pending: Pending[] = [];
  let nested: Plan[] = [];
  // Statements are compiled within the call to `execute`, so the caller is on the stack.
  const noteSite: KyselyPlugin = {
    transformQuery({ node, queryId }) {
      sites.set(queryId.queryId, callSite(source));
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const connection: DatabaseConnection = {
    async executeQuery<Row>(query: CompiledQuery) {
      const entry: Pending = {
        site: sites.get(query.queryId.queryId) ?? "nowhere",
        text: query.sql,
        answer: undefined,
        plan: undefined,
        nested: [],
      };
      pending.push(entry);
      const answer = await transaction.executeQuery<Row>(query);
      entry.answer = answer;
      return answer;
    },
    streamQuery() {
      throw new Error("the services stream nothing");
    },
  };
  const command = (text: string) => transaction.executeQuery(CompiledQuery.raw(text));
  const driver: Driver = {
    init: async () => {},
    acquireConnection: async () => connection,
    beginTransaction: async () => void (await command("savepoint opened_by_service")),
    commitTransaction: async () => void (await command("release savepoint opened_by_service")),
    rollbackTransaction: async () => void (await command("rollback to savepoint opened_by_service")),
    releaseConnection: async () => {},
    destroy: async () => {},
  };
  const dialect = {
    createDriver: () => driver,
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db: Kysely<never>) => new PostgresIntrospector(db),
  };
  return {
    db: new Kysely<Record<string, never>>({ dialect, plugins: [noteSite] }),
    take(plan) {
      // A query's plan may arrive only with the next command, when its portal is closed: it is matched by the query's text.
      const entry = pending.find(({ text, plan: taken }) => text === plan.text && !taken);
      if (!entry) return void nested.push(plan);
      entry.plan = plan;
      entry.nested.push(...nested);
      nested = [];
    },
    executions: () => pending.map(executionOf),
  };
}

function executionOf({ site, text, answer, plan, nested }: Pending): Execution {
  if (!answer || !plan) throw new Error(`${site}: ${answer ? "its plan did not come" : "it failed"}\n${text}`);
  return {
    site,
    work: sum([plan, ...nested].map(({ root }) => workOf(root))),
    answerRows: answer.rows.length,
    answerBytes: JSON.stringify(answer.rows).length,
    affected: Number(answer.numAffectedRows ?? 0),
    root: plan.root,
  };
}

/** The innermost stack frame in the service's own files. */
function callSite(source: URL): string {
  const limit = Error.stackTraceLimit;
  // Kysely has six frames; mapping each to its source is the cost of this.
  Error.stackTraceLimit = 12;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = limit;
  const place = stack.split(fileURLToPath(source))[1];
  return place?.match(/^[^\s:]+:\d+/)?.[0] ?? "nowhere";
}
