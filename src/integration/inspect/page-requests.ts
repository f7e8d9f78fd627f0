import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Access, bearerOf, WRONG_TOKEN } from './access.ts';
import { answer, contentPolicy, refuse } from './http-answers.ts';
import type { PageFiles } from './page-files.ts';
import type { Welcome } from './page-protocol.ts';

/** Where a page asks whether its token is the right one, so that it can tell that from an inspector that is away. */
const ACCESS_PATH = '/api/access';

const NOT_BUILT = `The page of the inspector is not built. In a clone of the repository run

    npm run build

and load this page again. The package from npm brings it built.
`;

export interface RequestParts {
  readonly access: Access;
  readonly files: PageFiles;
  /** What a viewer with the right token may know before it connects. */
  readonly facts: Pick<Welcome, 'instance' | 'title' | 'version' | 'allowSend'>;
}

/** Serves the page, and tells it whether its token is right. */
export async function serveRequest(
  { access, files, facts }: RequestParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const denial = access.denialOf(request);
  if (denial !== undefined) return refuse(request, response, denial);
  const { method = '', url = '' } = request;
  const path = URL.parse(url, 'http://inspector')?.pathname ?? '';
  const shared = path === ACCESS_PATH ? sharing(access, request) : {};
  if (method === 'OPTIONS' && shared['access-control-allow-origin'] !== undefined) {
    return answer(request, response, { status: 204, headers: shared });
  }
  if (method !== 'GET' && method !== 'HEAD') {
    return refuse(request, response, { status: 405, message: 'Use GET.', headers: { allow: 'GET, HEAD' } });
  }
  if (path === ACCESS_PATH) {
    if (!access.isToken(bearerOf(request))) {
      const headers = { ...shared, ...WRONG_TOKEN.headers };
      return refuse(request, response, { ...WRONG_TOKEN, headers });
    }
    const headers = { 'content-type': 'application/json', ...shared };
    return answer(request, response, { headers, body: JSON.stringify(facts) });
  }
  const file = await files.find(path);
  if (file === undefined) {
    const message = path === '/' ? NOT_BUILT : 'There is nothing at this path.';
    return refuse(request, response, { status: 404, message });
  }
  const headers = {
    'cache-control': file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    'content-security-policy': contentPolicy(request.headers.host ?? ''),
    'content-type': file.type,
    etag: file.etag,
  };
  const isKnown = request.headers['if-none-match'] === file.etag;
  answer(request, response, { status: isKnown ? 304 : 200, headers, body: file.body });
}

/** Lets pages of an allowed origin read the answer, a web view for instance. */
function sharing(access: Access, { headers: { origin } }: IncomingMessage): Record<string, string> {
  if (origin === undefined || !access.isForeign(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-headers': 'authorization',
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'Origin',
  };
}
