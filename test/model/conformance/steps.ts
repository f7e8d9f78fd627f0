import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_SESSION_CONFIG } from '../../../src/services/session-config.ts';
import type { World } from '../chart-lab.ts';
import type { Crew, HostModel } from '../explore/host-model.ts';
import type { Member } from '../explore/member.ts';
import type { Scene } from '../explore/scenes.ts';
import { isRetained } from '../explore/session-model.ts';
import { contextOf, runs, stateOf } from '../explore/watch.ts';
import type { Port } from './outside.ts';
import { idOf, type RealCrew } from './real-crew.ts';

/** As in the happenings of the model. */
const CAP_MS = 20_000;
const WAITS_MS = [400, 3_000, 9_000];

/** What is done to both at once: told to the model under `happening`, done to the host by `act`. */
export interface Step {
  readonly name: string;
  readonly weight: number;
  /** The session that it happens to; none for the coordinator. */
  readonly session?: number;
  /** What it is called in the model, if it is to notice anything. */
  readonly happening?: string;
  readonly act: (real: RealCrew) => void;
}

type Make = (weight: number, happening: string, act: Step['act']) => Step;

/** All that may happen next, with how likely it is. What the model calls impossible is among it, where it is a call. */
export function* stepsOf(scene: Scene, crew: Crew, model: HostModel, real: RealCrew): Generator<Step> {
  const isOpen = real.coordinator.value === 'accepting';
  for (const [index, id] of crew.members.entries()) {
    const member = model.member(id);
    const of = (weight: number, happening: string, act: Step['act']): Step => ({
      name: `${index + 1}: ${happening}`,
      weight,
      session: index,
      happening,
      act,
    });
    if (member.phase === 'absent') {
      yield of(4, 'start', crew => crew.start(idOf(index)));
      continue;
    }
    if (isOpen) yield* callsOf(scene, member, idOf(index), of);
    if (member.phase === 'gone') yield of(0.1, 'revive crossed', crew => crew.reviveCrossed(idOf(index)));
    if (member.moment === undefined) continue;
    const { world } = member.moment;
    if (stateOf(world) === 'failed' && !isRetained(world))
      yield of(1, 'revive crossed', crew => crew.reviveCrossed(idOf(index)));
    yield of(1, 'refused', crew => crew.refuse(idOf(index)));
    if (member.crashes < scene.crashes) yield of(0.7, 'crash', crew => crew.crash(idOf(index)));
    yield* answersOf(scene, world, idOf(index), real, of);
  }
  if (real.outside.isLate)
    yield { name: 'late answers', weight: 1, act: crew => crew.outside.answerLate(crew.credential(scene.lifeMs)) };
  yield* timeOf(real);
  if (!isOpen) return;
  yield { name: 'coordinator: drain', weight: 0.25, happening: 'drain', act: crew => crew.manager.dispose() };
  for (const limit of scene.otherLimit === undefined ? [] : [scene.limit, scene.otherLimit]) {
    yield {
      name: `coordinator: limit ${limit}`,
      weight: 0.6,
      happening: `limit ${limit}`,
      act: crew => crew.setLimit(limit),
    };
  }
}

/** What the owner of a session may ask for. */
function* callsOf(scene: Scene, { moment, phase }: Member, sessionId: string, of: Make): Generator<Step> {
  yield of(phase === 'gone' ? 0.1 : 1, 'end', crew => crew.call(manager => manager.endSession(sessionId)));
  yield of(phase === 'gone' ? 0.1 : 2, 'renew', crew => crew.renew(sessionId));
  if (phase === 'gone') return;
  const context = moment === undefined ? undefined : contextOf(moment.world);
  yield of(1, 'pause', crew => crew.call(manager => manager.pauseSession(sessionId)));
  yield of(context?.pausedAt === null ? 0.3 : 3, 'resume', crew =>
    crew.call(manager => manager.resumeSession(sessionId)),
  );
  yield of(1, 'activity', crew => crew.call(manager => manager.resetInactivityTimer(sessionId)));
  yield of(1, 'connected', crew => crew.manager.reportTransport(sessionId, { state: 'connected' }));
  if (context === undefined) return;
  if (context.capAt === null) {
    yield of(0.5, 'capped', crew =>
      crew.manager.reportTransport(sessionId, { state: 'connected', expiresAt: crew.clock.wall() + CAP_MS }),
    );
  }
  const usual = { ...DEFAULT_SESSION_CONFIG, ...scene.config };
  const other = { ...usual, ...scene.other };
  const next = isDeepStrictEqual({ ...context.config }, other) ? usual : other;
  yield of(0.5, 'configure', crew => crew.configure(sessionId, next));
}

/** What the outside may answer to a session. */
function* answersOf(scene: Scene, world: World, sessionId: string, real: RealCrew, of: Make): Generator<Step> {
  const answers = (weight: number, happening: string, port: Port, value: unknown): Step =>
    of(weight, happening, crew => crew.outside.answer(sessionId, port, value));
  const fails = (weight: number, happening: string, port: Port, error: Error): Step =>
    of(weight, happening, crew => crew.outside.fail(sessionId, port, error));
  const transient = real.failure('NETWORK_ERROR');
  const fatal = real.failure('INVALID_CREDENTIALS');
  if (runs(world, 'acquire')) {
    yield answers(8, 'mint ok', 'acquire', real.credential(scene.lifeMs));
    yield fails(2, 'mint fails', 'acquire', transient);
    yield fails(1, 'mint refused', 'acquire', fatal);
    yield fails(0.5, 'mint busy', 'acquire', real.failure('RATE_LIMITED', 3_000));
  }
  if (runs(world, 'open')) {
    yield answers(8, 'open ok', 'open', undefined);
    yield answers(0.5, 'open capped', 'open', { expiresAt: real.clock.wall() + CAP_MS });
    yield fails(1, 'open fails', 'open', transient);
    yield fails(1, 'open refused', 'open', fatal);
  }
  if (runs(world, 'probe')) {
    yield answers(2, 'probe ok', 'probe', undefined);
    yield fails(1, 'probe fails', 'probe', transient);
  }
  for (const step of ['notify', 'purge'] as const) {
    if (!runs(world, step)) continue;
    yield answers(3, `${step} ok`, step, []);
    yield answers(1, `${step} in part`, step, ['LEFT_UNDONE']);
    yield fails(1, `${step} fails`, step, new Error('thrown'));
  }
  if (runs(world, 'release')) yield of(3, 'release ok', crew => crew.outside.release(sessionId));
}

/** Time passes, up to the next timer at most; or that one runs. */
function* timeOf(real: RealCrew): Generator<Step> {
  const { clock } = real;
  const due = clock.nextDueAt;
  for (const ms of WAITS_MS) {
    if (due !== undefined && due <= clock.now() + ms) continue;
    yield { name: `wait ${ms}`, weight: 0.7, act: crew => crew.clock.advanceSync(ms) };
  }
  const timer = clock.next;
  if (timer === undefined) return;
  const isCoordinator = timer.owner === 'coordinator';
  const happening = isCoordinator ? 'drain deadline' : 'timer';
  const session = isCoordinator ? {} : { session: Number(timer.owner.slice(1)) - 1 };
  yield { name: `${timer.owner}: ${happening}`, weight: 4, happening, ...session, act: crew => void crew.clock.step() };
}
