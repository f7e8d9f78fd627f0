import { SessionchartError } from '../../actors/errors.ts';
import { shownValue } from '../../services/config-field.ts';

/** Where an inspector is, and what it asks for. */
export interface InspectorAddress {
  /** As in a URL: an IPv6 address stands in brackets. */
  readonly host: string;
  readonly port: number;
  readonly token: string;
}

/** An inspector listens nowhere else. */
const HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];
const PROTOCOLS: readonly string[] = ['http:', 'ws:'];
const HTTP_PORT = 80;
/** What an inspector takes as a token: letters that need no escape in a URL, a header or a subprotocol. */
const TOKEN = /^[\w-]{16,256}$/;

const TUNNEL =
  'An inspector listens on loopback alone. From another machine, lead its port to yours: ' +
  'ssh -L 4747:127.0.0.1:4747 <machine>';

/** The page address, with the token in the fragment: a browser sends that to nobody. */
export const formatAddress = ({ host, port, token }: InspectorAddress): string =>
  `http://${host}:${port}/#token=${encodeURIComponent(token)}`;

/** Where the inspector is, without its token. */
export const placeOf = ({ host, port }: InspectorAddress): string => `${host}:${port}`;

/**
 * Reads the address of an inspector: as it prints it, with the token as fragment or query, `ws://` or without protocol.
 *
 * @param token counts where the address has none.
 * @throws SessionchartError `INVALID_CONFIG`; neither the address nor a token is in it.
 *
 * @example
 * ```ts
 * const { port } = parseAddress('http://127.0.0.1:4747/#token=Qm9keS1vZi1hLXRva2Vu'); // 4747
 * ```
 */
export function parseAddress(text: string, token?: string): InspectorAddress {
  const trimmed = text.trim();
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`);
  if (url === null || trimmed === '') throw badAddress(trimmed, 'is no address');
  if (!PROTOCOLS.includes(url.protocol)) throw badAddress(trimmed, `begins with ${shownValue(url.protocol)}`);
  if (url.username !== '' || url.password !== '') throw badAddress(trimmed, 'has a user in it');
  if (!HOSTS.includes(url.hostname)) throw badAddress(trimmed, 'is on another machine', TUNNEL);
  if (url.pathname !== '/' && url.pathname !== '/page')
    throw badAddress(trimmed, 'has a path that is none of an inspector');
  if (url.port === '0') throw badAddress(trimmed, 'has port 0, where nobody listens');
  return {
    host: url.hostname,
    port: url.port === '' ? HTTP_PORT : Number(url.port),
    token: checkedToken(tokenIn(url.hash.slice(1)) ?? tokenIn(url.search.slice(1)) ?? token),
  };
}

const tokenIn = (parameters: string): string | undefined => new URLSearchParams(parameters).get('token') ?? undefined;

function checkedToken(token: string | undefined): string {
  if (token === undefined) throw badToken('is missing');
  if (!TOKEN.test(token)) throw badToken(`is a text of ${token.length} characters`);
  return token;
}

const badToken = (what: string): SessionchartError =>
  new SessionchartError('INVALID_CONFIG', {
    message: `token ${what}; allowed: 16 to 256 letters, digits, "-" and "_"`,
    remediation: 'Use the whole address that the inspector printed, or give --token or SESSIONCHART_INSPECTOR_TOKEN.',
    field: 'token',
    allowed: '16 to 256 letters, digits, "-" and "_"',
  });

/** It may be anything, a token pasted alone included: it is not printed. */
const badAddress = (text: string, what: string, remediation?: string): SessionchartError =>
  new SessionchartError('INVALID_CONFIG', {
    message: `<url>, a text of ${text.length} characters, ${what}; allowed: http://127.0.0.1:<port>/#token=<token>`,
    remediation: remediation ?? 'Copy the whole address that the inspector printed.',
    field: '<url>',
    allowed: 'http://127.0.0.1:<port>/#token=<token>',
  });
