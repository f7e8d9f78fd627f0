import { describe, expect, it } from 'vitest';
import { EQUIVALENT } from './explore/equivalent-mutants.ts';
import { MUTATED, mutantsOfChart, prove } from './explore/prove-mutants.ts';
import { differenceFromReference, REFERENCED } from './explore/references.ts';

describe('charts of one page', () => {
  it.each(REFERENCED)('[MOD-11] the %s chart does at every step what plain code says', name => {
    expect(differenceFromReference(name)).toBeUndefined();
  });

  it.each(REFERENCED)('[MOD-12] every mutant of the %s chart is killed, or listed with its reason', name => {
    const survivors = mutantsOfChart(name).filter(mutant => prove(name, mutant).killedBy === undefined);
    expect(survivors.map(mutant => mutant.name).filter(survivor => !(survivor in EQUIVALENT))).toEqual([]);
  });
});

describe('mutants', () => {
  it('[MOD-12] what is listed as equivalent is a mutant, and has a reason', () => {
    const names = new Set(MUTATED.flatMap(chart => mutantsOfChart(chart).map(({ name }) => name)));
    expect(Object.keys(EQUIVALENT).filter(name => !names.has(name))).toEqual([]);
    expect(Object.values(EQUIVALENT).every(reason => reason.length > 20)).toBe(true);
  });

  it('[MOD-12] a transition, a guard, an action and a delay that are changed are told apart from the chart', () => {
    const told = (name: string) => {
      const mutant = mutantsOfChart('session').find(candidate => candidate.name === name);
      return mutant && prove('session', mutant).killedBy;
    };
    expect(told('session.serving — END #1: drop')).toBe('ending');
    expect(told('session.serving — PAUSE #1: drop')).toBe('pause');
    expect(told('session.serving.renewing.acquiring — xstate.error.actor.acquire #1: negate the guard canRetry')).toBe(
      'patience',
    );
    expect(told('session.serving.renewing.acquiring — xstate.done.actor.acquire #1: leave out adopt #1')).toBe(
      'credential',
    );
    expect(told('swap the delays inactivity and heartbeat')).toBe('timers');
  });
});
