import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createConfigurationService } from '../../../src/services/configuration-service.ts';
import { memorySource } from '../../../src/services/memory-source.ts';
import {
  DEFAULT_SESSION_CONFIG,
  SESSION_CONFIG_FIELDS,
  type SessionConfigField,
  type SessionConfigPatch,
} from '../../../src/services/session-config.ts';
import { createSessionManager } from '../../../src/services/session-manager.ts';
import { managed, rejectionOf } from '../../support/managed.ts';

/** A patch as it may come from plain JavaScript. */
const patch = (value: unknown): SessionConfigPatch => value as SessionConfigPatch;

const goodValue = (field: SessionConfigField): fc.Arbitrary<number | boolean> => {
  if (field.kind === 'boolean') return fc.boolean();
  if (field.integer) return fc.integer({ min: field.min, max: field.max });
  return fc.double({ min: field.exclusiveMin ? 0.001 : field.min, max: field.max, noNaN: true });
};

const goodPatch: fc.Arbitrary<SessionConfigPatch> = fc
  .record(Object.fromEntries(SESSION_CONFIG_FIELDS.map(field => [field.key, goodValue(field)])), { requiredKeys: [] })
  .map(patch);

/** Values that a field refuses, its nearest neighbours outside the range included. */
const badValues = (field: SessionConfigField): unknown[] => {
  const wrongKinds = [null, 'text', '5', {}, [], 1n, Symbol('s'), () => 1];
  if (field.kind === 'boolean') return [...wrongKinds, 0, 1, Number.NaN];
  const outside = [field.max * 1.001, field.exclusiveMin ? field.min : field.min - 0.001, -5];
  const broken = field.integer ? [field.min + 0.5] : [];
  return [...wrongKinds, true, Number.NaN, Infinity, -Infinity, ...outside, ...broken];
};

const edgeValues = (field: SessionConfigField): (number | boolean)[] => {
  if (field.kind === 'boolean') return [true, false];
  return field.exclusiveMin ? [field.min + 0.001, field.max] : [field.min, field.max];
};

const NOT_A_PATCH: readonly [string, unknown][] = [
  ['null', null],
  ['a number', 5],
  ['a text', 'inactivityTimeoutMinutes'],
  ['an empty text', ''],
  ['a flag', true],
  ['a list', []],
  ['an unknown key', { inactivityTimeout: 5 }],
  [
    'an object whose getter throws',
    {
      get inactivityTimeoutMinutes(): number {
        throw new Error('no');
      },
    },
  ],
];

describe('D24', () => {
  it('[D24] a partial configuration is merged over the defaults, whatever part of it is given', async () => {
    await fc.assert(
      fc.asyncProperty(goodPatch, async given => {
        const world = await managed();
        const { sessionId, config } = await world.manager.startSession(given);
        expect(config).toEqual({ ...DEFAULT_SESSION_CONFIG, ...given });
        expect(world.manager.getSessionConfig(sessionId)).toEqual(config);
        expect(world.provider.requests).toHaveLength(1);
        await world.close();
      }),
      { numRuns: 40 },
    );
  });

  it('[D24] a value that is undefined counts as not given', async () => {
    const world = await managed();
    const { config } = await world.manager.startSession({ inactivityTimeoutMinutes: undefined });
    expect(config).toEqual(DEFAULT_SESSION_CONFIG);
    await world.close();
  });

  it.each([...NOT_A_PATCH, ['a value out of range', { inactivityTimeoutMinutes: 0 }] as const])(
    '[D24] a refused configuration (%s) causes 0 mints, 0 records, 0 events, and takes no slot',
    async (_, given) => {
      const world = await managed({ limit: 1 });
      expect(await rejectionOf(world.manager.startSession(patch(given)))).toMatchObject({ code: 'INVALID_CONFIG' });
      await world.clock.advance(60_000);
      expect(world.provider.requests).toEqual([]);
      expect(world.manager.getAllSessions()).toEqual([]);
      expect(world.events).toEqual([]);
      expect(world.clock.pending).toBe(0);
      await world.manager.startSession();
      await world.close();
    },
  );
});

