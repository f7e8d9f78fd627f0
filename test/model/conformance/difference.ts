import { isDeepStrictEqual } from 'node:util';
import type { AnyMachineSnapshot } from 'xstate';
import type { CoordinatorContext } from '../../../src/machines/coordinator.ts';
import type { SessionContext } from '../../../src/machines/session-types.ts';
import { contextOf } from '../explore/coordinator-model.ts';
import type { Crew, HostModel } from '../explore/host-model.ts';
import type { Member } from '../explore/member.ts';
import { stateOf } from '../explore/watch.ts';
import { idOf, type RealCrew } from './real-crew.ts';

/** What model and host say differently of the same moment; `undefined` where they agree. */
export function difference(model: HostModel, crew: Crew, real: RealCrew): string | undefined {
  const members = crew.members.map(id => model.member(id));
  for (const [index, member] of members.entries()) {
    const found = ofSession(member, idOf(index), real);
    if (found !== undefined) return `${idOf(index)}: ${found}`;
  }
  return ofCoordinator(model, crew, members, real) ?? ofTimers(model, crew, members, real) ?? ofSecrets(members, real);
}

function ofSession(member: Member, sessionId: string, real: RealCrew): string | undefined {
  const { phase, moment, start, renewal, ends } = member;
  const snapshot = real.snapshotOf(sessionId);
  if ((phase === 'running') !== (snapshot !== undefined)) {
    return `it is ${phase}, and ${snapshot === undefined ? 'nothing' : JSON.stringify(snapshot.value)} is there`;
  }
  const calls = real.callsOf(sessionId);
  const outside =
    differing('calls', { start, renewal, ends }, calls) ??
    differing('asked', snapshot === undefined ? [] : asksIn(snapshot), real.outside.asksOf(sessionId)) ??
    differing('open channels', moment?.watch.connected ? 1 : 0, real.outside.channelsOf(sessionId));
  if (outside !== undefined || moment === undefined || snapshot === undefined) return outside;
  return (
    differing('public state', stateOf(moment.world), real.manager.getSessionInfo(sessionId)?.state) ??
    differing('state', moment.world.snapshot.value, snapshot.value) ??
    differing('children', childrenIn(moment.world.snapshot), childrenIn(snapshot)) ??
    differing('context', comparable(moment.world.snapshot.context), comparable(snapshot.context))
  );
}

function ofCoordinator(model: HostModel, crew: Crew, members: readonly Member[], real: RealCrew): string | undefined {
  const { world } = model.world(crew.coordinator);
  const waiting = members
    .map(({ place }, index) => ({ place, id: idOf(index) }))
    .filter(({ place }) => place >= 0)
    .sort((a, b) => a.place - b.place)
    .map(({ id }) => id);
  const { value, context } = real.coordinator;
  const now = real.clock.now();
  return (
    differing('coordinator', world.snapshot.value, value) ??
    differing('coordinator', { ...remembered(contextOf(world), now), waiting }, remembered(context, now))
  );
}

function ofTimers(model: HostModel, crew: Crew, members: readonly Member[], real: RealCrew): string | undefined {
  const worlds = [
    ...members.flatMap(({ moment }, index) => (moment === undefined ? [] : [[idOf(index), moment.world] as const])),
    ['coordinator', model.world(crew.coordinator).world] as const,
  ];
  const armed = worlds.flatMap(([owner, { timers }]) =>
    [...timers].map(([id, { dueAt }]) => `${owner} ${id} at ${dueAt}`),
  );
  const named = real.clock.named.map(({ owner, id, dueAt }) => `${owner} ${id} at ${dueAt}`);
  // A release that is under way is waited for by the vault, too.
  return (
    differing('timers', armed.sort(), named.sort()) ??
    differing('other timers', real.outside.releases, real.clock.unnamed)
  );
}

/** Credentials that are held: the model knows them by their attempts. */
function ofSecrets(members: readonly Member[], real: RealCrew): string | undefined {
  const held = members.reduce(
    (sum, { phase, moment }) => sum + (phase === 'running' ? (moment?.watch.held.length ?? 0) : 0),
    0,
  );
  return differing('credentials held', held, real.manager.getCredentialCounts().held);
}

/** Names and seeds differ on purpose: the model has one of each for all its sessions. */
const comparable = ({ sessionId: _, seed: __, ...context }: SessionContext): object => context;

/** A crash that is out of the window counts no more, whether it was forgotten by now or will be at the next one. */
const remembered = ({ crashes, ...context }: CoordinatorContext, now: number): CoordinatorContext => ({
  ...context,
  crashes: crashes.filter(at => now - at < context.restartWindowMs),
});

const childrenIn = ({ children }: AnyMachineSnapshot): string[] => Object.keys(children).sort();

/** What the children wait for; the release waits for what is counted apart. */
const asksIn = (snapshot: AnyMachineSnapshot): string[] => childrenIn(snapshot).filter(child => child !== 'release');

function differing(what: string, modelled: unknown, real: unknown): string | undefined {
  if (show(modelled) === show(real) || isDeepStrictEqual(plain(modelled), plain(real))) return undefined;
  if (isRecord(modelled) && isRecord(real)) {
    const keys = [...new Set([...Object.keys(modelled), ...Object.keys(real)])];
    const parts = keys.filter(key => !isDeepStrictEqual(plain(modelled[key]), plain(real[key])));
    return parts
      .map(key => `${what}.${key}: the model has ${show(modelled[key])}, the host ${show(real[key])}`)
      .join('; ');
  }
  return `${what}: the model has ${show(modelled)}, the host ${show(real)}`;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is left out and what is `undefined` are the same. */
const plain = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)));

const show = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
