import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSessionchartError } from '../../../src/actors/errors.ts';
import { readCommandLine } from '../../../src/integration/command/command-line.ts';
import { formatAddress, parseAddress } from '../../../src/integration/inspect/inspector-address.ts';

const TOKEN = 'canary_0123456789-canary';
const URL_WITH_TOKEN = `http://127.0.0.1:4747/#token=${TOKEN}`;
const ADDRESS = { host: '127.0.0.1', port: 4747, token: TOKEN };

/** What somebody reads who gave these arguments: never with the token in it. */
const complaintOf = (...args: readonly string[]) => {
  try {
    readCommandLine(args, {});
  } catch (error) {
    if (!isSessionchartError(error, 'INVALID_CONFIG')) throw error;
    const told = JSON.stringify([error.message, error.remediation, error.details]);
    expect(told).not.toContain('canary');
    expect(error.details).toMatchObject({ field: expect.any(String), allowed: expect.any(String) });
    return `${error.message} | ${error.remediation}`;
  }
  throw new Error('it was taken');
};

describe('command line', () => {
  it('[INS-90] an address is opened in the browser, printed, or watched in the terminal', () => {
    const read = (...args: readonly string[]) => readCommandLine(['inspect', ...args], {});
    expect(read(URL_WITH_TOKEN)).toEqual({ name: 'inspect', address: ADDRESS, how: 'browser' });
    expect(read('--no-open', URL_WITH_TOKEN)).toMatchObject({ how: 'print' });
    expect(read(URL_WITH_TOKEN, '--tui')).toMatchObject({ how: 'terminal' });
    expect(read('127.0.0.1:4747', '--token', TOKEN)).toMatchObject({ address: ADDRESS });
    expect(read('127.0.0.1:4747', `--token=${TOKEN}`)).toMatchObject({ address: ADDRESS });
  });

  it('[INS-90] the environment gives the token where nothing else does', () => {
    const env = { SESSIONCHART_INSPECTOR_TOKEN: 'environment-0123' };
    const tokenOf = (...args: readonly string[]) => {
      const command = readCommandLine(['inspect', ...args], env);
      return command.name === 'inspect' && command.address.token;
    };
    expect(tokenOf('127.0.0.1:4747')).toBe('environment-0123');
    expect(tokenOf('127.0.0.1:4747', '--token', TOKEN)).toBe(TOKEN);
    expect(tokenOf(URL_WITH_TOKEN, '--token', 'option-0123456789')).toBe(TOKEN);
  });

  it('[INS-90] help and version need nothing else', () => {
    for (const args of [['--help'], ['-h'], ['inspect', '--help'], ['--help', '--version']]) {
      expect(readCommandLine(args, {})).toEqual({ name: 'help' });
    }
    for (const args of [['--version'], ['-v']]) expect(readCommandLine(args, {})).toEqual({ name: 'version' });
  });

  it.each([
    [[], /^command is missing; allowed: inspect/],
    [['inspct', URL_WITH_TOKEN], /^command is "inspct"; allowed: inspect/],
    [[URL_WITH_TOKEN], /^command is a text of \d+ characters; allowed: inspect/],
    [['inspect'], /^<url> is missing; allowed: http/],
    [['inspect', URL_WITH_TOKEN, TOKEN], /^<url> is followed by 1 more; allowed: one address/],
    [['inspect', URL_WITH_TOKEN, '--tokn=canary'], /^--tokn is no option; allowed: --tui, --no-open, --token/],
    [['inspect', URL_WITH_TOKEN, '-x'], /^-x is no option/],
    [['inspect', URL_WITH_TOKEN, '--tui=canary'], /^--tui has a value; allowed: --tui alone/],
    [['inspect', URL_WITH_TOKEN, '--tui', '--no-open'], /^--tui is given with --no-open; allowed: one of them/],
    [['inspect', '127.0.0.1:4747', '--token'], /^--token has no value; allowed: --token <token>/],
    [['inspect', '127.0.0.1:4747'], /^token is missing; allowed: 16 to 256 .* SESSIONCHART_INSPECTOR_TOKEN/],
  ])('[INS-90] %j is refused, naming option, value and what is allowed', (args, told) => {
    expect(complaintOf(...args)).toMatch(told);
  });
});

describe('address', () => {
  it('[INS-91] what is printed is read again', () => {
    const address = fc.record({
      host: fc.constantFrom('127.0.0.1', 'localhost', '[::1]'),
      port: fc.integer({ min: 1, max: 65_535 }),
      token: fc.stringMatching(/^[\w-]{16,256}$/),
    });
    const isRead = fc.property(address, each => {
      expect(parseAddress(formatAddress(each))).toEqual(each);
    });
    fc.assert(isRead);
  });

  it.each([
    URL_WITH_TOKEN,
    `  ${URL_WITH_TOKEN}\n`,
    `http://127.0.0.1:4747/?token=${TOKEN}`,
    `http://127.0.0.1:4747#token=${TOKEN}`,
    `ws://127.0.0.1:4747/page?token=${TOKEN}`,
    `127.0.0.1:4747/#token=${TOKEN}`,
    `127.0.0.1:4747?token=${TOKEN}`,
  ])('[INS-91] %j is an address', text => {
    expect(parseAddress(text)).toEqual(ADDRESS);
  });

  it('[INS-91] without protocol and without token in it', () => {
    expect(parseAddress('localhost:80', TOKEN)).toEqual({ host: 'localhost', port: 80, token: TOKEN });
    expect(parseAddress('http://[::1]/', TOKEN)).toEqual({ host: '[::1]', port: 80, token: TOKEN });
  });

  it.each([
    ['', /is no address/],
    ['http://', /is no address/],
    [`http://127.0.0.1:99999/#token=${TOKEN}`, /is no address/],
    [`https://127.0.0.1:4747/#token=${TOKEN}`, /begins with "https:"/],
    [`file:///home/#token=${TOKEN}`, /begins with "file:"/],
    [`http://canary@127.0.0.1:4747/#token=${TOKEN}`, /has a user in it/],
    [`http://example.org:4747/#token=${TOKEN}`, /another machine.*ssh -L/],
    [`http://127.0.0.1.example.org/#token=${TOKEN}`, /another machine/],
    [`http://127.0.0.1:4747/xstate?token=${TOKEN}`, /has a path/],
    [`http://127.0.0.1:0/#token=${TOKEN}`, /has port 0/],
    [TOKEN, /another machine/],
    ['127.0.0.1:4747/#token=canary', /token is a text of 6 characters/],
    [`127.0.0.1:4747/#token=${TOKEN}%0d%0a`, /token is a text of \d+ characters/],
  ])('[INS-91] %j is refused', (text, told) => {
    expect(complaintOf('inspect', text)).toMatch(told);
  });
});
