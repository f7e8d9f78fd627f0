import { isSessionchartError } from '../../actors/errors.ts';
import type { Clock, Logger } from '../../actors/ports.ts';
import { notAllowed } from '../../services/config-field.ts';
import { createInspector, type Inspector } from '../inspect/index.ts';

/** Where the inspector of the job listens unless told otherwise: the same each time, so that an open page finds it again. */
const USUAL_PORT = 4747;

/** Gives the job the token of its inspector: a page that is open goes on after a restart. Not an option, which others could see. */
const TOKEN_VARIABLE = 'SESSIONCHART_INSPECTOR_TOKEN';

/** The inspector of the job, which may send too: they are sessions to try things on. */
export async function jobInspector(port: number | undefined, clock: Clock, logger: Logger): Promise<Inspector> {
  const token = process.env[TOKEN_VARIABLE];
  const options = {
    allowSend: true,
    title: 'Voice sessions',
    clock,
    logger,
    ...(token === undefined ? {} : { token }),
  };
  if (port !== undefined) return createInspector({ ...options, port });
  try {
    return await createInspector({ ...options, port: USUAL_PORT });
  } catch (error) {
    // Another job has the usual one.
    if (!isSessionchartError(error, 'INSPECTOR_UNAVAILABLE')) throw error;
    return createInspector({ ...options, port: 0 });
  }
}

const HIGHEST_PORT = 65_535;

/**
 * A port as people write it.
 *
 * @throws SessionchartError `INVALID_CONFIG`, naming the option.
 */
export function parsePort(option: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= HIGHEST_PORT) return Number(text);
  throw notAllowed(option, text, `a whole number, 0 to ${HIGHEST_PORT}`);
}
