import { readFileSync } from 'node:fs';
import { isSessionchartError } from '../../actors/errors.ts';
import { formatAddress, type InspectorAddress } from '../inspect/inspector-address.ts';
import { plain } from '../terminal/text.ts';
import { askAccess } from './access.ts';
import { HELP, readCommandLine } from './command-line.ts';

/** What the command needs of the process. */
export interface CommandParts {
  readonly env: NodeJS.ProcessEnv;
  print(text: string): void;
  complain(text: string): void;
  /** Opens a browser; false if there is none. */
  open(url: string): Promise<boolean>;
  /** Whether there is a terminal to show a view in. */
  readonly isTerminal: boolean;
  view(address: InspectorAddress): Promise<void>;
  snapshot(address: InspectorAddress): Promise<string>;
}

const FAILED = 1;
const UNUSABLE = 2;

/** Runs the command. Returns what the process ends with: 0, 1 if it did not work, 2 if an option cannot be used. */
export async function runCommand(args: readonly string[], parts: CommandParts): Promise<number> {
  try {
    const command = readCommandLine(args, parts.env);
    if (command.name === 'help') parts.print(HELP);
    else if (command.name === 'version') parts.print(`${version()}\n`);
    else await inspect(command, parts);
    return 0;
  } catch (error) {
    if (!isSessionchartError(error)) throw error;
    parts.complain(`${plain(error.message)}\n  ${plain(error.remediation)}\n`);
    return error.code === 'INVALID_CONFIG' ? UNUSABLE : FAILED;
  }
}

async function inspect(
  { address, how }: { readonly address: InspectorAddress; readonly how: 'browser' | 'print' | 'terminal' },
  parts: CommandParts,
): Promise<void> {
  const { title } = await askAccess(address);
  if (how === 'terminal') {
    if (parts.isTerminal) await parts.view(address);
    else parts.print(await parts.snapshot(address));
    return;
  }
  const url = formatAddress(address);
  if (how === 'print') parts.print(`${url}\n`);
  else if (await parts.open(url)) parts.print(`${plain(title)} is open in the browser.\n`);
  else parts.print(`No browser can be opened here. Open this address, or watch with --tui:\n${url}\n`);
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
