import { afterEach, expect, it, vi } from 'vitest';
import { exactly, walk } from './conformance/walk.ts';
import { EXTRAS } from './explore/happenings.ts';
import { sceneOf } from './explore/retrace.ts';
import { BASE, type Scene } from './explore/scenes.ts';

afterEach(() => vi.restoreAllMocks());

const CLOCKS = sceneOf('clocks');

/** Everything that the real manager can be made to do. */
const USUAL: Partial<Scene> = {
  sessions: 5,
  crashes: 2,
  other: CLOCKS.other,
  otherLimit: 1,
  extras: EXTRAS.filter(name => name !== 'cancel crossed'),
};

const world = (part: Partial<Scene>): Scene => ({ ...BASE, ...USUAL, ...part });

const WORLDS: Readonly<Record<string, Scene>> = {
  'a queue': world({}),
  'no room': world({ whenFull: 'reject', limit: 1, otherLimit: 2 }),
  eviction: world({ whenFull: 'evict-idle', config: CLOCKS.config }),
  'one at a time': world({ limit: 1, otherLimit: 3, config: { ...BASE.config, maxRetryAttempts: 1 } }),
  channels: world({ kind: 'channel', otherLimit: 3, config: CLOCKS.config }),
  everything: world({ kind: 'full', whenFull: 'evict-idle', config: CLOCKS.config }),
  'a queue for everything': world({ kind: 'full', limit: 1, otherLimit: 2 }),
  'nothing from outside': world({ kind: 'plain', whenFull: 'evict-idle', limit: 2, config: CLOCKS.config }),
};

/** Walks of each world, and how many steps each has. */
const WALKS = 40;
const LENGTH = 50;

it.each(Object.keys(WORLDS))('[MOD-8] model and host agree at every step of random walks: %s', async name => {
  const scene = WORLDS[name] as Scene;
  const setting = exactly(scene);
  for (let seed = 1; seed <= WALKS; seed++) {
    const { steps, mismatch } = await walk(scene, setting, seed, LENGTH);
    const story = `seed ${seed}: ${steps.join(', ')}`;
    expect(mismatch === undefined ? undefined : `${story}\n${mismatch}`).toBeUndefined();
  }
});
