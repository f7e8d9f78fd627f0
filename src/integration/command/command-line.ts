import { parseArgs } from 'node:util';
import { SessionchartError } from '../../actors/errors.ts';
import { shownName } from '../../services/config-field.ts';
import { type InspectorAddress, parseAddress } from '../inspect/inspector-address.ts';

/** Gives the token where the address has none; what stands on a command line can be read by everybody on the machine. */
const TOKEN_VARIABLE = 'SESSIONCHART_INSPECTOR_TOKEN';

export const HELP = `Usage: sessionchart inspect <url> [options]

Opens the inspector of a running process. <url> is what createInspector printed:
http://127.0.0.1:4747/#token=…  (127.0.0.1:4747 does where the token is given otherwise)

Options:
  --tui            watch in this terminal instead of a browser
  --no-open        print the address, open nothing
  --token <token>  the token, if <url> has none; without it ${TOKEN_VARIABLE} counts
  --help           this text
  --version        the version

Ends with 0, with 1 if there is no inspector or it does not take the token, with 2 if an option cannot be used.
`;

export type Command =
  | { readonly name: 'help' }
  | { readonly name: 'version' }
  | { readonly name: 'inspect'; readonly address: InspectorAddress; readonly how: 'browser' | 'print' | 'terminal' };

const COMMANDS = ['inspect'] as const;
const OPTIONS = {
  tui: { type: 'boolean' },
  'no-open': { type: 'boolean' },
  token: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;
const OPTION_NAMES = Object.keys(OPTIONS).map(name => `--${name}`);

/**
 * Reads the command line.
 *
 * @throws SessionchartError `INVALID_CONFIG`, naming the option, its value and what is allowed; never the token.
 */
export function readCommandLine(args: readonly string[], env: NodeJS.ProcessEnv): Command {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) if (token.kind === 'option') checkOption(token.name, token.rawName, token.value);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [command, url, ...more] = positionals;
  if (command === undefined) throw unusable('command', 'is missing', COMMANDS.join(', '));
  if (!(COMMANDS as readonly string[]).includes(command)) {
    // An address without a command may be one with a token.
    const shown = /^[a-z-]{1,12}$/.test(command) ? `"${command}"` : `a text of ${command.length} characters`;
    throw unusable('command', `is ${shown}`, COMMANDS.join(', '));
  }
  if (url === undefined) throw unusable('<url>', 'is missing', 'http://127.0.0.1:<port>/#token=<token>');
  if (more.length > 0) throw unusable('<url>', `is followed by ${more.length} more`, 'one address');
  if (values.tui === true && values['no-open'] === true) {
    throw unusable('--tui', 'is given with --no-open', 'one of them');
  }
  const token = typeof values.token === 'string' ? values.token : env[TOKEN_VARIABLE];
  const how = values.tui === true ? 'terminal' : values['no-open'] === true ? 'print' : 'browser';
  return { name: 'inspect', address: parseAddress(url, token), how };
}

function checkOption(name: string, rawName: string, value: string | undefined): void {
  if (!Object.hasOwn(OPTIONS, name)) throw unusable(shownName(rawName), 'is no option', OPTION_NAMES.join(', '));
  if (name === 'token' && value === undefined) throw unusable('--token', 'has no value', '--token <token>');
  if (name !== 'token' && value !== undefined) throw unusable(rawName, 'has a value', `${rawName} alone`);
}

const unusable = (field: string, what: string, allowed: string): SessionchartError =>
  new SessionchartError('INVALID_CONFIG', {
    message: `${field} ${what}; allowed: ${allowed}`,
    remediation: 'See sessionchart --help.',
    field,
    allowed,
  });
