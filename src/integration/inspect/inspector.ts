import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AnyActorRef } from 'xstate';
import { sanitisedCause } from '../../actors/classify-failure.ts';
import { SessionchartError } from '../../actors/errors.ts';
import { notAllowed } from '../../services/config-field.ts';
import { createRedactor } from '../../services/redact.ts';
import type { SessionManager } from '../../services/session-manager.ts';
import { Access } from './access.ts';
import { actorTarget } from './actor-target.ts';
import type { EndpointParts } from './endpoint.ts';
import type { InspectionTarget } from './inspection-target.ts';
import { formatAddress } from './inspector-address.ts';
import { checkSourceName, type InspectorOptions, resolveInspectorOptions } from './inspector-options.ts';
import { listen } from './listener.ts';
import { Observation } from './observation.ts';
import { pageEndpoint } from './page-endpoint.ts';
import { PageFiles } from './page-files.ts';
import { serveRequest } from './page-requests.ts';
import { statelyEndpoint } from './stately-endpoint.ts';
import { Upgrades } from './upgrades.ts';
import { ViewerHub } from './viewer-hub.ts';
import { xstate4Endpoint } from './xstate4-endpoint.ts';

/** Beside the sources and beside what is built of them alike. */
const ROOT = new URL('../../../', import.meta.url);

/** Something that is inspected, until it is disposed of. */
export interface Attachment extends Disposable {
  /** Ends the inspection of it; the inspector goes on. May be called more than once. */
  dispose(): void;
}

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  /** Where the page is, with the token in the fragment, which browsers send to nobody. Secret. */
  readonly url: string;
  readonly port: number;
  /** What viewers must know. Secret. */
  readonly token: string;
  /** Viewers that are connected. */
  readonly viewers: number;
  /**
   * Shows a session manager, or any XState v5 actor with all below it.
   *
   * @param name what people see, 1 to 100 characters. [name='manager', or the id of the actor]
   * @throws SessionchartError `INVALID_CONFIG` for anything else; `INSPECTOR_UNAVAILABLE` after `close()`.
   */
  attach(target: SessionManager | AnyActorRef, name?: string): Attachment;
  /** Tells the viewers to leave, frees the port, and listens to nothing any more. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Starts an inspector: a page on loopback on which people watch sessions live, and endpoints for other tools.
 *
 * - `/` the page, `/page` its WebSocket (subprotocol `sessionchart.inspect.1`)
 * - `/xstate` the wire protocol of `@xstate/inspect` 0.8, `/stately` the events of `@statelyai/inspect` 0.7
 *
 * Nobody gets in without the token, and no page of another origin. Secrets are removed before anything leaves the
 * process. As long as nobody watches, nothing is attached to any actor.
 *
 * @throws SessionchartError `INVALID_CONFIG` for an option that is not allowed, `INSPECTOR_UNAVAILABLE` for a port that
 * is taken.
 *
 * @example
 * ```ts
 * await using inspector = await createInspector({ title: 'Voice gateway' });
 * inspector.attach(manager, 'voice');
 * console.log(inspector.url); // http://127.0.0.1:40123/#token=…
 * ```
 */
export const createInspector = (options: InspectorOptions = {}): Promise<Inspector> =>
  startInspector(options, fileURLToPath(new URL('inspector/dist', ROOT)));

/** @param pageFolder where the built page is. */
export async function startInspector(options: InspectorOptions, pageFolder: string): Promise<Inspector> {
  const resolved = resolveInspectorOptions(options);
  const { allowSend, clock, host, logger, maxViewers, title, token } = resolved;
  const redact = redactorOf(resolved.redact);
  const onFault = (error: unknown): void => {
    logger.warn('the inspector failed at something', { code: 'LISTENER_FAILED', cause: sanitisedCause(error) });
  };

  const observation = new Observation({ redact, onChange: () => hub.changed(), onFault });
  const parts: EndpointParts = { observation, clock, redact, allowSend, onFault };
  const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string };
  const facts = { instance: randomUUID(), title, version, allowSend };
  const page = pageEndpoint(parts, facts);
  const hub = new ViewerHub({
    clock,
    open: () => observation.open(),
    close: () => observation.close(),
    tell: () => page.tell(),
    onFault,
  });

  const listener = await listen(resolved);
  const { http, port } = listener;
  const access = new Access({ ...resolved, port });
  const files = new PageFiles(pageFolder);
  const upgrades = new Upgrades({
    access,
    endpoints: [page, xstate4Endpoint(parts), statelyEndpoint(parts)],
    maxViewers,
    count: () => hub.count,
    release: socket => listener.release(socket),
    connect: (socket, endpoint, query) => hub.connect(socket, endpoint, query),
  });
  http.on('request', (request, response) => {
    serveRequest({ access, files, facts }, request, response).catch(error => {
      onFault(error);
      response.destroy();
    });
  });
  http.on('upgrade', (request, socket, head) => {
    try {
      upgrades.handle(request, socket, head);
    } catch (error) {
      onFault(error);
      socket.destroy();
    }
  });

  let closing: Promise<void> | undefined;
  const attach = (target: SessionManager | AnyActorRef, name?: string): Attachment => {
    if (closing !== undefined) throw new SessionchartError('INSPECTOR_UNAVAILABLE');
    const found = targetOf(target);
    const shown = name ?? (found.kind === 'manager' ? 'manager' : found.root.id);
    checkSourceName(shown);
    const detach = observation.attach(found, shown);
    hub.refresh();
    let isAttached = true;
    const dispose = (): void => {
      if (!isAttached) return;
      isAttached = false;
      detach();
      hub.refresh();
    };
    return { dispose, [Symbol.dispose]: dispose };
  };
  const close = (): Promise<void> => {
    closing ??= (async () => {
      const silent = listener.close();
      await hub.close();
      await silent;
    })();
    return closing;
  };

  return {
    url: formatAddress({ host: host === '::1' ? '[::1]' : host, port, token }),
    port,
    token,
    get viewers() {
      return hub.count;
    },
    attach,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What is said instead of data that the application's own `redact` could not take. */
const UNREADABLE = '[unreadable]';

/** Removes secrets, and then what the application wants removed; no fault of that lets anything through. */
function redactorOf(own: (data: unknown) => unknown): (data: unknown) => unknown {
  const redactor = createRedactor();
  return data => {
    try {
      return own(redactor.data(data));
    } catch {
      return UNREADABLE;
    }
  };
}

function targetOf(target: unknown): InspectionTarget {
  if (typeof target === 'object' && target !== null) {
    if ('inspection' in target && typeof target.inspection === 'function')
      return (target as SessionManager).inspection();
    if ('system' in target && 'getSnapshot' in target && 'sessionId' in target)
      return actorTarget(target as AnyActorRef);
  }
  throw notAllowed('target', target, 'a session manager or an XState v5 actor');
}
