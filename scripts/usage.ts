import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';

/** One option of a command, as `--help` tells it. */
export interface OptionUsage {
  /** What stands for its value; without one it is a flag. */
  readonly value?: string;
  readonly what: string;
  /** What is allowed. */
  readonly range?: string;
  /** What counts where it is not given. */
  readonly otherwise?: string;
}

/** Columns of a line without its indents. */
const WIDTH = 110;

/** An option that cannot be used: the message names it, its value and what is allowed. */
export class BadOption extends Error {}

/** Reads `--name` as a whole number. */
export function whole(name: string, value: string, min: number, max: number): number {
  const number = /^-?\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw new BadOption(`--${name} is "${value}"; allowed: a whole number, ${min} to ${max}`);
}

/** The values of the options of a command. */
export function parsedOptions<const Known extends ParseArgsOptionsConfig>(args: readonly string[], options: Known) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    const names = Object.keys(options).map(name => `--${name}`);
    throw new BadOption(`${(error as Error).message.split('.')[0]}; allowed: ${names.join(', ')}`);
  }
}

export const asksForHelp = (args: readonly string[]): boolean => args.some(arg => arg === '--help' || arg === '-h');

/** The text of `--help`: how the command is called, every option with its range and default, and how it ends. */
export function usageOf(command: string, options: Readonly<Record<string, OptionUsage>>, exit: string): string {
  const rows: [string, OptionUsage][] = [...Object.entries(options), ['help', { what: 'this text; -h too' }]];
  const leftOf = ([name, { value }]: [string, OptionUsage]): string =>
    value === undefined ? `--${name}` : `--${name} ${value}`;
  const width = Math.max(...rows.map(row => leftOf(row).length));
  const lines = rows.map(row => {
    const { what, range, otherwise } = row[1];
    const text = `${what}${range === undefined ? '' : `: ${range}`}${otherwise === undefined ? '' : ` [${otherwise}]`}`;
    return `  ${leftOf(row).padEnd(width)}  ${wrapped(text, WIDTH - width).join(`\n${' '.repeat(width + 4)}`)}`;
  });
  return [`npm run ${command} -- [options]`, '', ...lines, '', exit].join('\n');
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
