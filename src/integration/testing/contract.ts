import { SessionchartError } from '../../actors/errors.ts';

/** What came of judging one clause: it held, or there was nothing to judge, and why. A clause that is broken rejects. */
export type Judgement = { readonly isJudged: true } | { readonly isJudged: false; readonly why: string };

/** One clause of a contract, ready to be judged. */
export interface ContractCase {
  /** The rule of SPEC.md that it judges: `PROV-1`. */
  readonly rule: string;
  /** The rule in a few words. */
  readonly name: string;
  /** Rejects with a {@link ContractViolation} where the adapter breaks the clause. May be called again. */
  run(): Promise<Judgement>;
}

/** An adapter breaks a clause of the contract of its port. `code` is `CONTRACT_VIOLATION`. */
export class ContractViolation extends SessionchartError {
  /** The rule that is broken: `PROV-1`. */
  readonly rule: string;
  /** What the adapter did. Holds no secret. */
  readonly seen: string;
  /** What to change. */
  override readonly remediation: string;

  constructor(rule: string, seen: string, remedy: string) {
    super('CONTRACT_VIOLATION', { message: `[${rule}] ${seen}. ${remedy}` });
    this.rule = rule;
    this.seen = seen;
    this.remediation = remedy;
  }
}

/** How an adapter keeps a contract. Each list is in the order of the cases. */
export interface ContractReport {
  /** No clause is broken. */
  readonly isKept: boolean;
  /** Rules that were judged and held. */
  readonly held: readonly string[];
  readonly broken: readonly { readonly rule: string; readonly name: string; readonly error: Error }[];
  readonly notJudged: readonly { readonly rule: string; readonly why: string }[];
}

/**
 * Judges all cases, one after the other. Never rejects: what is broken stands in the report.
 *
 * @example
 * ```ts
 * const report = await runContract(credentialProviderContract(() => myProvider()));
 * for (const { error } of report.broken) console.error(error.message);
 * process.exitCode = report.isKept ? 0 : 1;
 * ```
 */
export async function runContract(cases: readonly ContractCase[]): Promise<ContractReport> {
  const held: string[] = [];
  const broken: { rule: string; name: string; error: Error }[] = [];
  const notJudged: { rule: string; why: string }[] = [];
  for (const { rule, name, run } of cases) {
    try {
      const judgement = await run();
      if (judgement.isJudged) held.push(rule);
      else notJudged.push({ rule, why: judgement.why });
    } catch (error) {
      broken.push({ rule, name, error: error instanceof Error ? error : new Error(`threw ${typeof error}`) });
    }
  }
  return { isKept: broken.length === 0, held, broken, notJudged };
}

/** What vitest, jest, mocha and node:test have in common. */
export interface TestFramework {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: () => Promise<void>): unknown;
}

/**
 * Makes a test of every case, in whatever framework. A clause that there is nothing to judge by counts as passed.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * describeContract('my provider', credentialProviderContract(() => myProvider()), { describe, it });
 * ```
 */
export function describeContract(title: string, cases: readonly ContractCase[], { describe, it }: TestFramework): void {
  describe(title, () => {
    for (const { rule, name, run } of cases) {
      it(`[${rule}] ${name}`, async () => {
        await run();
      });
    }
  });
}

/** Says that a clause is broken: what was seen, and what to change. Throws. */
export type Violated = (seen: string, remedy: string) => never;

/** What a judge says: why there is nothing to judge, or nothing where the clause holds. */
// biome-ignore lint/suspicious/noConfusingVoidType: a judge that says nothing found nothing.
export type Finding = string | void;

/** A clause as the suites write it down. */
export function contractCase(
  rule: string,
  name: string,
  judge: (violated: Violated) => Promise<Finding> | Finding,
): ContractCase {
  return {
    rule,
    name,
    async run() {
      const why = await judge((seen, remedy) => {
        throw new ContractViolation(rule, seen, remedy);
      });
      return typeof why === 'string' ? { isJudged: false, why } : { isJudged: true };
    },
  };
}

/** Runs `make` once, when it is first asked for. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