describe('D25', () => {
  for (const field of SESSION_CONFIG_FIELDS) {
    const { key } = field;

    it(`[D25] ${key}: at start every value outside the range is refused; the error names field, value and range`, async () => {
      const world = await managed();
      for (const value of badValues(field)) {
        const error = await rejectionOf(world.manager.startSession(patch({ [key]: value })));
        expect(error).toMatchObject({ code: 'INVALID_CONFIG', details: { field: key, allowed: expect.any(String) } });
        expect(error.message.startsWith(`${key} is `)).toBe(true);
        if (typeof value === 'number') expect(error.message).toContain(`${key} is ${value};`);
        if (field.kind === 'number') expect(error.message).toContain(String(field.max));
        expect(error.message).toContain((error as unknown as { details: { allowed: string } }).details.allowed);
      }
      expect(world.provider.requests).toEqual([]);
      await world.close();
    });

    it(`[D25] ${key}: an update that is refused leaves configuration, timers and state as they were`, async () => {
      const world = await managed();
      const { sessionId } = await world.manager.startSession({ inactivityTimeoutMinutes: 7 });
      await world.clock.advance(1_234);
      const before = [world.manager.getSessionInfo(sessionId), world.manager.getSessionDiagnostics(sessionId)];
      const events = world.events.length;
      for (const value of badValues(field)) {
        const update = world.manager.updateSessionConfig(
          sessionId,
          patch({ heartbeatIntervalSeconds: 5, [key]: value }),
        );
        expect(await rejectionOf(update)).toMatchObject({ code: 'INVALID_CONFIG', details: { field: key } });
      }
      expect([world.manager.getSessionInfo(sessionId), world.manager.getSessionDiagnostics(sessionId)]).toEqual(before);
      expect(world.events).toHaveLength(events);
      await world.close();
    });

    it(`[D25] ${key}: a bad setting is reported by field and range and does not take effect`, async () => {
      const source = memorySource({ session: { [key]: edgeValues(field)[1] } });
      const configuration = createConfigurationService({ source });
      await configuration.initialize();
      const world = await managed({ configuration });
      const { sessionId } = await world.manager.startSession();
      const before = world.manager.getSessionDiagnostics(sessionId);
      for (const value of badValues(field)) {
        source.set('session', key, value);
        await configuration.settled();
        const { errors } = configuration.getDiagnostics().validation;
        expect(errors.map(({ path }) => path)).toEqual([`session.${key}`]);
        expect(errors[0]?.message).toContain(key);
        if (typeof value === 'number') expect(errors[0]?.message).toContain(String(value));
        if (field.kind === 'number') expect(errors[0]?.message).toContain(String(field.max));
      }
      expect(world.manager.getSessionConfig(sessionId)?.[key]).toBe(edgeValues(field)[1]);
      expect(world.manager.getSessionDiagnostics(sessionId)).toEqual(before);
      await world.close();
      configuration.dispose();
    });

    it(`[D25] ${key}: both ends of the documented range are accepted at start, at update and for the manager`, async () => {
      for (const value of edgeValues(field)) {
        const world = await managed({ config: { [key]: value } });
        const { sessionId, config } = await world.manager.startSession();
        expect(config[key]).toBe(value);
        await world.manager.updateSessionConfig(sessionId, DEFAULT_SESSION_CONFIG);
        await world.manager.updateSessionConfig(sessionId, { [key]: value });
        await world.close();
      }
    });

    it(`[D25] ${key}: a manager cannot be made with a bad default`, () => {
      for (const value of badValues(field)) {
        const make = () => createSessionManager({ config: patch({ [key]: value }) });
        expect(make).toThrow(expect.objectContaining({ code: 'INVALID_CONFIG', details: expect.anything() }));
      }
    });
  }

  it('[D25] an update that is no configuration at all is refused and changes nothing', async () => {
    const world = await managed();
    const { sessionId, config } = await world.manager.startSession();
    for (const [, given] of NOT_A_PATCH) {
      const update = world.manager.updateSessionConfig(sessionId, patch(given));
      expect(await rejectionOf(update)).toMatchObject({ code: 'INVALID_CONFIG' });
    }
    expect(world.manager.getSessionConfig(sessionId)).toEqual(config);
    await world.close();
  });

  it('[D25] a heartbeat of one second, the shortest, beats once a second and no more', async () => {
    const world = await managed();
    const { sessionId } = await world.manager.startSession({ heartbeatIntervalSeconds: 1 });
    await world.clock.advance(59_999);
    expect(world.manager.getSessionInfo(sessionId)?.statistics.heartbeatCount).toBe(59);
    await world.close();
  });
});
