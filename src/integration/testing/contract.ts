import { SessionchartError } from '../../actors/errors.ts';
import { notAllowed, shownName } from '../../services/config-field.ts';
import { checkParts } from './checks.ts';

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

/**
 * An adapter breaks a clause of the contract of its port. `code` is `CONTRACT_VIOLATION`, and `remediation` tells what to
 * change. Where it is the functions given to the suite that threw, `cause` is what they threw.
 */
export class ContractViolation extends SessionchartError {
  override readonly name = 'ContractViolation';
  /** The rule that is broken: `PROV-1`. */
  readonly rule: string;
  /** What the adapter did. Holds no secret. */
  readonly seen: string;

  constructor(rule: string, seen: string, remediation: string, cause?: unknown) {
    super('CONTRACT_VIOLATION', { message: `[${rule}] ${seen}. ${remediation}`, remediation, cause });
    this.rule = rule;
    this.seen = seen;
  }
}

/** How an adapter keeps a contract. Each list is in the order of the cases. */
export interface ContractReport {
  /** No clause is broken; with `strict`, none is left unjudged either. */
  readonly isKept: boolean;
  /** Rules that were judged and held. */
  readonly held: readonly string[];
  readonly broken: readonly { readonly rule: string; readonly name: string; readonly error: ContractViolation }[];
  readonly notJudged: readonly { readonly rule: string; readonly why: string }[];
}

/** How much is asked of a contract. */
export interface ContractStrictness {
  /** A clause that there is nothing to judge by counts as broken. [strict=false] */
  readonly strict?: boolean;
  /** With `strict`: rules that may go without a judgement all the same, `['PROV-21']` for a provider without `revoke`. */
  readonly except?: readonly string[];
}

/**
 * Judges all cases, one after the other. What is broken stands in the report.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed, and for nothing else.
 *
 * @example
 * ```ts
 * const report = await runContract(credentialProviderContract(() => myProvider()), { strict: true, except: ['PROV-16'] });
 * for (const { error } of report.broken) console.error(error.seen, error.remediation);
 * process.exitCode = report.isKept ? 0 : 1;
 * ```
 */
export async function runContract(
  cases: readonly ContractCase[],
  strictness: ContractStrictness = {},
): Promise<ContractReport> {
  const held: string[] = [];
  const broken: { rule: string; name: string; error: ContractViolation }[] = [];
  const notJudged: { rule: string; why: string }[] = [];
  const mayGo = unjudgedAllowed(cases, strictness);
  for (const { rule, name, run } of cases) {
    try {
      const judgement = await run();
      if (judgement.isJudged) held.push(rule);
      else notJudged.push({ rule, why: judgement.why });
    } catch (error) {
      broken.push({ rule, name, error: violationOf(rule, error) });
    }
  }
  const isKept = broken.length === 0 && notJudged.every(({ rule }) => mayGo(rule));
  return { isKept, held, broken, notJudged };
}

/** What vitest, jest, mocha and node:test have in common. */
export interface TestFramework {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: () => Promise<void>): unknown;
}

/**
 * Makes a test of every case, in whatever framework. A clause that there is nothing to judge by is skipped, with the
 * reason, where a test can skip itself: in vitest, node:test and mocha. jest has no such thing, there it passes; with
 * `strict` it fails everywhere.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed.
 *
 * @example
 * ```ts
 * import { describe, it } from 'node:test';
 * describeContract('my provider', credentialProviderContract(() => myProvider()), { describe, it }, { strict: true });
 * ```
 */
export function describeContract(
  title: string,
  cases: readonly ContractCase[],
  { describe, it }: TestFramework,
  strictness: ContractStrictness = {},
): void {
  const mayGo = unjudgedAllowed(cases, strictness);
  describe(title, () => {
    for (const { rule, name, run } of cases) {
      // No named parameter: jest and mocha would take it for a callback to be called at the end.
      it(`[${rule}] ${name}`, async function judged(this: unknown, ...context: unknown[]): Promise<void> {
        const judgement = await run();
        if (judgement.isJudged) return;
        const { why } = judgement;
        if (!mayGo(rule)) throw new ContractViolation(rule, `not judged: ${why}`, 'Or name the rule in `except`.');
        skip(context[0] ?? this, why);
      });
    }
  });
}

/** Skips the test whose context this is, if it can be. */
function skip(context: unknown, why: string): void {
  const { skip } = (context ?? {}) as { skip?: unknown }; // the context of vitest is a function
  if (typeof skip === 'function') skip.call(context, `not judged: ${why}`);
}

/** Says of a rule whether it may go without a judgement. */
function unjudgedAllowed(cases: readonly ContractCase[], strictness: ContractStrictness): (rule: string) => boolean {
  checkParts('options', strictness, ['strict', 'except']);
  const { strict = false, except = [] } = strictness;
  if (typeof strict !== 'boolean') throw notAllowed('strict', strict, 'true or false');
  if (!Array.isArray(except)) throw notAllowed('except', except, 'a list of rules');
  const rules = cases.map(({ rule }) => rule);
  for (const rule of except) if (!rules.includes(rule)) throw notAllowed('except', rule, rules.join(', '));
  return rule => !strict || except.includes(rule);
}

/** What a case rejected with. What is no violation was thrown by what the suite was given: create(), put(), a clock. */
function violationOf(rule: string, error: unknown): ContractViolation {
  if (error instanceof ContractViolation) return error;
  const remedy = 'Mend what the suite was given: its functions, or the clock; `cause` is what was thrown.';
  return new ContractViolation(rule, `it could not be judged: ${kindOfThrown(error)} was thrown`, remedy, error);
}

/** What was thrown, without its text, which may hold anything. */
const kindOfThrown = (error: unknown): string =>
  error instanceof Error ? shownName(String(error.name)) : `a ${typeof error}`;

/** Says that a clause is broken: what was seen, and what to change. Throws. */
export type Violated = (seen: string, remedy: string, cause?: unknown) => never;

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
      try {
        const why = await judge((seen, remedy, cause) => {
          throw new ContractViolation(rule, seen, remedy, cause);
        });
        return typeof why === 'string' ? { isJudged: false, why } : { isJudged: true };
      } catch (error) {
        throw violationOf(rule, error);
      }
    },
  };
}

/**
 * A contract whose first case looks at what it was given. Where that does not work it is told there, once, and nothing is
 * judged by it.
 */
export function contractOf(groundwork: ContractCase, cases: readonly ContractCase[]): ContractCase[] {
  const { rule, name } = groundwork;
  const laid = once(() => groundwork.run());
  const isSound = (): Promise<boolean> =>
    laid().then(
      () => true,
      () => false,
    );
  const judged = cases.map(one => ({
    ...one,
    run: async (): Promise<Judgement> =>
      (await isSound()) ? one.run() : { isJudged: false, why: `the suite was given what does not work (${rule})` },
  }));
  return [{ rule, name, run: laid }, ...judged];
}

/** Calls what the suite was given, and says so where it throws. */
export async function given<T>(violated: Violated, what: string, call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    return violated(`${what} threw ${kindOfThrown(error)}`, `Mend ${what}; \`cause\` is what it threw.`, error);
  }
}

/** Runs `make` once, when it is first asked for. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
