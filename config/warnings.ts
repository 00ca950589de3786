import { pathText } from './mistake';
import type { Config } from './schema';

/** Something that is allowed, and that whoever runs the town should know: where, and what it means, in one sentence. */
export interface Warning {
  readonly path: string;
  readonly message: string;
}

export function warningsIn({ gateways }: Config): readonly Warning[] {
  return gateways.flatMap((gateway, i) =>
    'uam' in gateway && gateway.uam.secret === undefined
      ? [
          {
            path: pathText(['gateways', i, 'uam']),
            message: `${gateway.id} has no uam.secret, so the portal believes every redirect that somebody makes up in its name.`,
          },
        ]
      : [],
  );
}
