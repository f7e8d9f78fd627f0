import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertNoResidue } from '../../../../src/integration/testing/residue.ts';
import { managed } from '../../../support/managed.ts';
import { errorFrom, inspectors, RawViewer, until, welcomed } from './support.ts';

const started = inspectors();
const ROOT = resolve(import.meta.dirname, '../../../..');

/** Runs a program with the package's sources, and gives what became of it. */
async function run(program: string): Promise<{ readonly code: number; readonly out: string }> {
  const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module-typescript', '-e', program];
  const child = spawn(process.execPath, flags, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (out += data));
  const [code] = await once(child, 'close');
  return { code, out };
}

const IMPORTS = `
  import { createInspector } from './src/integration/inspect/index.ts';
  import { createSessionManager } from './src/index.ts';
  import { WebSocket } from 'ws';
`;
const CONNECT = `
  const socket = new WebSocket('ws://127.0.0.1:' + inspector.port + '/page', ['sessionchart.inspect.1', 'token.' + inspector.token]);
  socket.on('close', code => console.log('closed', code));
  await new Promise(resolve => socket.on('open', resolve));
  socket.send('{"type":"hello"}');
  await new Promise(resolve => socket.once('message', resolve));
`;

describe('the end of an inspector', () => {
  it('[INS-42] close() leaves no timer, no socket and no listener, whoever is connected', async () => {
    const { clock, manager, provider } = await managed();
    const { sessionId } = await clock.runUntil(manager.startSession());
    const { inspector } = await started({ clock });
    inspector.attach(manager);
    const system = manager.inspection().root.system as unknown as { _sendInspectionEvent: unknown };
    const idle = system._sendInspectionEvent;
    const viewers = [await welcomed(inspector), await welcomed(inspector)];
    const silent = new RawViewer(inspector);
    await once(silent.socket, 'open');
    const bare = connect(inspector.port, '127.0.0.1');
    await once(bare, 'connect');
    bare.on('error', () => undefined).resume();
    const bareClosed = once(bare, 'close');
    const gone = await welcomed(inspector);
    gone.socket.terminate();
    await gone.closed;
    await until(() => inspector.viewers === 3);
    await inspector.close();
    for (const { closed } of [...viewers, silent]) expect((await closed).code).toBe(1001);
    await bareClosed;
    expect((await errorFrom(() => fetch(`http://127.0.0.1:${inspector.port}/`))).name).toBe('TypeError');
    await manager.endSession(sessionId);
    manager.dispose();
    await clock.advance(5_000);
    expect(system._sendInspectionEvent).toBe(idle);
    assertNoResidue({ clock, manager, provider, counts: { viewers: inspector.viewers } });
  });

  it('[INS-42] close() is over at the latest when the closing handshakes are, and can be called again', async () => {
    const { inspector, clock } = await started();
    const viewer = await welcomed(inspector);
    viewer.socket.pause();
    const closing = inspector.close();
    expect(inspector.close()).toBe(closing);
    let isOver = false;
    void closing.then(() => {
      isOver = true;
    });
    await clock.advance(4_999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await closing;
    expect([inspector.viewers, clock.pending]).toEqual([0, 0]);
    viewer.socket.terminate();
  });

  it('[INS-42] an inspector keeps no process alive', async () => {
    const program = `${IMPORTS} const inspector = await createInspector(); inspector.attach(createSessionManager({})); console.log('up');`;
    expect(await run(program)).toEqual({ code: 0, out: 'up\n' });
  });

  it('[INS-42] it keeps no process alive while somebody watches either', async () => {
    // The viewer is in the same process: it has to let go as well.
    const program = `${IMPORTS} const inspector = await createInspector(); ${CONNECT} socket._socket.unref(); console.log('up');`;
    expect(await run(program)).toEqual({ code: 0, out: 'up\n' });
  });

  it('[INS-42] it does where it is told to', async () => {
    const program = `${IMPORTS} const inspector = await createInspector({ keepAlive: true });
      setTimeout(() => { console.log('kept'); void inspector.close(); }, 200).unref();`;
    expect(await run(program)).toEqual({ code: 0, out: 'kept\n' });
  });

  it('[INS-42] after close() the process ends by itself', async () => {
    const program = `${IMPORTS} const inspector = await createInspector({ keepAlive: true }); ${CONNECT} await inspector.close(); console.log('over');`;
    expect(await run(program)).toEqual({
      code: 0,
      out: expect.stringMatching(/^(closed 1001\nover|over\nclosed 1001)\n$/),
    });
  });
});
