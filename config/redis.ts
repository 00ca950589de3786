import { z } from 'zod';
import { hostWithPort, id, type SecretField } from './fields';

const servers = z.array(hostWithPort).min(1).meta({ form: 'a list of host:port' });
const file = z.string().min(1);

/** Where Redis is, who we are there, and when something counts as kept. What keys together must say: `checks`. */
export function redis(secret: SecretField) {
  return z.strictObject({
    server: hostWithPort.optional().meta({
      description: 'One Redis. This, `socket`, `sentinels` or `cluster`.',
      example: '127.0.0.1:6379',
    }),
    socket: file.optional().describe('One Redis on this machine, by its Unix socket.'),
    sentinels: servers.optional().describe('Sentinels, as host:port, that name the Redis which is master now.'),
    master: z.string().min(1).default('mymaster').describe('How the Sentinels call it.'),
    sentinelUsername: z.string().min(1).optional().describe('User at the Sentinels.'),
    sentinelPassword: secret.optional().describe('Password at the Sentinels.'),
    cluster: servers
      .optional()
      .describe('Some servers of a Redis Cluster, as host:port; the others are learnt from them.'),
    username: z
      .string()
      .min(1)
      .optional()
      .describe('User of Redis (ACL); store/redis/README.md lists the rights that it needs. Without it: `default`.'),
    password: secret.optional().meta({ description: 'Its password.', example: { file: 'secrets/redis-password' } }),
    tls: z
      .strictObject({
        authority: file.optional().meta({
          description: 'PEM file with the authority of its certificate. Without it: those that Node.js knows.',
          example: 'tls/redis-ca.pem',
        }),
        certificate: file.optional().describe('PEM file with our certificate, if Redis asks for one.'),
        key: file.optional().describe('PEM file with its private key.'),
        serverName: z.string().min(1).optional().describe('The name in its certificate, if that is not its host.'),
      })
      .optional()
      .describe('Speaks TLS with Redis. The certificate is always checked. Without it: plain TCP.'),
    database: z.int().min(0).default(0).describe('Number of the database; a cluster has only 0.'),
    prefix: id.default('stadtfunk').describe('What all keys begin with: several towns may share one Redis.'),
    durability: z
      .enum(['aof', 'replicas', 'waitaof'])
      .default('aof')
      .describe(
        'When something counts as kept. `aof`: when Redis has answered; it needs `appendfsync always`. `replicas`: when so many replicas have it, which alone outlasts the loss of a master. `waitaof`: when it is on the master’s disk (Redis 7.2).',
      ),
    replicas: z.int().min(1).default(1).describe('How many, with `durability: replicas`.'),
    allowVolatile: z
      .boolean()
      .default(false)
      .describe('Takes also a Redis that keeps everything in memory only, or throws records away when that is full.'),
  });
}
